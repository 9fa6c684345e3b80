#include "plugins/document/scan.h"

namespace zbridge::document {

namespace {

class MsgpackScanner {
 public:
    MsgpackScanner(std::string_view bytes, Visitor& visitor) : bytes_(bytes), visitor_(visitor) {}

    Status scan() {
        if (read_value(false) && at_ != bytes_.size()) fail("something stands behind the value");
        if (wrong_ == nullptr) return {};
        return {Code::kInvalid, "byte " + std::to_string(at_ + 1) + ": " + wrong_};
    }

 private:
    bool fail(const char* what) {
        wrong_ = what;
        return false;
    }
    bool has(uint64_t count) { return count <= bytes_.size() - at_ || fail("it is cut off"); }
    uint64_t number_at(size_t at, size_t bytes) const {
        uint64_t number = 0;
        for (size_t i = 0; i < bytes; i++)
            number = number << 8 | static_cast<unsigned char>(bytes_[at + i]);
        return number;
    }

    bool read_value(bool is_key) {
        if (!has(1)) return false;
        const auto head = static_cast<unsigned char>(bytes_[at_]);
        if (head < 0x80 || head >= 0xe0) return tell(Kind::kNumber, 1, 0, is_key);
        if (head < 0x90) return read_map(1, head & 0x0f, is_key);
        if (head < 0xa0) return read_array(1, head & 0x0f, is_key);
        if (head < 0xc0) return tell(Kind::kText, 1, head & 0x1f, is_key);
        switch (head) {
            case 0xc0:
                return tell(Kind::kNull, 1, 0, is_key);
            case 0xc2:
            case 0xc3:
                return tell(Kind::kBool, 1, 0, is_key);
            case 0xc4:
            case 0xc5:
            case 0xc6:
                return read_sized(Kind::kBytes, size_t{1} << (head - 0xc4), 0, is_key);
            case 0xc7:
            case 0xc8:
            case 0xc9:
                return read_sized(Kind::kExtension, size_t{1} << (head - 0xc7), 1, is_key);
            case 0xca:
                return tell(Kind::kNumber, 1, 4, is_key);
            case 0xcb:
                return tell(Kind::kNumber, 1, 8, is_key);
            case 0xcc:
            case 0xcd:
            case 0xce:
            case 0xcf:
                return tell(Kind::kNumber, 1, uint64_t{1} << (head - 0xcc), is_key);
            case 0xd0:
            case 0xd1:
            case 0xd2:
            case 0xd3:
                return tell(Kind::kNumber, 1, uint64_t{1} << (head - 0xd0), is_key);
            case 0xd4:
            case 0xd5:
            case 0xd6:
            case 0xd7:
            case 0xd8:
                return tell(Kind::kExtension, 2, uint64_t{1} << (head - 0xd4), is_key);
            case 0xd9:
            case 0xda:
            case 0xdb:
                return read_sized(Kind::kText, size_t{1} << (head - 0xd9), 0, is_key);
            case 0xdc:
                return has(3) && read_array(3, number_at(at_ + 1, 2), is_key);
            case 0xdd:
                return has(5) && read_array(5, number_at(at_ + 1, 4), is_key);
            case 0xde:
                return has(3) && read_map(3, number_at(at_ + 1, 2), is_key);
            case 0xdf:
                return has(5) && read_map(5, number_at(at_ + 1, 4), is_key);
            default:
                return fail("a byte that msgpack does not have");  // 0xc1
        }
    }

    // A head of one byte and a size of `size_bytes`, then so many bytes and `more`.
    bool read_sized(Kind kind, size_t size_bytes, uint64_t more, bool is_key) {
        if (!has(1 + size_bytes)) return false;
        return tell(kind, 1 + size_bytes + more, number_at(at_ + 1, size_bytes), is_key);
    }

    bool tell(Kind kind, size_t head_bytes, uint64_t size, bool is_key) {
        if (!has(head_bytes) || !has(head_bytes + size)) return false;
        Scalar scalar;
        scalar.kind = kind;
        scalar.raw = bytes_.substr(at_, head_bytes + size);
        if (kind == Kind::kText || kind == Kind::kBytes)
            scalar.text = scalar.raw.substr(head_bytes);
        at_ += scalar.raw.size();
        if (is_key)
            visitor_.on_key(scalar);
        else
            visitor_.on_scalar(scalar);
        return true;
    }

    bool open(Kind kind, size_t head_bytes, bool is_key) {
        if (is_key) return fail("a map or an array as a key");
        if (depth_ == kDepthMax) return fail("too many maps and arrays inside each other");
        depth_++;
        visitor_.on_open(kind, at_);
        at_ += head_bytes;
        return true;
    }
    bool close() {
        depth_--;
        visitor_.on_close(at_);
        return true;
    }
    // Counts may lie: each value that is not there ends it, so no more is done than there are
    // bytes.
    bool read_map(size_t head_bytes, uint64_t count, bool is_key) {
        if (!open(Kind::kMap, head_bytes, is_key)) return false;
        for (uint64_t i = 0; i < count; i++) {
            if (!read_value(true) || !read_value(false)) return false;
        }
        return close();
    }
    bool read_array(size_t head_bytes, uint64_t count, bool is_key) {
        if (!open(Kind::kArray, head_bytes, is_key)) return false;
        for (uint64_t i = 0; i < count; i++) {
            if (!read_value(false)) return false;
        }
        return close();
    }

    std::string_view bytes_;
    Visitor& visitor_;
    size_t at_ = 0;
    size_t depth_ = 0;
    const char* wrong_ = nullptr;
};

}  // namespace

Status scan_msgpack(std::string_view bytes, Visitor& visitor) {
    if (bytes.size() > kBytesMax) return {Code::kInvalid, "larger than 2 MiB"};
    return MsgpackScanner(bytes, visitor).scan();
}

}  // namespace zbridge::document
