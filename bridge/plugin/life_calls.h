// The calls into plugins that are made once in a life, and have not come back yet: the watchdog
// names those that do not.
//
// Thread:  any.
// Promise: what stands here is a copy: what it tells of may be gone when somebody looks at it.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::plugin {

class LifeCalls {
 public:
    enum class Phase : uint8_t { kLoad, kCreate, kStart, kDrain, kStop, kDestroy };

    struct Call {
        Phase phase = Phase::kLoad;
        std::string who;      // "mask-cards (mask 1.0.0, ./libmask.so)"; of kLoad: the path
        std::string place;    // "shop.yaml:12:3"; empty: in no file
        uint64_t number = 0;  // tells one from another
    };

    // For the time of a call. `calls` null: nobody looks.
    class Inside {
     public:
        Inside(LifeCalls* calls, Phase phase, std::string who, std::string place);
        ~Inside();
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

     private:
        LifeCalls* calls_;
        std::list<Call>::iterator at_;
    };

    std::vector<Call> running() const;

 private:
    mutable std::mutex mutex_;
    std::list<Call> running_;
    uint64_t next_ = 1;
};

std::string_view name_of(LifeCalls::Phase phase);  // "start"

}  // namespace zbridge::plugin
