// The Clock seam: the only source of time. RealClock reads the machine's; tests and the simulated
// world move their own.
//
// Leases and timeouts of one run use now() (monotonic); what is stored or shown uses wall_us().
#pragma once

#include <chrono>
#include <cstdint>

namespace zbridge {

using Duration = std::chrono::nanoseconds;

// The monotonic time line of one run of the bridge. Not a std clock on purpose: nothing can ask it
// for the time.
struct Monotonic {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Monotonic, duration>;
    static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

class Clock {
 public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    virtual int64_t wall_us() const = 0;  // microseconds since 1970, UTC
};

class RealClock final : public Clock {
 public:
    Instant now() const override;
    int64_t wall_us() const override;
};

// Moved by hand: for unit tests and the simulated world.
class ManualClock final : public Clock {
 public:
    Instant now() const override { return now_; }
    int64_t wall_us() const override { return wall_us_; }
    void advance(Duration by) {
        now_ += by;
        wall_us_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
    }

 private:
    Instant now_{std::chrono::seconds(1)};
    int64_t wall_us_ = 1'700'000'000'000'000;
};

}  // namespace zbridge
