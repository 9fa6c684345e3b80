#include "bridge/cli/bench/stamp.h"

#include <array>
#include <cstring>

namespace zbridge::cli::bench {

namespace {

constexpr std::string_view kMagic = "zbbench:";
// Digits, base 16, of each field in its order.
constexpr size_t kRun = 8, kProducer = 3, kNumber = 12, kDue = 16, kBoot = 8, kKind = 1;
static_assert(kMagic.size() + kRun + kProducer + kNumber + kDue + kBoot + kKind == Stamp::kBytes);

char* write_digits(uint64_t value, size_t digits, char* to) {
    for (size_t i = digits; i > 0; i--) {
        to[i - 1] = "0123456789abcdef"[value & 0xf];
        value >>= 4;
    }
    return to + digits;
}

// Reads one field after the other; `good` until one is none.
struct Digits {
    const char* at;
    bool good = true;

    uint64_t next(size_t digits) {
        uint64_t value = 0;
        for (size_t i = 0; i < digits; i++) {
            const char c = *at++;
            const bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
            good = good && (digit || letter);
            value = value << 4 | static_cast<uint64_t>(digit ? c - '0' : c - 'a' + 10);
        }
        return value;
    }
};

}  // namespace

uint32_t boot_of(const Clock& clock) {
    const int64_t up_us = clock.now().time_since_epoch() / std::chrono::microseconds(1);
    return static_cast<uint32_t>((clock.wall_us() - up_us) / 1'000'000);
}

bool same_boot(uint32_t a, uint32_t b) {
    constexpr uint32_t kSet = 2;  // seconds
    return (a > b ? a - b : b - a) <= kSet;
}

void write_stamp(const Stamp& stamp, char* to) {
    std::memcpy(to, kMagic.data(), kMagic.size());
    to = write_digits(stamp.run, kRun, to + kMagic.size());
    to = write_digits(stamp.producer, kProducer, to);
    to = write_digits(stamp.number, kNumber, to);
    to = write_digits(static_cast<uint64_t>(stamp.due.time_since_epoch().count()), kDue, to);
    to = write_digits(stamp.boot, kBoot, to);
    write_digits(static_cast<uint64_t>(stamp.kind), kKind, to);
}

std::optional<Stamp> find_stamp(std::string_view bytes) {
    const size_t found = bytes.find(kMagic);
    if (found == std::string_view::npos || bytes.size() - found < Stamp::kBytes)
        return std::nullopt;
    Digits digits{bytes.data() + found + kMagic.size()};
    Stamp stamp;
    stamp.run = static_cast<uint32_t>(digits.next(kRun));
    stamp.producer = static_cast<uint16_t>(digits.next(kProducer));
    stamp.number = digits.next(kNumber);
    stamp.due = Instant(Duration(static_cast<int64_t>(digits.next(kDue))));
    stamp.boot = static_cast<uint32_t>(digits.next(kBoot));
    const uint64_t kind = digits.next(kKind);
    if (!digits.good || kind > static_cast<uint64_t>(Stamp::Kind::kCounted)) return std::nullopt;
    stamp.kind = static_cast<Stamp::Kind>(kind);
    return stamp;
}

}  // namespace zbridge::cli::bench
