// What an opening has found: for the log, the status, and `journal check`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/durable/journal/batch_header.h"

namespace zbridge::durable {

// Batches that were durable and are not there any more.
struct Damage {
    std::string file;         // the segment's
    uint64_t position = 0;    // where they should stand, in bytes
    Seq first{};              // of those that are lost
    std::optional<Seq> last;  // none: nobody knows how many
    std::string witness;      // what says that they were durable
    bool accepted = false;    // by an earlier opening
    uint64_t bytes = 0;       // from there on; 0: nobody knows where it ends
    // The digest has all of these but the messages themselves: no reason to refuse a start.
    bool messages_only = false;

    std::string sentence() const;
};

struct Found {
    enum class End : uint8_t {
        kNew,        // there was no journal
        kCleanStop,  // it ended in order
        kUnclean,    // it was ended, at a whole batch
        kTorn,       // ... and what stood behind was cut: see `cut`
    };
    // What stood at the end and was no batch; nobody had been told that it is durable.
    struct Cut {
        std::string file;
        uint64_t position = 0;  // in bytes
        uint64_t bytes = 0;
        uint64_t missing = 0;    // so many bytes shorter than it was made is the file
        bool maybe_old = false;  // the file was another segment before: it may be left of that

        std::string sentence() const;
    };

    // Sealed segments, and what their digests were good for.
    struct Digests {
        uint64_t used = 0;             // in place of their segments
        std::vector<uint64_t> wanted;  // segments that had to be read
        std::string why;               // of the first of these whose digest was no good

        std::string sentence() const;  // empty: none is wanted
    };

    // One a line, for people; none where all is as it should be.
    std::vector<std::string> sentences() const;
    // Batches whose messages are lost, though a start goes on with the rest.
    uint64_t batches_without_messages() const;

    End end = End::kNew;
    std::optional<Cut> cut;
    std::vector<Damage> damage;
    std::vector<std::string> remarks;  // sentences: what is wrong, but has cost no batch
    std::optional<Seq> skipped;        // as was asked for
    Digests digests;
    uint64_t segments = 0;
    uint64_t batches = 0;    // handed to the visitor
    uint64_t bytes = 0;      // of these, as they lie on the disk; or would, where a digest was read
    uint64_t rewritten = 0;  // batches that the disk may not have had
    Seq proven{};            // the highest batch that was known to be durable
    Seq last{};              // the last one that was found
};

}  // namespace zbridge::durable
