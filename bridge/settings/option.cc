#include "bridge/settings/option.h"

#include <string>

#include "bridge/base/check.h"

namespace zbridge::settings {

namespace {

// "endpoints.*.bind" -> {"endpoints.*", "bind"}; "routes[].from" -> {"routes[]", "from"};
// "routes[]" -> {"routes", "[]"}
std::pair<std::string_view, std::string_view> split(std::string_view path) {
    if (path.ends_with("[]"))
        return {path.substr(0, path.size() - 2), path.substr(path.size() - 2)};
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return {{}, path};
    return {path.substr(0, dot), path.substr(dot + 1)};
}

Table::Row* row_at(Table::Row& root, std::string_view path) {
    if (path.empty()) return &root;
    const auto [parent_path, key] = split(path);
    Table::Row* parent = row_at(root, parent_path);
    if (parent == nullptr) return nullptr;
    for (auto& row : parent->below) {
        if (row.key == key) return &row;
    }
    return nullptr;
}

}  // namespace

const Table::Row* Table::Row::find(std::string_view name) const {
    for (const auto& row : below) {
        if (row.key == name) return &row;
    }
    return nullptr;
}

Table::Table(std::span<const Option> options) : options_(options) {
    for (const auto& option : options) {
        const auto [parent_path, key] = split(option.path);
        Row* parent = row_at(root_, parent_path);
        ZB_CHECK(parent != nullptr, option.path);
        ZB_CHECK(parent->find(key) == nullptr, option.path);
        parent->below.push_back({key, &option, {}});
    }
}

std::string_view name_of(Type type) {
    switch (type) {
        case Type::kSection:
            return "a map of keys";
        case Type::kText:
            return "a text";
        case Type::kName:
            return "a name of a-z, 0-9, `_` and `-`";
        case Type::kFlag:
            return "true or false";
        case Type::kCount:
            return "a whole number";
        case Type::kNumber:
            return "a number";
        case Type::kSize:
            return "a size with its unit, as 16MiB or 64KiB";
        case Type::kDuration:
            return "a duration with its unit, as 5s or 500ms";
        case Type::kChoice:
            return "one of its words";
        case Type::kAddress:
            return "an address, as tcp://*:5551 or ipc:///run/z.sock";
        case Type::kReference:
            return "a reference, as packers or service/accounts";
        case Type::kExpression:
            return "an expression, as $.path, $frame[0] or $peer.user, or a literal";
        case Type::kTemplate:
            return "a text, with {code}, {reason} or {id} where they belong";
        case Type::kOpaque:
            return "a map of keys";
        case Type::kFilter:
            return "a filter, as \"region = 'EU' AND amount > 100\"";
        case Type::kAbsent:
            return "nothing";
    }
    return {};
}

std::string_view name_of(Reload reload) {
    switch (reload) {
        case Reload::kLive:
            return "live";
        case Reload::kReconnect:
            return "reconnect";
        case Reload::kRestart:
            return "restart";
    }
    return {};
}

}  // namespace zbridge::settings
