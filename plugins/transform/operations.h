// What a transform does to a document: its options, compiled.
//
//   Operations operations;
//   operations.add_set("$.total", "$.amount");
//   ...
//   auto changed = operations.run(tree, message);
//
// Order:   the values of `set` are read from the document as it came; then remove, rename, set,
//          each in the order in which they were added.
// Failure: kInvalid, and a sentence that names the path; the tree may be half changed by then.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "plugins/document/tree.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge::transform {

class Operations {
 public:
    // Each: the error says what would be right.
    Status add_remove(std::string_view path);
    Status add_rename(std::string_view path, std::string_view name);
    Status add_set(std::string_view path, std::string_view value);

    // How many values were changed. Texts of the message's properties are views: the tree is
    // written before the message is changed.
    Result<size_t> run(document::Tree& tree, const Message& message);

 private:
    struct Rename {
        document::Path path;
        std::string name;
    };
    struct Set {
        std::string written;  // the path, as the user wrote it
        document::Path path;
        std::optional<document::Path> from;       // of the body
        std::string property;                     // or of the message
        std::string literal_json;                 // or neither: a literal
        std::unique_ptr<document::Tree> literal;  // of literal_json
    };

    Status read_value(std::string_view value, Set& set);
    // None: it is missing.
    std::optional<document::Node> value_of(const Set& set, const document::Tree& tree,
                                           const Message& message);

    std::vector<document::Path> removes_;
    std::vector<Rename> renames_;
    std::vector<std::unique_ptr<Set>> sets_;  // they stay where they are: trees view their texts
    std::vector<std::unique_ptr<std::string>> texts_;  // of properties, for one run
};

}  // namespace zbridge::transform
