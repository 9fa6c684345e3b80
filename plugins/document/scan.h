// Reads a JSON (RFC 8259) or msgpack document once, from front to back, and tells a visitor what
// stands where in it. Nothing is copied.
//
// Promise: any bytes are safe to give it. What scan() takes is one whole value, nothing after it;
//          JSON in UTF-8, without halves of surrogate pairs. Nothing is too lenient: who reads the
//          same bytes with a strict reader sees the same keys and values. Numbers of any length are
//          taken; their digits stay as they are.
// Failure: kInvalid, "byte 14: ..." (from 1). The visitor may have been told a part by then.
// Limits:  kBytesMax a document; kDepthMax maps and arrays inside each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bridge/base/result.h"

namespace zbridge::document {

inline constexpr size_t kBytesMax = 2 << 20;
inline constexpr size_t kDepthMax = 64;

enum class Format : uint8_t { kJson, kMsgpack };

enum class Kind : uint8_t {
    kNull,
    kBool,
    kNumber,  // JSON: its digits are `text`
    kText,
    kBytes,      // msgpack's bin
    kExtension,  // msgpack's ext: a timestamp, and what else programs agree on
    kMap,
    kArray,
};

// A value that is neither a map nor an array, as it stands in the document. Views of the document.
struct Scalar {
    Kind kind = Kind::kNull;
    std::string_view raw;   // all of it: a JSON text with its quotes, msgpack with its head
    std::string_view text;  // kText, kBytes: what is in it; kNumber in JSON: its digits
    bool escaped = false;   // JSON: `text` has escapes, see text_of()
};

// Offsets are bytes of the document, from 0.
class Visitor {
 public:
    virtual ~Visitor() = default;
    virtual void on_open(Kind map_or_array, size_t at) = 0;
    virtual void on_key(const Scalar& key) = 0;  // before each value of a map; msgpack: any scalar
    virtual void on_scalar(const Scalar& value) = 0;
    virtual void on_close(size_t end) = 0;  // the map or array opened last; `end` is behind it
};

Status scan_json(std::string_view bytes, Visitor& visitor);
Status scan_msgpack(std::string_view bytes, Visitor& visitor);
inline Status scan(Format format, std::string_view bytes, Visitor& visitor) {
    return format == Format::kJson ? scan_json(bytes, visitor) : scan_msgpack(bytes, visitor);
}

// The one format of the two that these bytes can be. Only a lone digit is both; it is JSON's.
Format format_of(std::string_view bytes);

}  // namespace zbridge::document
