#include "bridge/protocol/msgpack_reader.h"

#include <array>
#include <bit>

#include "bridge/protocol/limits.h"

namespace zbridge::protocol {

namespace {

// The first octets of msgpack's formats.
constexpr uint8_t kNil = 0xc0, kFalse = 0xc2, kTrue = 0xc3, kBin8 = 0xc4, kExt8 = 0xc7,
                  kFloat32 = 0xca, kFloat64 = 0xcb, kUint8 = 0xcc, kUint64 = 0xcf, kInt8 = 0xd0,
                  kInt64 = 0xd3, kFixExt1 = 0xd4, kStr8 = 0xd9, kArray16 = 0xdc, kArray32 = 0xdd,
                  kMap16 = 0xde, kMap32 = 0xdf, kNegativeFix = 0xe0;

bool is_fix_map(uint8_t first) {
    return (first & 0xf0) == 0x80;
}
bool is_fix_array(uint8_t first) {
    return (first & 0xf0) == 0x90;
}
bool is_text(uint8_t first) {
    return (first & 0xe0) == 0xa0 || (first >= kStr8 && first <= kStr8 + 2);
}
bool is_list(uint8_t first) {
    return is_fix_array(first) || first == kArray16 || first == kArray32;
}
bool is_map(uint8_t first) {
    return is_fix_map(first) || first == kMap16 || first == kMap32;
}

}  // namespace

std::string_view MsgpackReader::take(uint64_t octets) {
    if (octets > rest_.size()) {
        fail();
        return {};
    }
    const std::string_view taken = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return taken;
}

uint64_t MsgpackReader::take_big_endian(size_t octets) {
    uint64_t number = 0;
    for (const char each : take(octets))
        number = number << 8 | static_cast<uint8_t>(each);
    return number;
}

bool MsgpackReader::enter(uint64_t entries, uint64_t values) {
    if (depth_ < kNestingMax && values <= rest_.size() && entries <= UINT32_MAX) {
        depth_++;
        return true;
    }
    fail();
    depth_++;  // its close() comes
    return false;
}

uint32_t MsgpackReader::open(bool map) {
    const uint8_t first = this->first();
    uint64_t entries = 0;
    if (map ? !is_map(first) : !is_list(first)) {
        fail();
    } else {
        rest_.remove_prefix(1);
        if (is_fix_map(first) || is_fix_array(first))
            entries = first & 0x0f;
        else
            entries = take_big_endian(first == kMap16 || first == kArray16 ? 2 : 4);
    }
    return enter(entries, map ? 2 * entries : entries) && ok_ ? static_cast<uint32_t>(entries) : 0;
}

uint64_t MsgpackReader::number() {
    const uint8_t first = this->first();
    if (first < 0x80) return take_big_endian(1);
    if (first >= kUint8 && first <= kUint64) {
        rest_.remove_prefix(1);
        return take_big_endian(size_t{1} << (first - kUint8));
    }
    // A signed form of a number that is not negative.
    if (kind() == Kind::kNumber) return static_cast<uint64_t>(negative());
    fail();
    return 0;
}

int64_t MsgpackReader::negative() {
    const uint8_t first = this->first();
    if (first >= kNegativeFix) return static_cast<int8_t>(take_big_endian(1));
    if (first < kInt8 || first > kInt64) {
        fail();
        return 0;
    }
    rest_.remove_prefix(1);
    switch (first) {
        case kInt8:
            return static_cast<int8_t>(take_big_endian(1));
        case kInt8 + 1:
            return static_cast<int16_t>(take_big_endian(2));
        case kInt8 + 2:
            return static_cast<int32_t>(take_big_endian(4));
        default:
            return static_cast<int64_t>(take_big_endian(8));
    }
}

double MsgpackReader::real() {
    const uint8_t first = this->first();
    if (first != kFloat32 && first != kFloat64) {
        fail();
        return 0;
    }
    rest_.remove_prefix(1);
    if (first == kFloat64) return std::bit_cast<double>(take_big_endian(8));
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(take_big_endian(4))));
}

// `fix`: the form with its length in the first octet; then those of 1, 2 and 4 octets of length.
std::string_view MsgpackReader::take_sized(uint8_t fix, uint8_t fix_mask, uint8_t first_sized) {
    const uint8_t first = this->first();
    if (fix != 0 && (first & ~fix_mask & 0xff) == fix) {
        rest_.remove_prefix(1);
        return take(first & fix_mask);
    }
    if (first < first_sized || first > first_sized + 2) {
        fail();
        return {};
    }
    rest_.remove_prefix(1);
    return take(take_big_endian(size_t{1} << (first - first_sized)));
}

std::string_view MsgpackReader::text() {
    return take_sized(0xa0, 0x1f, kStr8);
}

std::string_view MsgpackReader::bytes() {
    return take_sized(0, 0, kBin8);
}

std::string_view MsgpackReader::map() {
    const std::string_view before = rest_;
    if (!is_map(first())) fail();
    skip();
    return ok_ ? before.substr(0, before.size() - rest_.size()) : std::string_view();
}

bool MsgpackReader::flag() {
    const uint8_t first = this->first();
    if (first != kFalse && first != kTrue) {
        fail();
        return false;
    }
    rest_.remove_prefix(1);
    return first == kTrue;
}

bool MsgpackReader::nil() {
    if (first() != kNil) return false;
    rest_.remove_prefix(1);
    return true;
}

MsgpackReader::Kind MsgpackReader::kind() const {
    const uint8_t first = this->first();
    if (first == kFalse || first == kTrue) return Kind::kFlag;
    if (first < 0x80 || (first >= kUint8 && first <= kUint64)) return Kind::kNumber;
    if (first >= kNegativeFix) return Kind::kNegative;
    if (first >= kInt8 && first <= kInt64)
        return rest_.size() > 1 && (static_cast<uint8_t>(rest_[1]) & 0x80) != 0 ? Kind::kNegative
                                                                                : Kind::kNumber;
    if (first == kFloat32 || first == kFloat64) return Kind::kReal;
    return is_text(first) ? Kind::kText : Kind::kOther;
}

void MsgpackReader::skip() {
    const uint32_t outside = depth_;
    std::array<uint64_t, kNestingMax + 1> left{1};  // values, of each map and list that is open
    for (uint32_t at = 0; ok_;) {
        if (left[at] == 0) {
            if (at == 0) break;
            at--;
            close();
            continue;
        }
        left[at]--;
        const uint8_t first = this->first();
        if (is_map(first) || is_list(first)) {
            const uint64_t entries = is_map(first) ? uint64_t{2} * open_map() : open_list();
            if (ok_) left[++at] = entries;
        } else if (is_text(first)) {
            (void)text();
        } else if (first >= kBin8 && first <= kBin8 + 2) {
            (void)bytes();
        } else if (first == kFloat32 || first == kFloat64) {
            (void)real();
        } else if (first == kFalse || first == kTrue) {
            (void)flag();
        } else if (first == kNil) {
            (void)nil();
        } else if ((first >= kExt8 && first < kFloat32) || (first >= kFixExt1 && first < kStr8)) {
            skip_extension();
        } else if ((first >= kInt8 && first <= kInt64) || first >= kNegativeFix) {
            (void)negative();
        } else {
            (void)number();
        }
    }
    depth_ = outside;
}

// Its length, where it is not in the first octet; its type; it.
void MsgpackReader::skip_extension() {
    const uint8_t first = this->first();
    rest_.remove_prefix(1);
    const uint64_t octets = first >= kFixExt1 ? uint64_t{1} << (first - kFixExt1)
                                              : take_big_endian(size_t{1} << (first - kExt8));
    (void)take(octets + 1);
}

}  // namespace zbridge::protocol
