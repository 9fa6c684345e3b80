// Where a value stands in a document: $.customer.iban, $.items[0].sku, $.items[*].card,
// $['a.b'].x (a quote in it is doubled). [*] is every element of an array.
//
// Limits:  kPartsMax parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::document {

struct PathPart {
    enum class Kind : uint8_t { kKey, kIndex, kEach };
    Kind kind = Kind::kKey;
    std::string key;
    uint64_t index = 0;

    bool meets(std::string_view name) const { return kind == Kind::kKey && key == name; }
    bool meets(uint64_t at) const {
        return kind == Kind::kEach || (kind == Kind::kIndex && index == at);
    }
    bool operator==(const PathPart&) const = default;
};

using Path = std::vector<PathPart>;

inline constexpr size_t kPartsMax = 64;

// The error says what is wrong and what would be right. At least one part.
Result<Path> parse_path(std::string_view text);

}  // namespace zbridge::document
