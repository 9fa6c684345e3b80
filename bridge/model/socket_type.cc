#include "bridge/model/socket_type.h"

#include "bridge/base/text.h"

namespace zbridge {

namespace {

struct Row {
    std::string_view name;
    SocketType counterpart;
};

constexpr Row kRows[] = {
    {"PAIR", SocketType::kPair},     {"PUB", SocketType::kXsub},   {"SUB", SocketType::kXpub},
    {"REQ", SocketType::kRouter},    {"REP", SocketType::kDealer}, {"DEALER", SocketType::kRouter},
    {"ROUTER", SocketType::kDealer}, {"PULL", SocketType::kPush},  {"PUSH", SocketType::kPull},
    {"XPUB", SocketType::kXsub},     {"XSUB", SocketType::kXpub},
};
constexpr uint8_t kTypes = sizeof(kRows) / sizeof(kRows[0]);

}  // namespace

std::string_view name_of(SocketType type) {
    return kRows[static_cast<size_t>(type)].name;
}

std::optional<SocketType> socket_type_named(std::string_view name) {
    for (uint8_t i = 0; i < kTypes; i++) {
        if (same_letters(kRows[i].name, name)) return static_cast<SocketType>(i);
    }
    return std::nullopt;
}

std::optional<SocketType> socket_type_numbered(uint8_t number) {
    if (number >= kTypes) return std::nullopt;
    return static_cast<SocketType>(number);
}

SocketType counterpart_of(SocketType type) {
    return kRows[static_cast<size_t>(type)].counterpart;
}

std::string SocketTypes::list() const {
    std::string text;
    for (uint8_t i = 0; i < kTypes; i++) {
        if (!has(static_cast<SocketType>(i))) continue;
        if (!text.empty()) text += ", ";
        text += kRows[i].name;
    }
    return text;
}

}  // namespace zbridge
