#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace zbridge::settings {

// The first byte that is not part of a well-formed UTF-8 character (RFC 3629: no surrogates,
// nothing longer than needed).
std::optional<size_t> first_not_utf8(std::string_view text);

// The first of the C0 characters, DEL included, that is neither a tab nor the end of a line.
std::optional<size_t> first_control_character(std::string_view text);

}  // namespace zbridge::settings
