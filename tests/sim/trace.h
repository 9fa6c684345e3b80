// What happened in a run, as a hash that two runs of one seed must share, and as text for who looks
// at a failing one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "bridge/base/clock.h"

namespace zbridge::sim {

class Trace {
 public:
    explicit Trace(bool printed) : printed_(printed) {}

    // `what` happened to `who`; both numbers mean what the word says.
    void note(Instant now, const char* what, uint64_t who, uint64_t a = 0, uint64_t b = 0) {
        mix(static_cast<uint64_t>(now.time_since_epoch().count()));
        for (const char* c = what; *c != '\0'; c++)
            mix(static_cast<unsigned char>(*c));
        mix(who);
        mix(a);
        mix(b);
        if (!printed_) return;
        const double ms = static_cast<double>(now.time_since_epoch().count()) / 1e6;
        std::printf("%12.3f  %-22s %6llu %8llu %8llu\n", ms, what, ull(who), ull(a), ull(b));
    }
    // Text that is not part of the hash.
    void say(std::string_view text) const {
        if (printed_) std::printf("%14s%.*s\n", "", static_cast<int>(text.size()), text.data());
    }
    bool printed() const { return printed_; }
    uint64_t hash() const { return hash_; }

 private:
    static unsigned long long ull(uint64_t number) { return number; }
    void mix(uint64_t number) {
        hash_ ^= number;
        hash_ *= 0x9e3779b97f4a7c15U;
        hash_ ^= hash_ >> 29;
    }
    bool printed_;
    uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace zbridge::sim
