#include "bridge/model/corr.h"

#include <string>

using namespace zbridge;

namespace {
std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned char byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}
}  // namespace

TEST_CASE("a corr has these golden bytes for ever") {
    const Corr corr{Corr::Kind::kRequest, 2, Epoch(0x01020304), 0x1122334455667788};
    const auto bytes = corr.encode();
    CHECK(hex({bytes.data(), bytes.size()}) == "010213ca010203041122334455667788");
}

TEST_CASE("a corr reads back as what was written") {
    const Corr corr{Corr::Kind::kRequest, 17, Epoch(9), 12345};
    const auto bytes = corr.encode();
    CHECK(Corr::decode({bytes.data(), bytes.size()}) == corr);
}

TEST_CASE("what is no corr is told from one: length, kind, any flipped bit") {
    const auto bytes = Corr{Corr::Kind::kRequest, 1, Epoch(7), 42}.encode();
    const std::string whole(bytes.data(), bytes.size());
    CHECK_FALSE(Corr::decode(whole.substr(1)));
    CHECK_FALSE(Corr::decode(whole + "x"));
    CHECK_FALSE(Corr::decode(std::string(16, '\0')));
    for (size_t bit = 0; bit < 128; bit++) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(Corr::decode(flipped));
    }
}
