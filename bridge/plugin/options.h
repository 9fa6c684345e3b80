// What a plugin declares of itself, and what the file gives one of its instances: as settings reads
// and checks it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::plugin {

// A row of a plugin's option table: zb_option, checked.
struct DeclaredOption {
    enum class Type : uint8_t { kText, kFlag, kCount, kNumber, kSize, kDuration, kChoice, kSecret };
    std::string key;  // "mode"; "retention.age": `age` in the map `retention`
    Type type = Type::kText;
    bool required = false;
    bool many = false;                              // one value or a list
    bool map = false;                               // names of the user's, each with a value
    bool short_form = false;                        // `- { name: VALUE }` gives it
    std::string fallback, min, max, help, example;  // as one writes them; empty: none
    std::vector<std::string> choices;
};

// A section of the file that belongs to an engine: zb_section, checked.
struct DeclaredSection {
    std::string name, help;               // "topics"
    std::vector<DeclaredOption> options;  // of each of its entries
};

struct Declared {
    std::string name, version, summary;
    std::string origin;  // the file it was loaded from; empty: linked in
    // What it can be.
    bool step = false, source = false, sink = false, auth = false, engine = false;
    std::vector<DeclaredOption> options;
    std::vector<DeclaredSection> sections;  // of an engine
};

// One value of an option, and where the file has it; {0, 0}: its fallback.
struct OptionValue {
    std::string name;  // of an entry of a map
    std::string text;
    int64_t integer = 0;  // flag, count, size in bytes, duration in nanoseconds
    double number = 0;
    uint32_t line = 0, column = 0;
};

// By the options' keys.
using OptionValues = std::map<std::string, std::vector<OptionValue>>;

// What becomes of a message whose step has failed.
enum class OnError : uint8_t {
    kRefuse,
    kPass,       // as it was before the step
    kDeadLetter  // likewise, but to the dead letters of the instance
};

// An entry of a section: `orders` of `topics`.
struct SectionEntry {
    std::string name;
    uint32_t line = 0, column = 0;
    OptionValues values;
};

struct InstanceOptions {
    std::string name;  // as the file calls it; of a step written in a route: "route/filter"
    std::string use;   // the plugin: a name or a path, as Declarations::find() takes it
    std::string file;  // for findings: "shop.yaml"
    uint32_t line = 0, column = 0;
    OnError on_error = OnError::kRefuse;
    uint32_t keep_messages = 1000;    // of its own, made or copied, at a time
    uint64_t keep_bytes = 16 << 20;   // likewise
    uint32_t window = 1024;           // of a source: messages without an outcome
    uint32_t line_messages = 10'000;  // of a sink, or a step with a thread: that wait for it
    uint64_t line_bytes = 16 << 20;   // likewise
    OptionValues values;
    // Of an engine: by the section's name, its entries in the order of the file.
    std::map<std::string, std::vector<SectionEntry>> sections;
};

// A value of an option that the plugin itself finds wrong.
struct OptionProblem {
    uint32_t line = 0, column = 0;
    std::string sentence;
};

// What is wrong with an instance, with its name: "plugin mask: `fields`: ...".
inline std::string of_instance(const std::string& name, const std::string& sentence) {
    const bool named = sentence.starts_with("plugin " + name + " (");  // Instance::title()
    return named ? sentence : "plugin " + name + ": " + sentence;
}

// Asked by the loader of the configuration for what it is to check.
class Declarations {
 public:
    virtual ~Declarations() = default;
    // Also in these folders, before those known already. Again with others: instead of the last
    // ones.
    virtual void search_in(const std::vector<std::string>& folders) = 0;
    // `use` is a plugin's name, or the path of a shared object (it has a `/`), relative to
    // `folder`. The error is a sentence that names what was tried.
    virtual Result<const Declared*> find(const std::string& use, const std::string& folder) = 0;
    // Makes an instance and lets it go again, which has no side effects: what is wrong with its
    // options.
    virtual std::vector<OptionProblem> try_out(const Declared& declared,
                                               const InstanceOptions& options) = 0;
    // Names that find() would know: for "did you mean".
    virtual std::vector<std::string> names() const = 0;
};

}  // namespace zbridge::plugin
