// The file `store` of the journal's folder: whose segments these are, and which of them are missing
// on purpose. A segment that is missing otherwise was taken away.
//
//   zbridge journal 1
//   store 00112233445566778899aabbccddeeff
//   from 3                                          all segments below were dropped
//   dropped 5 first 1000 prev_end 123456 prev_crc 1a2b3c4d   as its header had it
//   lost 7 at 4096 from 1200                        damage that was accepted: --accept-loss
//   crc 1a2b3c4d
//
// It is replaced at once, so it has its old bytes or the new ones.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

// Where a segment begins: what the one before it must end with.
struct Bound {
    Seq first{};
    uint32_t prev_end = 0;
    uint32_t prev_crc = 0;
    bool operator==(const Bound&) const = default;
};

// Where batches were lost: nothing, or not what belongs there, stands there.
struct Loss {
    uint64_t segment = 0;
    uint32_t position = 0;
    Seq from{};
    auto operator<=>(const Loss&) const = default;
};

struct StoreFile {
    static constexpr uint32_t kVersion = 1;
    static constexpr std::string_view kName = "store";

    // kInvalid: damaged. kUnavailable: whole, of a newer version.
    static Result<StoreFile> parse(std::string_view text);
    std::string text() const;
    // Marks a segment as dropped; `oldest` is the oldest that is left.
    void drop(uint64_t segment, const Bound& bound, uint64_t oldest);

    bool operator==(const StoreFile&) const = default;

    StoreId store;
    uint64_t from = 1;
    std::map<uint64_t, Bound> dropped;
    std::set<Loss> lost;
};

}  // namespace zbridge::durable
