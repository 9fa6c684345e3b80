// What a plugin says of itself, for people: its option table, and YAML to begin with.
#pragma once

#include <string>
#include <vector>

#include "bridge/base/json_writer.h"
#include "bridge/plugin/options.h"

namespace zbridge::cli {

std::string kinds_text(const plugin::Declared& declared);  // "step, source"
std::string type_text(
    const plugin::DeclaredOption& option);  // "duration", "hold | refuse", "text, or a list"
std::string range_text(const plugin::DeclaredOption& option);  // "1 to 64"; empty: no bounds

// A value as the file writes it: the example, else the fallback, else one of the type.
std::string example_of(const plugin::DeclaredOption& option);

// A line of a map of options. Its key may have dots: then it stands in maps of that name.
struct OptionLine {
    std::string key, value;
    bool commented = false;
};
std::string option_lines(const std::vector<OptionLine>& lines, size_t indent);

// An instance with all its options, those that may be left out behind a `#`, and what uses it.
// `use`: a name or a path, as the file would say it.
std::string example_yaml(const plugin::Declared& declared, const std::string& use);

void write_plugin(JsonWriter& json, const plugin::Declared& declared);  // one map, without options
// Its options, and the sections that it declares.
void write_options(JsonWriter& json, const plugin::Declared& declared);

}  // namespace zbridge::cli
