// Reads msgpack in order, as its caller expects it: nothing is allocated, whatever the bytes say.
//
// Source:  the msgpack specification; no extension types.
// Failure: what is not there, or of another type, reads as 0, false or empty, and ok() is false from then
//          on: a caller may look once, at the end.
// Limits:  kNestingMax maps and lists in one another; none with more entries than bytes are left.
#pragma once

#include <cstdint>
#include <string_view>

namespace zbridge::protocol {

class MsgpackReader {
 public:
    explicit MsgpackReader(std::string_view bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    // Nothing more can be read.
    void fail() {
        ok_ = false;
        rest_ = {};
    }

    // How many entries follow; close() behind the last one.
    uint32_t open_list() { return open(false); }
    uint32_t open_map() { return open(true); }
    void close() { depth_--; }

    uint64_t number();  // not negative
    std::string_view text();
    std::string_view bytes();
    bool flag();
    // The octets of a map, itself included; what is in it is as deep as it may be.
    std::string_view map();
    // Skips a nil. False: another value stands here.
    bool nil();

    // Of a property.
    enum class Kind : uint8_t { kFlag, kNumber, kNegative, kReal, kText, kOther };
    Kind kind() const;
    int64_t negative();
    double real();

    // The next value, of whatever type.
    void skip();

 private:
    uint8_t first() const { return rest_.empty() ? 0xc1 : static_cast<uint8_t>(rest_[0]); }
    uint64_t take_big_endian(size_t octets);
    std::string_view take(uint64_t octets);
    uint32_t open(bool map);
    bool enter(uint64_t entries, uint64_t values);
    void skip_extension();
    std::string_view take_sized(uint8_t fix, uint8_t fix_mask, uint8_t first_sized);

    std::string_view rest_;
    uint32_t depth_ = 0;
    bool ok_ = true;
};

}  // namespace zbridge::protocol
