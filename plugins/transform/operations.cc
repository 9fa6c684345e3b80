#include "plugins/transform/operations.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "plugins/document/text.h"

namespace zbridge::transform {

using document::Format;
using document::Kind;
using document::Node;
using document::PathPart;
using document::Tree;

namespace {

constexpr std::string_view kProperty = "$property.";

Status invalid(std::string message) {
    return {Code::kInvalid, std::move(message)};
}

std::string json_of_text(std::string_view text) {
    std::string json;
    document::append_text(Format::kJson, text, json);
    return json;
}

// None: missing, or nothing that JSON has.
std::optional<std::string> json_of(const PropertyValue& value) {
    char digits[32];
    const auto shown = [&](auto number) {
        return std::string(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
    };
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* integer = std::get_if<int64_t>(&value)) return shown(*integer);
    if (const auto* number = std::get_if<double>(&value)) {
        if (!std::isfinite(*number)) return std::nullopt;
        return shown(*number);
    }
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr || !document::is_utf8(*text)) return std::nullopt;
    return json_of_text(*text);
}

}  // namespace

Status Operations::add_remove(std::string_view path) {
    auto read = document::parse_path(path);
    if (!read.ok()) return std::move(read).error();
    removes_.push_back(std::move(*read));
    return {};
}

Status Operations::add_rename(std::string_view path, std::string_view name) {
    auto read = document::parse_path(path);
    if (!read.ok()) return std::move(read).error();
    if (read->back().kind != PathPart::Kind::kKey)
        return invalid("only a key has a name; this path ends with an index");
    if (name.empty() || name.starts_with('$'))
        return invalid("the new name is a key, not a path: customer_id");
    if (!document::is_utf8(name)) return invalid("the new name is no UTF-8");
    renames_.push_back({std::move(*read), std::string(name)});
    return {};
}

Status Operations::add_set(std::string_view path, std::string_view value) {
    auto read = document::parse_path(path);
    if (!read.ok()) return std::move(read).error();
    auto set = std::make_unique<Set>();
    set->written = path;
    set->path = std::move(*read);
    if (auto status = read_value(value, *set); !status.ok()) return status;
    sets_.push_back(std::move(set));
    return {};
}

Status Operations::read_value(std::string_view value, Set& set) {
    if (value.starts_with(kProperty)) {
        set.property = value.substr(kProperty.size());
        if (set.property.empty()) return invalid("a property's name is expected: $property.region");
        return {};
    }
    if (value.starts_with("$.") || value.starts_with("$[")) {
        auto from = document::parse_path(value);
        if (!from.ok()) return std::move(from).error();
        for (const PathPart& part : *from) {
            if (part.kind == PathPart::Kind::kEach)
                return invalid("a value is read from one place: [*] is none");
        }
        set.from = std::move(*from);
        return {};
    }
    if (value.starts_with('$') && !value.starts_with("$$")) {
        return invalid(
            "$.path or $property.name is expected; a text that begins with $ is written $$");
    }
    set.literal = std::make_unique<Tree>();
    set.literal_json = value;
    if (set.literal->read(Format::kJson, set.literal_json).ok()) return {};
    if (!document::is_utf8(value)) return invalid("a text in UTF-8 is expected");
    set.literal_json = json_of_text(value.substr(value.starts_with("$$") ? 1 : 0));
    return set.literal->read(Format::kJson, set.literal_json);
}

std::optional<Node> Operations::value_of(const Set& set, const Tree& tree, const Message& message) {
    if (set.from) {
        const Node* found = tree.find(*set.from);
        if (found == nullptr) return std::nullopt;
        return *found;
    }
    if (set.property.empty()) return set.literal->root();
    auto json = json_of(message.property(set.property));
    if (!json) return std::nullopt;
    texts_.push_back(std::make_unique<std::string>(std::move(*json)));
    Tree value;
    if (!value.read(Format::kJson, *texts_.back()).ok()) return std::nullopt;  // above 2 MiB
    return value.root();
}

Result<size_t> Operations::run(Tree& tree, const Message& message) {
    texts_.clear();
    std::vector<std::optional<Node>> values;
    values.reserve(sets_.size());
    for (const auto& set : sets_)
        values.push_back(value_of(*set, tree, message));

    size_t changed = 0;
    for (const document::Path& path : removes_)
        changed += tree.remove(path);
    for (const Rename& rename : renames_)
        changed += tree.rename(rename.path, rename.name);
    for (size_t i = 0; i < sets_.size(); i++) {
        if (!values[i]) continue;
        const auto places = tree.set(sets_[i]->path, *values[i]);
        if (!places.ok())
            return invalid("`" + sets_[i]->written +
                           "` cannot be set: " + places.error().message());
        changed += *places;
    }
    return changed;
}

}  // namespace zbridge::transform
