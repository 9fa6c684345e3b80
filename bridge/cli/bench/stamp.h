// What stands in each message of a load: whose it is, its number, when it was to be sent. It is text of
// one length, so that a payload of any kind has a place for it, JSON too.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/base/clock.h"

namespace zbridge::cli::bench {

struct Stamp {
    enum class Kind : uint8_t {
        kHello,  // is anybody there? Not counted
        kCounted,
    };
    static constexpr size_t kBytes = 56;

    uint32_t run = 0;       // by chance
    uint16_t producer = 0;  // below kProducersMax
    uint64_t number = 0;    // of this producer's, from 0
    Instant due{};
    uint32_t boot = 0;  // boot_of() the machine whose time that is
    Kind kind = Kind::kCounted;

    bool operator==(const Stamp&) const = default;
};
inline constexpr uint16_t kProducersMax = 0x1000;

// Which machine's monotonic time it is, since it was started: seconds since 1970.
uint32_t boot_of(const Clock& clock);
// Of the same machine, though its wall clock is set now and then.
bool same_boot(uint32_t a, uint32_t b);

// REQUIRES: room for kBytes.
void write_stamp(const Stamp& stamp, char* to);
// The first one in these bytes. None: there is none.
std::optional<Stamp> find_stamp(std::string_view bytes);

}  // namespace zbridge::cli::bench
