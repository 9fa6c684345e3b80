// Numbers as corrs and lease tokens have them on the wire. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zbridge {

template <class Number>
void put_big_endian(char* at, Number number) {
    for (size_t i = 0; i < sizeof(Number); i++)
        at[i] = static_cast<char>(number >> (8 * (sizeof(Number) - 1 - i)));
}

template <class Number>
Number get_big_endian(const char* at) {
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof(Number); i++)
        number = number << 8 | static_cast<uint8_t>(at[i]);
    return static_cast<Number>(number);
}

}  // namespace zbridge
