// Counts the starts that ended, in an abort, while one and the same batch was taken in: a bug that
// one record brings out must not make the process start and abort for ever.
//
// The file `replaying` is there while an opening reads. One that finds it begins where another has
// not come to its end: from then on the file says which batch is taken in, if one is.
//
// Thread:  one; it blocks. Nothing is synced: an abort leaves what a process has written.
// Failure: kInvalid: kDeathsMax starts in a row have ended at one batch, and it is not skipped.
// Limits:  starts of another boot do not count: then it was the power, not the batch.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

class ReplayGuard {
 public:
    static constexpr uint32_t kDeathsMax = 3;
    static constexpr std::string_view kName = "replaying";

    struct Entry {
        uint64_t boot = 0;     // the sum of its name
        uint64_t deaths = 0;   // openings before this one that did not come to their end
        uint64_t suspect = 0;  // the batch at which; 0: not known
        uint64_t batch = 0;    // that is taken in now; 0: none
        uint64_t segment = 0;  // where it lies
        uint64_t position = 0;
    };

    static Result<std::unique_ptr<ReplayGuard>> begin(Disk& disk, const std::string& folder,
                                                      std::optional<Seq> skip);
    // An opening that came to its end, with whatever answer.
    ~ReplayGuard();
    ReplayGuard(const ReplayGuard&) = delete;
    ReplayGuard& operator=(const ReplayGuard&) = delete;

    // Before this batch is taken in.
    Status on_batch(Seq seq, const Place& place);
    // After it: what comes then is not its fault.
    Status on_taken();

 private:
    ReplayGuard(Disk& disk, std::string path, const Entry& entry)
        : disk_(disk), path_(std::move(path)), entry_(entry) {}
    Status open();
    Status write();

    Disk& disk_;
    std::string path_;
    std::unique_ptr<File> file_;  // null: there is no room for it
    Entry entry_;
};

}  // namespace zbridge::durable
