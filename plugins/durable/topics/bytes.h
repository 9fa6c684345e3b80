// Numbers in little endian, as records have them.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

namespace zbridge::durable {

static_assert(std::endian::native == std::endian::little);

// Writes it at `at`; returns one past it.
template <std::integral Number>
char* put(char* at, Number number) {
    std::memcpy(at, &number, sizeof(number));
    return at + sizeof(number);
}

template <std::integral Number>
void append(std::string& bytes, Number number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// Takes numbers and texts off the front of bytes. What is missing reads as 0, and ok() is false from
// then on.
class Taker {
 public:
    explicit Taker(std::string_view bytes) : rest_(bytes) {}

    template <std::integral Number>
    Number number() {
        Number number = 0;
        const std::string_view bytes = text(sizeof(number));
        if (bytes.size() == sizeof(number)) std::memcpy(&number, bytes.data(), sizeof(number));
        return number;
    }
    std::string_view text(size_t size) {
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::string_view rest() const { return rest_; }
    bool ok() const { return ok_; }

 private:
    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace zbridge::durable
