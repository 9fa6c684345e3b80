#include "bridge/settings/reference.h"

#include <fmt/format.h>

namespace zbridge::settings {

namespace {

constexpr size_t kLineCharacters = 110;

// What the user would have named, in the example; and what else the example needs to be whole.
struct Sample {
    std::string_view path, name, more;
};
constexpr Sample kSamples[] = {
    {"endpoints.*", "orders-in",
     "  packers:                             # a target: the route below leads to it\n"
     "    bind: tcp://*:5561\n"
     "    accept: [pull]\n"
     "    line: { max_messages: 100000, max_bytes: 16MiB }\n"
     "  prices-in:                           # a source that the bridge dials\n"
     "    connect: tcp://127.0.0.1:6000\n"
     "    socket: sub\n"
     "  accounts: { bind: tcp://*:5555 }     # the clients of the service below\n"
     "  account-workers:                     # its workers\n"
     "    bind: tcp://*:5556\n"
     "    credit: 1\n"},
    {"services.*", "accounts", ""},
    {"bridge.log.levels.*", "net", ""},
    {"plugins.*", "mask-cards", ""},
    {"topics.*", "orders", ""},
    {"groups.*", "logistics", ""},
    {"routes[].set.properties.*", "region", ""},
    {"routes[]", "", "  - { from: prices-in, to: packers }\n"},
};

Sample sample_of(const Option& option) {
    for (const auto& sample : kSamples) {
        if (sample.path == option.path) return sample;
    }
    return {option.path, "name", ""};
}

std::string type_text(const Option& option) {
    std::string text;
    switch (option.type) {
        case Type::kSection:
            return "map";
        case Type::kText:
            text = "text";
            break;
        case Type::kName:
            text = "name";
            break;
        case Type::kFlag:
            text = "true or false";
            break;
        case Type::kCount:
            text = "number";
            break;
        case Type::kNumber:
            text = "number";
            break;
        case Type::kSize:
            text = "size";
            break;
        case Type::kDuration:
            text = option.off ? "duration or off" : "duration";
            break;
        case Type::kChoice:
            for (const auto& choice : option.choices) {
                if (choice.absent.empty())
                    text += (text.empty() ? "" : " | ") + std::string(choice.name);
            }
            break;
        case Type::kAddress:
            text = "address";
            break;
        case Type::kReference:
            text = "reference";
            break;
        case Type::kExpression:
            text = "expression";
            break;
        case Type::kTemplate:
            text = "template";
            break;
        case Type::kOpaque:
            text = "options";
            break;
        case Type::kFilter:
            text = "filter";
            break;
        case Type::kAbsent:
            break;
    }
    return option.many ? text + ", or a list" : text;
}

std::string range_text(const Option& option) {
    if (option.min.empty() && option.max.empty()) return {};
    if (option.max.empty()) return fmt::format("{} or more", option.min);
    if (option.min.empty()) return fmt::format("{} at most", option.max);
    return fmt::format("{} to {}", option.min, option.max);
}

// What may be written there.
std::string type_text(const Table::Row& row) {
    const std::string text = type_text(*row.option);
    const bool may_be_map = row.option->type != Type::kSection && !row.below.empty();
    return may_be_map ? text + ", or a map" : text;
}

bool is_scalar(const Table::Row& row) {
    return row.option->type != Type::kSection;
}

class YamlWriter {
 public:
    std::string write(const Table& table) {
        out_ =
            "# Every key of zbridge's YAML file. What a change of one needs while the bridge "
            "runs:\n"
            "#   live       nothing\n"
            "#   reconnect  the peers of the endpoint connect again\n"
            "#   restart    the bridge is started again\n"
            "# Above each key: its help, then type, default, range, and what a change needs. Keys "
            "that would not fit beside\n"
            "# the others stand behind a `#`. Made by `zbridge schema --yaml`.\n"
            "#\n"
            "# Durations: ms s m h d. Sizes: B KiB MiB GiB TiB KB MB GB TB. ${VAR} and "
            "${VAR:-default} come from the\n"
            "# environment; $${ is a literal ${. Top-level keys that begin with x- are yours, to "
            "hold anchors.\n";
        for (const auto& row : table.root().below) {
            if (row.option->type == Type::kAbsent) continue;
            out_ += "\n";
            write_row(row, 0, false, "");
        }
        return std::move(out_);
    }

 private:
    // `lead` stands before the first key of a list's item: "- ".
    void write_row(const Table::Row& row, size_t indent, bool commented, std::string_view lead) {
        const Option& option = *row.option;
        if (option.type == Type::kAbsent) return;
        const auto sample = sample_of(option);
        const std::string key(row.key == "*" ? sample.name : row.key);
        commented = commented || option.commented;
        write_help(row, indent);
        if (is_scalar(row)) {
            const auto value = option.example.empty() ? option.fallback : option.example;
            write_line(indent, commented, lead, fmt::format("{}: {}", key, value));
            write_below(row, indent + 2, true);  // what it may be instead: a map of these
            return;
        }
        if (row.key != "[]") write_line(indent, commented, lead, key + ":");
        write_below(row, row.key == "[]" ? indent : indent + 2, commented);
        if (row.key == "*") out_ += sample.more;
        if (row.key == "[]") out_ += sample.more;
    }

    void write_below(const Table::Row& row, size_t indent, bool commented) {
        std::string_view lead = row.key == "[]" ? "- " : "";
        for (const auto& below : row.below) {
            if (below.option->type == Type::kAbsent) continue;
            write_row(below, row.key == "[]" ? indent + 2 : indent, commented, lead);
            lead = "";
        }
    }

    void write_help(const Table::Row& row, size_t indent) {
        const Option& option = *row.option;
        write_comment(std::string(option.help), indent);
        if (option.type == Type::kSection) return;
        std::string facts = type_text(row);
        if (!option.fallback.empty()) facts += fmt::format("; default {}", option.fallback);
        if (!range_text(option).empty()) facts += "; " + range_text(option);
        write_comment(facts + fmt::format("; {}", name_of(option.reload)), indent);
    }

    void write_comment(const std::string& text, size_t indent) {
        const std::string start = std::string(indent, ' ') + "#";
        std::string line = start;
        for (size_t from = 0; from < text.size();) {
            const size_t end = std::min(text.find(' ', from), text.size());
            const auto word = std::string_view(text).substr(from, end - from);
            if (line.size() + 1 + word.size() > kLineCharacters) {
                out_ += line + "\n";
                line = start;
            }
            (line += ' ') += word;
            from = end + 1;
        }
        out_ += line + "\n";
    }

    void write_line(size_t indent, bool commented, std::string_view lead, const std::string& text) {
        out_.append(indent - lead.size(), ' ');
        if (commented) out_ += '#';
        out_ += lead;
        out_ += text + "\n";
    }

    std::string out_;
};

class MarkdownWriter {
 public:
    std::string write(const Table& table) {
        out_ =
            "# The YAML file, key by key\n\n"
            "Made by `zbridge schema --markdown` from the table that the parser itself reads.\n\n"
            "A change needs: *live*, nothing; *reconnect*, the peers of the endpoint connect "
            "again; *restart*, the "
            "bridge is started again.\n"
            "Durations carry a unit (`ms` `s` `m` `h` `d`), sizes too (`B` `KiB` `MiB` `GiB` "
            "`TiB`, `KB` `MB` `GB` "
            "`TB`); `0` may stand alone.\n"
            "`${VAR}` and `${VAR:-default}` in a value come from the environment, before it is "
            "read; `$${` is a "
            "literal `${`.\n"
            "References are `[kind/]name`: `packers` or `endpoint/packers`, `service/accounts`. "
            "Anchors, aliases and "
            "`<<` work; top-level keys that begin with `x-` are yours.\n";
        write_section(table.root(), "");
        return std::move(out_);
    }

 private:
    void write_section(const Table::Row& row, const std::string& path) {
        std::string rows;
        for (const auto& below : row.below) {
            if (below.option->type == Type::kAbsent || below.key == "[]") continue;
            if (below.key == "*" && !is_scalar(below)) continue;
            rows += row_text(below);
        }
        if (!path.empty() && !rows.empty()) {
            out_ += fmt::format("\n## `{}`\n\n{}\n\n", path, row.option->help);
            out_ +=
                "| key | type | default | range | a change needs | |\n| --- | --- | --- | --- | "
                "--- | --- |\n" +
                rows;
        }
        for (const auto& below : row.below) {
            if (is_scalar(below) && below.below.empty()) continue;
            const std::string name = below.key == "*" ? "NAME" : std::string(below.key);
            write_section(below, below.key == "[]" ? path + "[]"
                                 : path.empty()    ? name
                                                   : path + "." + name);
        }
    }

    static std::string row_text(const Table::Row& row) {
        const Option& option = *row.option;
        const auto code = [](std::string_view text) {
            return text.empty() ? "" : fmt::format("`{}`", text);
        };
        std::string type = type_text(row);
        for (size_t bar = type.find('|'); bar != std::string::npos; bar = type.find('|', bar + 2))
            type.insert(bar, "\\");
        std::string help(option.help);
        for (size_t bar = help.find('|'); bar != std::string::npos; bar = help.find('|', bar + 2))
            help.insert(bar, "\\");
        const std::string key = row.key == "*" ? "NAME" : std::string(row.key);
        return fmt::format("| `{}`{} | {} | {} | {} | {} | {} |\n", key,
                           option.required ? " (required)" : "", type, code(option.fallback),
                           range_text(option), name_of(option.reload), help);
    }

    std::string out_;
};

}  // namespace

std::string reference_yaml(const Table& table) {
    return YamlWriter().write(table);
}

std::string reference_markdown(const Table& table) {
    return MarkdownWriter().write(table);
}

}  // namespace zbridge::settings
