// A document as a tree that can be changed and written in either format.
//
//   Tree tree;
//   if (auto status = tree.read(Format::kJson, body); !status.ok()) ...
//   tree.remove(path);
//   if (auto status = tree.write(Format::kMsgpack, out); !status.ok()) ...
//
// Promise: what is not changed is written as it stood if the format is the same: a number keeps its
//          digits, a text its escapes, msgpack its sizes. Blanks between JSON's values are not
//          kept. Keys: of keys that stand twice in one map find() takes the last one; remove()
//          takes all of them; set() and rename() leave one.
// Failure: kInvalid, and a sentence about what cannot be. The tree may be half changed by then.
// Limits:  scan.h's; kNodesMax values, also after set(); kBytesMax written.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "plugins/document/path.h"
#include "plugins/document/scan.h"

namespace zbridge::document {

inline constexpr size_t kNodesMax = 65'536;

// A value; within a map also its key. Texts are views of the document that it was read from.
struct Node {
    Format format = Format::kJson;  // that `value` is written in
    Scalar value;                   // of a map or an array its kind alone
    std::string_view name;          // its key, read
    Format key_format = Format::kJson;
    Scalar key;
    std::vector<Node> children;

    bool is(Kind kind) const { return value.kind == kind; }
};

class Tree final : private Visitor {
 public:
    // `bytes` live as long as the tree, and what was copied out of it.
    Status read(Format format, std::string_view bytes);
    const Node& root() const { return root_; }

    // Null: nothing is there. REQUIRES: a path without [*].
    const Node* find(const Path& path) const;
    // Returns how many were there.
    size_t remove(const Path& path);
    // The key where `path` ends; what had the new name before is gone. REQUIRES: a path that ends
    // with a key; `name` is UTF-8. Returns how many were there.
    size_t rename(const Path& path, std::string_view name);
    // Makes the maps that are missing on the way; an index one beyond the end makes the array
    // longer. Returns to how many places, none for [*] of an empty array.
    Result<size_t> set(const Path& path, const Node& value);

    // Appends to `out`.
    Status write(Format format, std::string& out) const;

 private:
    void on_open(Kind kind, size_t at) override;
    void on_key(const Scalar& key) override;
    void on_scalar(const Scalar& value) override;
    void on_close(size_t end) override;
    Node* add(Format format, const Scalar& value);
    Status set_below(Node& node, const Path& path, size_t part, const Node& value,
                     size_t value_nodes);
    Status put(Node& container, const PathPart& last, const Node& value, size_t value_nodes);
    Node key_node(std::string_view name);
    std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

    Format format_ = Format::kJson;
    Node root_;
    std::vector<Node*> open_;  // while it is read: maps and arrays, the innermost last
    Scalar key_;
    std::string_view name_;
    size_t nodes_ = 0;
    size_t places_ = 0;             // of the set() that runs
    std::deque<std::string> kept_;  // texts of our own; a deque: they stay where they are
};

// Values in all that `node` holds, itself included.
size_t count_nodes(const Node& node);

}  // namespace zbridge::document
