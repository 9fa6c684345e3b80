#include "bridge/settings/values.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "bridge/base/check.h"
#include "bridge/base/nearest.h"
#include "bridge/base/sql92/filter.h"
#include "bridge/settings/expression.h"
#include "bridge/settings/filter.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

Status wrong(std::string sentence) {
    return {Code::kInvalid, std::move(sentence)};
}

std::string range_text(const Option& option) {
    if (option.max.empty()) return fmt::format("{} or more", option.min);
    if (option.min.empty()) return fmt::format("{} at most", option.max);
    return fmt::format("{} to {}", option.min, option.max);
}

// `parse` is that of the option's type; the bounds of a table parse, or the table is wrong.
template <class Number, class Parse>
Result<Value::Scalar> read_number(const Option& option, std::string_view text, Parse parse) {
    auto number = parse(text);
    if (!number) return std::move(number).error();
    const bool low = !option.min.empty() && *number < *parse(option.min);
    const bool high = !option.max.empty() && *number > *parse(option.max);
    if (low || high) {
        return wrong(fmt::format("{} is out of range: expected {}{}", in_quotes(text),
                                 range_text(option), option.off ? ", or off" : ""));
    }
    return Value::Scalar(Number(*number));
}

Result<Value::Scalar> read_choice(const Option& option, const std::string& text) {
    std::vector<std::string_view> known;
    for (const auto& choice : option.choices) {
        if (choice.name != text) {
            if (choice.absent.empty()) known.push_back(choice.name);
            continue;
        }
        if (choice.absent.empty()) return Value::Scalar(text);
        return wrong(fmt::format("\"{}\" {}", text, choice.absent));
    }
    return wrong(fmt::format("{} is not known here: expected {}{}", in_quotes(text), one_of(known),
                             did_you_mean(text, known)));
}

class Reader {
 public:
    explicit Reader(Findings& findings) : findings_(findings) {}

    // `where` is what a sentence calls the section: "`limits`", "this item of `routes`".
    Value section(const Node& node, const Table::Row& row, std::string_view where,
                  Place key_place) {
        Value value;
        value.option = row.option;
        value.place = node.place;
        value.key_place = key_place;
        if (node.kind == Node::Kind::kMap) {
            for (const auto& entry : node.entries)
                read_entry(entry, row, where, value);
        } else if (node.kind != Node::Kind::kNothing) {
            complain(node, where, map_of(row));
            value.good = false;
        }
        if (value.good) complete(row, where, value);
        return value;
    }

 private:
    void read_entry(const Node::Entry& entry, const Table::Row& row, std::string_view where,
                    Value& into) {
        const Table::Row* below = row.find(entry.key);
        if (below == nullptr && row.names() != nullptr) {
            below = row.names();
            check_name(entry, below->option->names);
        }
        if (below == nullptr || entry.key == "*" || entry.key == "[]") {
            if (row.option == nullptr && entry.key.starts_with("x-"))
                return;  // the user's own, for anchors
            return unknown_key(entry, row, where, into);
        }
        Value value = read(entry.value, *below, fmt::format("`{}`", entry.key), entry.place);
        value.key_place = entry.place;
        if (below->option->type == Type::kAbsent) {
            findings_.error(entry.place, fmt::format("`{}` {}", entry.key, below->option->help));
            value.good = false;
        }
        into.entries.push_back({entry.key, std::move(value)});
    }

    Value read(const Node& node, const Table::Row& row, std::string_view where, Place key_place) {
        const Option& option = *row.option;
        if (option.type == Type::kAbsent) return {};
        if (row.items() != nullptr) return list_of_sections(node, row, where);
        if (option.type == Type::kSection) {
            const bool is_short = node.kind == Node::Kind::kScalar && !option.short_for.empty();
            return is_short ? short_form(node, row, where, key_place)
                            : section(node, row, where, key_place);
        }
        if (option.type == Type::kOpaque) return opaque(node, option);
        // A value that may be a map as well.
        if (!row.below.empty() && node.kind == Node::Kind::kMap)
            return section(node, row, where, key_place);
        if (option.many) return one_or_list(node, option, where);
        return scalar(node, option, where);
    }

    // A single value for the one key that it is short for. What is wrong with it is said of what
    // the user wrote, who may not know that key.
    Value short_form(const Node& node, const Table::Row& row, std::string_view where,
                     Place key_place) {
        Value value;
        value.option = row.option;
        value.place = node.place;
        value.key_place = key_place;
        const std::string_view key = row.option->short_for;
        Value its = read(node, *row.find(key), where, node.place);
        its.key_place = node.place;
        value.entries.push_back({std::string(key), std::move(its)});
        complete(row, where, value);
        return value;
    }

    static Value opaque(const Node& node, const Option& option) {
        Value value;
        value.option = &option;
        value.place = node.place;
        value.node = &node;
        return value;
    }

    Value list_of_sections(const Node& node, const Table::Row& row, std::string_view where) {
        Value value;
        value.option = row.option;
        value.place = node.place;
        if (node.kind == Node::Kind::kNothing) return value;
        if (node.kind != Node::Kind::kList) {
            complain(node, where, "a list, `- ` before each of its maps");
            value.good = false;
            return value;
        }
        const std::string item_where = fmt::format("this item of {}", where);
        for (const auto& item : node.items) {
            if (item.kind == Node::Kind::kNothing)
                complain(item, item_where, map_of(*row.items()));
            else
                value.items.push_back(section(item, *row.items(), item_where, item.place));
        }
        return value;
    }

    Value one_or_list(const Node& node, const Option& option, std::string_view where) {
        Value value;
        value.option = &option;
        value.place = node.place;
        if (node.kind != Node::Kind::kList) {
            value.items.push_back(scalar(node, option, where));
            value.good = value.items.back().good;
            return value;
        }
        value.was_list = true;
        if (node.items.empty()) {
            findings_.error(node.place, fmt::format("{} is an empty list: expected {}", where,
                                                    expectation(option)));
            value.good = false;
        }
        for (const auto& item : node.items) {
            value.items.push_back(scalar(item, option, where));
            value.good = value.good && value.items.back().good;
        }
        return value;
    }

    Value scalar(const Node& node, const Option& option, std::string_view where) {
        Value value;
        value.option = &option;
        value.place = value.key_place = node.place;
        value.good = false;
        if (node.kind != Node::Kind::kScalar) {
            complain(node, where, expectation(option));
            return value;
        }
        auto scalar = read_scalar(option, node.text);
        if (!scalar && option.type == Type::kFilter) {
            report_filter(scalar.error(), where, node.text, node.place, findings_);
            return value;
        }
        if (!scalar) {
            findings_.error(node.place, fmt::format("{}: {}", where, scalar.error().message()));
            return value;
        }
        value.good = true;
        value.scalar = *std::move(scalar);
        return value;
    }

    // Defaults, and what must be there.
    void complete(const Table::Row& row, std::string_view where, Value& value) {
        for (const auto& below : row.below) {
            const Option& option = *below.option;
            if (below.key == "*" || below.key == "[]" || value.mentions(below.key)) continue;
            if (option.required) {
                findings_.error(value.key_place,
                                fmt::format("`{}` is missing in {}: expected {}", below.key, where,
                                            expectation(option)));
            }
            if (option.whole) {
                const Node nothing{Node::Kind::kNothing, value.place, {}, {}, {}};
                Value map =
                    section(nothing, below, fmt::format("`{}`", below.key), value.key_place);
                map.written = false;
                value.entries.push_back({std::string(below.key), std::move(map)});
            }
            if (option.fallback.empty()) continue;
            auto scalar = read_scalar(option, std::string(option.fallback));
            ZB_CHECK(scalar.ok(), option.path);
            Value fallback;
            fallback.option = &option;
            fallback.written = false;
            fallback.scalar = *std::move(scalar);
            if (option.many) fallback.items.push_back(fallback);
            value.entries.push_back({std::string(below.key), std::move(fallback)});
        }
    }

    void check_name(const Node::Entry& entry, Names names) {
        std::string_view expected;
        switch (names) {
            case Names::kPlain:
                if (is_name(entry.key)) return;
                expected = "1 to 63 of a-z, 0-9, `_` and `-`, a letter or digit first";
                break;
            case Names::kProperties:
                if (is_property_name(entry.key)) return;
                expected = "letters, digits, `_`, `-` and `.`, a letter or `_` first";
                break;
            case Names::kTopics:
                if (is_topic_name(entry.key)) return;
                expected = "1 to 127 of A-Z, a-z, 0-9, `%`, `_`, `.` and `-`";
                break;
            case Names::kAny:
                return;
        }
        findings_.error(entry.place,
                        fmt::format("{} is no name: expected {}", in_quotes(entry.key), expected));
    }

    void unknown_key(const Node::Entry& entry, const Table::Row& row, std::string_view where,
                     Value& into) {
        const auto known = keys_of(row);
        findings_.error(entry.place,
                        fmt::format("unknown key {} in {}: {}{}", in_quotes(entry.key), where,
                                    known.empty() ? "it takes none" : "expected " + one_of(known),
                                    did_you_mean(entry.key, known)));
        // What was meant is there, if misspelt: nothing more is to be said about its absence.
        const auto meant = nearest(entry.key, known);
        if (meant.empty() || into.mentions(meant)) return;
        Value misspelt;
        misspelt.option = row.find(meant)->option;
        misspelt.good = false;
        into.entries.push_back({std::string(meant), std::move(misspelt)});
    }

    static std::vector<std::string_view> keys_of(const Table::Row& row) {
        std::vector<std::string_view> keys;
        for (const auto& below : row.below) {
            if (below.option->type != Type::kAbsent) keys.push_back(below.key);
        }
        return keys;
    }

    // "a map of age, size, count, unread"
    static std::string map_of(const Table::Row& row) {
        const bool is_named = row.names() != nullptr || row.below.empty();
        return is_named ? "a map of keys"
                        : fmt::format("a map of {}", fmt::join(keys_of(row), ", "));
    }

    void complain(const Node& node, std::string_view where, std::string_view expected) {
        std::string_view is;
        switch (node.kind) {
            case Node::Kind::kNothing:
                is = "has no value";
                break;
            case Node::Kind::kScalar:
                is = "is a single value";
                break;
            case Node::Kind::kList:
                is = "is a list";
                break;
            case Node::Kind::kMap:
                is = "is a map";
                break;
            case Node::Kind::kUnreadable:
                return;
        }
        findings_.error(node.place, fmt::format("{} {}: expected {}", where, is, expected));
    }

    static std::string expectation(const Option& option) {
        if (option.type == Type::kChoice) {
            std::vector<std::string_view> known;
            for (const auto& choice : option.choices) {
                if (choice.absent.empty()) known.push_back(choice.name);
            }
            return one_of(known);
        }
        if (option.type == Type::kReference || option.type == Type::kExpression) {
            const auto kind = option.type == Type::kReference ? "a reference" : "an expression";
            return option.example.empty() ? std::string(name_of(option.type))
                                          : fmt::format("{}, as {}", kind, option.example);
        }
        std::string text(name_of(option.type));
        if (option.off) text += ", or off";
        return text;
    }

    Findings& findings_;
};

}  // namespace

const Value* Value::find(std::string_view key) const {
    for (const auto& entry : entries) {
        if (entry.key == key && entry.value.good) return &entry.value;
    }
    return nullptr;
}

const Value* Value::written_at(std::string_view key) const {
    const Value* value = find(key);
    return value != nullptr && value->written ? value : nullptr;
}

bool Value::mentions(std::string_view key) const {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const Entry& entry) { return entry.key == key && entry.value.written; });
}

Value read_section(const Node& node, const Table& table, Findings& findings,
                   std::string_view where) {
    return Reader(findings).section(node, table.root(), where, node.place);
}

Result<Value::Scalar> read_scalar(const Option& option, const std::string& text) {
    switch (option.type) {
        case Type::kFlag:
            if (text == "true" || text == "false") return Value::Scalar(text == "true");
            return wrong(fmt::format("{} is neither true nor false", in_quotes(text)));
        case Type::kCount:
            return read_number<uint64_t>(option, text, parse_count);
        case Type::kNumber:
            return read_number<double>(option, text, parse_decimal);
        case Type::kSize:
            return read_number<uint64_t>(option, text, parse_size);
        case Type::kDuration:
            if (option.off && text == "off") return Value::Scalar(Duration::zero());
            return read_number<Duration>(option, text, parse_duration);
        case Type::kChoice:
            return read_choice(option, text);
        case Type::kName:
            if (is_name(text)) return Value::Scalar(text);
            return wrong(fmt::format(
                "{} is no name: expected 1 to 63 of a-z, 0-9, `_` and `-`, a letter or digit first",
                in_quotes(text)));
        case Type::kAddress: {
            auto address = net::Address::parse(text);
            if (!address)
                return wrong(fmt::format("{} is no address: {}", in_quotes(text),
                                         address.error().message()));
            return Value::Scalar(*std::move(address));
        }
        case Type::kReference:
            return Value::Scalar(text);
        case Type::kExpression:
            if (auto status = check_expression(text); !status.ok()) return status;
            return Value::Scalar(text);
        case Type::kTemplate:
            if (auto status = check_template(text); !status.ok()) return status;
            return Value::Scalar(text);
        case Type::kFilter: {
            auto filter = sql92::Filter::compile(text);
            if (!filter.ok()) return std::move(filter).error();
            return Value::Scalar(text);
        }
        case Type::kText:
            return Value::Scalar(text);
        case Type::kSection:
        case Type::kOpaque:
        case Type::kAbsent:
            break;
    }
    ZB_CHECK(false, option.path);
    return Value::Scalar();
}

}  // namespace zbridge::settings
