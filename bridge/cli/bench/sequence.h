// The numbers of one producer as they arrive: which are missing, which came twice, which came behind a
// later one.
//
// Limits:  kGapsMax gaps; beyond it the oldest is closed: what was in it stays missing, and one that comes
//          after all is told as a duplicate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace zbridge::cli::bench {

class Sequence {
 public:
    static constexpr size_t kGapsMax = 100'000;

    enum class Arrival : uint8_t {
        kNext,
        kLate,  // behind a later one that the same consumer had
        kTwice,
    };
    // Many consumers may share the numbers: each has its own order.
    Arrival take(uint64_t number, uint32_t consumer = 0);

    uint64_t arrived() const { return arrived_; }  // each once
    uint64_t first_missing_until() const;          // 0 is missing up to this one; 0: it is not
    uint64_t end() const { return end_; }          // one past the highest that arrived
    uint64_t missing() const { return end_ - arrived_; }

 private:
    bool fill(uint64_t number);

    std::map<uint64_t, uint64_t> gaps_;  // first -> one past the last
    std::vector<uint64_t> ends_;         // by consumer: one past its highest
    uint64_t end_ = 0, arrived_ = 0;
};

}  // namespace zbridge::cli::bench
