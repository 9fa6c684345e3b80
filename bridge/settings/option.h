// The option table: one row for each key of the YAML file. The parser, its checks,
// config/reference.yaml, docs/REFERENCE.md and the JSON Schema all read it; a plugin declares its
// own options in the same rows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::settings {

enum class Type : uint8_t {
    kSection,  // a map: the rows below it say of what
    kText,
    kName,        // what the user calls something: [a-z0-9][a-z0-9_-]{0,62}
    kFlag,        // true, false
    kCount,       // a whole number
    kNumber,      // any number
    kSize,        // bytes, with a unit: B KiB MiB GiB TiB, KB MB GB TB
    kDuration,    // with a unit: ms s m h d
    kChoice,      // one of `choices`
    kAddress,     // tcp://HOST:PORT, ipc://PATH
    kReference,   // [kind/]name of something else in the file
    kExpression,  // $.path, $frame[i], $frame[i].path, $peer.user|identity|address, else a literal
    kTemplate,    // text with {code} {reason} {id}
    kOpaque,      // any YAML: read by whoever knows more of it
    kFilter,      // SQL92 over a message's properties and its tag (bridge/base/sql92)
    kAbsent,      // known, and not in this build: `help` says what it needs
};

// What a change of the key needs while the bridge runs.
enum class Reload : uint8_t {
    kLive,       // nothing
    kReconnect,  // the peers of its endpoint connect again
    kRestart,    // the bridge is started again
};

// What the names in a map of the user's look like: of a row `*`.
enum class Names : uint8_t {
    kPlain,       // [a-z0-9][a-z0-9_-]{0,62}
    kProperties,  // letters of any case and dots too
    kTopics,      // [A-Za-z0-9%_.-]{1,127}
    kAny,         // any text
};

struct Choice {
    std::string_view name;
    std::string_view absent = {};  // why this build refuses it; empty: it does not
};

struct Option {
    std::string_view
        path;  // "endpoints.*.limits.max_peers"; `*`: a name of the user's; `[]`: one of a list
    Type type = Type::kSection;
    std::string_view fallback = {};  // as one writes it; empty: none
    std::string_view min = {};       // kCount, kSize, kDuration: as one writes it; empty: no bound
    std::string_view max = {};
    std::span<const Choice> choices = {};
    bool many = false;  // one value or a list of them
    bool required = false;
    bool off = false;                 // kDuration: `off` is 0
    Names names = Names::kPlain;      // a row `*`
    bool whole = false;               // kSection: where it is left out, its defaults count still
    std::string_view short_for = {};  // kSection: a single value stands for this key of it
    Reload reload = Reload::kRestart;
    std::string_view help = {};     // one sentence; kAbsent: what it needs
    std::string_view example = {};  // of a value, as one writes it; empty: the fallback
    bool commented = false;         // reference.yaml shows it, and all below it, behind a #
};

// The rows as a tree. REQUIRES: each row's parent is a row too; no path stands twice.
class Table {
 public:
    struct Row {
        std::string_view key;            // the last part of its path
        const Option* option = nullptr;  // none: the root
        std::vector<Row> below;

        const Row* find(std::string_view name) const;    // by its key; none if there is none
        const Row* names() const { return find("*"); }   // of a map of names
        const Row* items() const { return find("[]"); }  // of a list
    };

    explicit Table(std::span<const Option> options);

    const Row& root() const { return root_; }
    std::span<const Option> options() const { return options_; }

 private:
    std::span<const Option> options_;
    Row root_;
};

// Of the file itself. What engines declare is kOpaque in it (FileTable shows it).
const Table& bridge_table();

// The row of a section that an engine may declare: `topics`, `groups`.
bool is_engine_section(const Option& row);

std::string_view name_of(
    Type type);  // "a duration with its unit, as 5s or 500ms": as a sentence expects it
std::string_view name_of(Reload reload);  // "live"

}  // namespace zbridge::settings
