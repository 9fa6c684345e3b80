// msgpack through msgpack-c's visitor: told as it stands, without objects in between. msgpack-c
// stays in this file.
#include <msgpack.hpp>

#include <exception>
#include <limits>

#include "bridge/base/check.h"
#include "bridge/routing/decoder.h"

namespace zbridge::routing {

namespace {

// str and bin are text. A key that is a number or a bool is met by its text: $.7; one that is a map
// or an array is not taken.
class Teller : public msgpack::null_visitor {
 public:
    explicit Teller(Selector& selector) : selector_(selector) {}

    bool visit_nil() { return tell({}); }
    bool visit_boolean(bool value) { return tell(Found::of_bool(value)); }
    bool visit_negative_integer(int64_t value) { return tell(Found::of_integer(value)); }
    bool visit_positive_integer(uint64_t value) {
        if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            return tell(Found::of_integer(static_cast<int64_t>(value)));
        }
        return tell(Found::of_large(value));
    }
    bool visit_float32(float value) { return tell(Found::of_double(static_cast<double>(value))); }
    bool visit_float64(double value) { return tell(Found::of_double(value)); }
    bool visit_str(const char* bytes, uint32_t size) { return tell_text({bytes, size}); }
    bool visit_bin(const char* bytes, uint32_t size) { return tell_text({bytes, size}); }
    bool visit_ext(const char*, uint32_t) { return tell({}); }

    bool start_array(uint32_t) { return !in_key_ && selector_.open_array(); }
    bool end_array() { return close(); }
    bool start_map(uint32_t) { return !in_key_ && selector_.open_map(); }
    bool end_map() { return close(); }
    bool start_map_key() {
        in_key_ = true;
        return true;
    }
    bool end_map_key() {
        in_key_ = false;
        return true;
    }

 private:
    bool tell(const Found& value) {
        if (in_key_)
            selector_.key(value ? text_of(value) : std::string());
        else
            selector_.scalar(value);
        return true;
    }
    bool tell_text(std::string_view text) {
        if (in_key_)
            selector_.key(text);
        else
            selector_.scalar(Found::of_text(text));
        return true;
    }
    bool close() {
        selector_.close();
        return true;
    }

    Selector& selector_;
    bool in_key_ = false;
};

class MsgpackDecoder final : public Decoder {
 public:
    bool read(std::string_view frame, Selector& selector) override {
        selector.begin();
        if (frame.empty() || frame.size() > kFrameBytesMax) return false;
        Teller teller(selector);
        size_t end = 0;
        try {
            return msgpack::parse(frame.data(), frame.size(), end, teller) && end == frame.size();
        } catch (const std::exception&) {  // out of memory for its stack, or a size it cannot hold
            return false;
        }
    }
};

}  // namespace

std::unique_ptr<Decoder> make_msgpack_decoder() {
    return std::make_unique<MsgpackDecoder>();
}

std::unique_ptr<Decoder> make_decoder(Codec codec) {
    ZB_CHECK(codec != Codec::kNone);
    return codec == Codec::kJson ? make_json_decoder() : make_msgpack_decoder();
}

}  // namespace zbridge::routing
