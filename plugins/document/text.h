// Texts and numbers as they are written in a document.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/document/scan.h"

namespace zbridge::document {

// What a key or a text says, with its escapes read; `room` holds that if there were any.
std::string_view text_of(const Scalar& scalar, std::string& room);

// A value as people write it: a text's characters, a number's digits, true, false. None: null,
// msgpack's bytes and extensions.
std::optional<std::string> words_of(Format format, const Scalar& scalar);

// Appends a text as a value (or key) of this format. REQUIRES for JSON: UTF-8.
void append_text(Format format, std::string_view text, std::string& out);

// The last `count` characters of UTF-8 text; all of it if it has no more.
std::string_view last_characters(std::string_view text, size_t count);

bool is_utf8(std::string_view text);

}  // namespace zbridge::document
