// What a file says, checked against an option table: known keys only, each of its type and in its
// range.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/net/address.h"
#include "bridge/settings/finding.h"
#include "bridge/settings/node.h"
#include "bridge/settings/option.h"

namespace zbridge::settings {

// One key's value. A section has `entries`, a list of sections or of single values `items`; all
// else is a scalar. An option with `many` always has `items`, also where the file gives one value
// without brackets.
struct Value {
    struct Entry;
    // kFlag: bool; kCount, kSize: uint64_t; kNumber: double; kDuration: Duration; kAddress:
    // Address; all other types: the text.
    using Scalar =
        std::variant<std::monostate, bool, uint64_t, double, Duration, std::string, net::Address>;

    const Option* option = nullptr;
    Place place;          // of the value
    Place key_place;      // of its key; of the value itself where it has none
    bool good = true;     // false: there is a finding about it, and no scalar
    bool written = true;  // false: the option's default
    bool was_list = false;
    Scalar scalar;
    const Node* node = nullptr;  // kOpaque: as it stands; lives as long as the file's tree
    std::vector<Value> items;
    std::vector<Entry> entries;

    // The value of a key of this section: as written, or its default. Null when there is neither,
    // or a finding instead.
    const Value* find(std::string_view key) const;
    // As find(), and null for a default.
    const Value* written_at(std::string_view key) const;
    // The key stands in the file, with a value that may be wrong.
    bool mentions(std::string_view key) const;

    const std::string& text() const { return std::get<std::string>(scalar); }
    uint64_t number() const { return std::get<uint64_t>(scalar); }
    Duration duration() const { return std::get<Duration>(scalar); }
    const net::Address& address() const { return std::get<net::Address>(scalar); }
};

struct Value::Entry {
    std::string key;
    Value value;
};

// Reads `node` as the section that `table` describes, defaults filled in, and makes a finding of
// all that is wrong. `where` is what sentences call it: "`config`" for the options of a plugin.
Value read_section(const Node& node, const Table& table, Findings& findings,
                   std::string_view where = "the file");

// One scalar of an option's type and range. The error is a sentence without the key.
Result<Value::Scalar> read_scalar(const Option& option, const std::string& text);

}  // namespace zbridge::settings
