// Numbers as the journal's files have them: little endian, at fixed places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace zbridge::durable {

template <class Number>
void put_le(char* at, Number number) {
    const auto bits = static_cast<std::make_unsigned_t<Number>>(number);
    for (size_t i = 0; i < sizeof(Number); i++)
        at[i] = static_cast<char>(bits >> (8 * i));
}

template <class Number>
Number get_le(const char* at) {
    std::make_unsigned_t<Number> bits = 0;
    for (size_t i = 0; i < sizeof(Number); i++) {
        const std::make_unsigned_t<Number> byte = static_cast<uint8_t>(at[i]);
        bits = static_cast<std::make_unsigned_t<Number>>(bits | byte << (8 * i));
    }
    return static_cast<Number>(bits);
}

}  // namespace zbridge::durable
