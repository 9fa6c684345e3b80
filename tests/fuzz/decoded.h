// What both decoders promise of any bytes: the same answer each time, also from a decoder that has
// read other things before; and values that can be shown.
#pragma once

#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/check.h"
#include "bridge/routing/decoder.h"

namespace zbridge::fuzz {

using routing::Decoder;
using routing::Found;
using routing::Selector;

inline constexpr std::string_view kPaths[] = {
    "$",      "$.a",   "$.a.b", "$.a.b[1].c", "$[0]", "$[1]",      "$[0][0]",
    "$.a[0]", "$['']", "$.b",   "$.text",     "$.n",  "$['x y'].a"};

// What is found at each path, as text; none: undecodable.
inline std::optional<std::vector<std::string>> decoded(Decoder& decoder, std::string_view bytes) {
    Selector selector;
    for (const std::string_view path : kPaths)
        (void)selector.add(routing::parse_expression(path)->path);
    std::optional<std::vector<std::string>> texts;
    if (decoder.read(bytes, selector)) {
        texts.emplace();
        for (size_t i = 0; i < std::size(kPaths); i++) {
            const Found& found = selector.found(i);
            if (!found) {
                texts->emplace_back("nothing");
                continue;
            }
            // Its kind is part of it: "1" and 1 are not the same.
            texts->push_back(std::to_string(routing::value_of(found).index()) + " " +
                             routing::text_of(found));
        }
    }
    decoder.trim();
    return texts;
}

// A decoder that is new, and one that goes on from whatever was read before, agree.
inline std::optional<std::vector<std::string>> decoded_alike(std::unique_ptr<Decoder> fresh,
                                                             Decoder& used,
                                                             std::string_view bytes) {
    const auto first = decoded(*fresh, bytes);
    ZB_CHECK(first == decoded(*fresh, bytes), "it reads the same otherwise");
    ZB_CHECK(first == decoded(used, bytes), "what was read before makes a difference");
    return first;
}

}  // namespace zbridge::fuzz
