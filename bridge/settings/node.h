// A YAML file as a tree of maps, lists and scalars that remember where they stood. No YAML library
// behind it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/settings/source.h"

namespace zbridge::settings {

struct Node {
    enum class Kind : uint8_t {
        kNothing,  // null: the key stands there without a value
        kScalar,
        kList,
        kMap,
        kUnreadable,  // there was a value, and a finding has been made of it
    };
    struct Entry;

    Kind kind = Kind::kNothing;
    Place place;
    std::string text;            // kScalar: with its environment variables replaced
    std::vector<Node> items;     // kList
    std::vector<Entry> entries;  // kMap: in the order of the file, each key once
};

struct Node::Entry {
    std::string key;
    Place place;  // of the key
    Node value;
};

}  // namespace zbridge::settings
