#include "plugins/durable/topics/siphash.h"

#include <bit>
#include <cstring>

namespace zbridge::durable {

namespace {

struct State {
    uint64_t v0, v1, v2, v3;

    void mix(int rounds) {
        for (int i = 0; i < rounds; i++) {
            v0 += v1;
            v2 += v3;
            v1 = std::rotl(v1, 13) ^ v0;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 = std::rotl(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = std::rotl(v1, 17) ^ v2;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 = std::rotl(v2, 32);
        }
    }
    void take(uint64_t word) {
        v3 ^= word;
        mix(2);
        v0 ^= word;
    }
    uint64_t sum() const { return v0 ^ v1 ^ v2 ^ v3; }
};

}  // namespace

Digest siphash(const HashKey& key, std::string_view bytes) {
    State state{key.first ^ 0x736f6d6570736575U, key.second ^ 0x646f72616e646f6dU ^ 0xee,
                key.first ^ 0x6c7967656e657261U, key.second ^ 0x7465646279746573U};
    const uint64_t size = bytes.size();
    for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
        uint64_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof(word));
        state.take(word);
    }
    uint64_t last = size << 56;
    for (size_t i = 0; i < bytes.size(); i++)
        last |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    state.take(last);

    Digest digest;
    state.v2 ^= 0xee;
    state.mix(4);
    digest.first = state.sum();
    state.v1 ^= 0xdd;
    state.mix(4);
    digest.second = state.sum();
    return digest;
}

}  // namespace zbridge::durable
