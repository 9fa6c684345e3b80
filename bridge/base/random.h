// The Random seam: the only source of chance. OsRandom asks the kernel; SeededRandom repeats itself
// from its seed.
#pragma once

#include <cstdint>

namespace zbridge {

class Random {
 public:
    virtual ~Random() = default;
    virtual uint64_t next() = 0;

    // Uniform in [0, bound); bound > 0.
    uint64_t below(uint64_t bound) { return next() % bound; }
};

class OsRandom final : public Random {
 public:
    uint64_t next() override;
};

// splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
class SeededRandom final : public Random {
 public:
    explicit SeededRandom(uint64_t seed) : state_(seed) {}
    uint64_t next() override {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

 private:
    uint64_t state_;
};

}  // namespace zbridge
