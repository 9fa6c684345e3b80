// The shape of what a route's `set` and a service's `dedup.key` and `on_error` say. What they mean is in routing and rpc.
#pragma once

#include <string_view>

#include "bridge/base/result.h"

namespace zbridge::settings {

// $.path, $frame[i], $frame[i].path, $peer.user|identity|address, $$literal, else a literal; a path is names and
// indices, as a.b[0]['any name'].c. The error says what is wrong with it.
Status check_expression(std::string_view text);

// A literal: what it says is the same for every message.
bool is_literal(std::string_view expression);
// It reads inside a decoded frame.
bool needs_decoding(std::string_view expression);

// {code}, {reason} and {id} are replaced; a word in braces that is none of them is an error, all else stands for itself.
Status check_template(std::string_view text);

bool is_property_name(std::string_view text);

}  // namespace zbridge::settings
