// The newest message of each distinct first frame of a topic: what `start: last` begins with.
//
// Limits:  kFramesMax frames of at most kFrameBytesMax; further ones are not remembered, and counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::delivery {

class Newest {
 public:
    static constexpr size_t kFramesMax = 100'000;
    static constexpr size_t kFrameBytesMax = 1024;

    // Messages are told in the order of their offsets.
    void add(std::string_view first_frame, uint64_t offset);
    // Those of a prefix that stand before `below`, in the order of their offsets.
    std::vector<uint64_t> of(std::string_view prefix, uint64_t below) const;

    size_t frames() const { return offsets_.size(); }
    uint64_t not_remembered() const { return not_remembered_; }

 private:
    std::map<std::string, uint64_t, std::less<>> offsets_;
    uint64_t not_remembered_ = 0;
};

}  // namespace zbridge::delivery
