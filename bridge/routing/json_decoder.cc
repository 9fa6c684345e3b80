// JSON through simdjson's on-demand parser: told as it stands, without a tree in between. simdjson
// stays in this file.
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "bridge/routing/decoder.h"

namespace zbridge::routing {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kBlanks = " \t\r\n";

// RFC 8259, section 6. On-demand looks at a number only as far as it is asked to.
bool is_number(std::string_view text) {
    size_t at = 0;
    const auto digits = [&] {
        const size_t start = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9')
            at++;
        return at - start;
    };
    const auto take = [&](std::string_view any_of) {
        const bool taken = at < text.size() && any_of.find(text[at]) != any_of.npos;
        if (taken) at++;
        return taken;
    };
    take("-");
    if (!take("0") && digits() == 0) return false;
    if (take(".") && digits() == 0) return false;
    if (take("eE")) {
        take("+-");
        if (digits() == 0) return false;
    }
    return at == text.size();
}

// None when it is no number, or one that no double can hold.
Found number_of(std::string_view token) {
    token = token.substr(0, token.find_last_not_of(kBlanks) + 1);
    if (!is_number(token)) return {};
    const char* const end = token.data() + token.size();
    int64_t integer = 0;
    if (const auto read = std::from_chars(token.data(), end, integer);
        read.ec == std::errc() && read.ptr == end) {
        return Found::of_integer(integer, token);
    }
    double real = 0;
    const auto read = std::from_chars(token.data(), end, real);
    // Too small is told like too large: as out of range. strtod would say 0; which of the two it
    // was, the sign of the exponent tells.
    if (read.ec == std::errc::result_out_of_range) {
        const size_t e = token.find_first_of("eE");
        const bool small = e != token.npos ? token[e + 1] == '-'
                                           : token.starts_with("0.") || token.starts_with("-0.");
        return small ? Found::of_double(0, token) : Found{};
    }
    return Found::of_double(real, token);
}

class JsonDecoder final : public Decoder {
 public:
    bool read(std::string_view frame, Selector& selector) override {
        selector.begin();
        if (frame.empty() || frame.size() > kFrameBytesMax) return false;
        if (padded_.size() < frame.size() + simdjson::SIMDJSON_PADDING) {
            padded_.resize(frame.size() + simdjson::SIMDJSON_PADDING);
        }
        std::memcpy(padded_.data(), frame.data(), frame.size());
        std::memset(padded_.data() + frame.size(), 0, simdjson::SIMDJSON_PADDING);

        ondemand::document document;
        if (parser_->iterate(padded_.data(), frame.size(), padded_.size()).get(document))
            return false;
        return tell_document(document, frame, selector);
    }

    void trim() override {
        if (padded_.size() <= kKeptBytes + simdjson::SIMDJSON_PADDING) return;
        padded_ = {};
        parser_ = std::make_unique<ondemand::parser>();
    }

 private:
    static bool ended(ondemand::document& document) {
        return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    }

    static bool tell_document(ondemand::document& document, std::string_view frame,
                              Selector& selector) {
        ondemand::json_type type;
        if (document.type().get(type)) return false;
        if (type == ondemand::json_type::number) {  // the parser would not say where it ends
            return tell_number(
                frame.substr(std::min(frame.find_first_not_of(kBlanks), frame.size())), selector);
        }
        if (type != ondemand::json_type::object && type != ondemand::json_type::array) {
            return tell_scalar(document, type, selector) && ended(document);
        }
        ondemand::value value;
        return !document.get_value().get(value) && tell(value, selector) && ended(document);
    }

    // Recursion is bounded by Selector::kDepthMax.
    static bool tell(ondemand::value& value, Selector& selector) {
        ondemand::json_type type;
        if (value.type().get(type)) return false;
        if (type == ondemand::json_type::object) return tell_object(value, selector);
        if (type == ondemand::json_type::array) return tell_array(value, selector);
        if (type == ondemand::json_type::number)
            return tell_number(value.raw_json_token(), selector);
        return tell_scalar(value, type, selector);
    }

    static bool tell_number(std::string_view token, Selector& selector) {
        const Found number = number_of(token);
        if (number) selector.scalar(number);
        return bool(number);
    }

    static bool tell_object(ondemand::value& value, Selector& selector) {
        ondemand::object object;
        if (!selector.open_map() || value.get_object().get(object)) return false;
        for (auto item : object) {
            ondemand::field field;
            std::string_view key;
            if (std::move(item).get(field) || field.unescaped_key().get(key)) return false;
            selector.key(key);
            ondemand::value child = field.value();
            if (!tell(child, selector)) return false;
        }
        selector.close();
        return true;
    }

    static bool tell_array(ondemand::value& value, Selector& selector) {
        ondemand::array array;
        if (!selector.open_array() || value.get_array().get(array)) return false;
        for (auto item : array) {
            ondemand::value element;
            if (std::move(item).get(element) || !tell(element, selector)) return false;
        }
        selector.close();
        return true;
    }

    template <class Scalar>  // a value, or a document that is nothing but one
    static bool tell_scalar(Scalar& scalar, ondemand::json_type type, Selector& selector) {
        if (type == ondemand::json_type::string) {
            std::string_view text;
            if (scalar.get_string().get(text)) return false;
            selector.scalar(Found::of_text(text));
        } else if (type == ondemand::json_type::boolean) {
            bool value = false;
            if (scalar.get_bool().get(value)) return false;
            selector.scalar(Found::of_bool(value));
        } else {
            bool is_null = false;
            if (scalar.is_null().get(is_null) || !is_null) return false;
            selector.scalar({});
        }
        return true;
    }

    std::vector<char> padded_;
    std::unique_ptr<ondemand::parser> parser_ = std::make_unique<ondemand::parser>();
};

}  // namespace

std::unique_ptr<Decoder> make_json_decoder() {
    return std::make_unique<JsonDecoder>();
}

}  // namespace zbridge::routing
