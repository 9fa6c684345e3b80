// What the table's expressions and templates must look like. What they mean is in routing and rpc.
#pragma once

#include <string_view>

#include "bridge/base/result.h"

namespace zbridge::settings {

// As routing::parse_expression() takes it. The error quotes the text and says what is wrong with
// it.
Status check_expression(std::string_view text);

// It says the same for every message.
bool is_literal(std::string_view expression);
// It reads inside a decoded frame. REQUIRES: check_expression() is ok.
bool needs_decoding(std::string_view expression);

// {code}, {reason} and {id} are replaced; a word in braces that is none of them is an error, all
// else stands for itself.
Status check_template(std::string_view text);

bool is_property_name(std::string_view text);

}  // namespace zbridge::settings
