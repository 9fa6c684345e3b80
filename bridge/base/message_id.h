// A message's id: 16 bytes (store epoch, then a sequence), sortable, 26 characters when printed.
//
// Printed in Crockford's base 32 without I, L, O, U, so that ids sort as text as they do as
// numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zbridge {

struct MessageId {
    static constexpr size_t kTextBytes = 26;
    uint64_t epoch = 0;
    uint64_t sequence = 0;

    constexpr auto operator<=>(const MessageId&) const = default;
    std::string text() const;
    // None: it was not printed by text().
    static std::optional<MessageId> parse(std::string_view text);
};

}  // namespace zbridge
