#include "bridge/cli/plugin_check/random_message.h"

namespace zbridge::cli {

namespace {

constexpr uint64_t kDepthMax = 6;

std::string bytes(Random& random, uint64_t size) {
    std::string text(size, '\0');
    for (char& letter : text)
        letter = static_cast<char>(random.next());
    return text;
}

std::string word(Random& random) {
    static constexpr std::string_view kWords[] = {"amount", "card",  "id", "name", "$.a",  "EU",
                                                  "a b",    "items", "no", "",     "true", "x"};
    return std::string(kWords[random.below(std::size(kWords))]);
}

std::string json(Random& random, uint64_t depth) {
    switch (random.below(depth < kDepthMax ? 8 : 6)) {
        case 0:
            return "null";
        case 1:
            return random.below(2) == 0 ? "true" : "false";
        case 2:
            return std::to_string(static_cast<int64_t>(random.next()));
        case 3:
            return std::to_string(random.below(1000)) + "." + std::to_string(random.below(1000));
        case 4:
            return "\"" + word(random) + "\"";
        case 5:
            return "\"\\u00e9\\n" + word(random) + "\"";
        case 6: {
            std::string text = "[";
            for (uint64_t i = random.below(5); i > 0; i--)
                text += json(random, depth + 1) + (i > 1 ? "," : "");
            return text + "]";
        }
        default: {
            std::string text = "{";
            for (uint64_t i = random.below(5); i > 0; i--)
                text += "\"" + word(random) + "\": " + json(random, depth + 1) + (i > 1 ? "," : "");
            return text + "}";
        }
    }
}

// One that its reader may go astray in.
std::string broken(Random& random, std::string text) {
    if (text.empty()) return text;
    const uint64_t at = random.below(text.size());
    if (random.below(2) == 0)
        text.resize(at);
    else
        text[at] = static_cast<char>(random.next());
    return text;
}

std::string frame(Random& random) {
    std::string text;
    switch (random.below(8)) {
        case 0:
            return "";
        case 1:
            return word(random);
        case 2:
            return bytes(random, random.below(kRandomFrameBytesMax + 1));
        case 3:
            return std::string(random.below(kRandomFrameBytesMax + 1), 'x');
        case 4:
            text = json(random, 0);
            break;
        case 5:
            text = "{\"id\": " + std::to_string(random.below(100)) +
                   ", \"value\": " + json(random, 1) + "}";
            break;
        case 6:
            text = broken(random, json(random, 0));
            break;
        default:  // maps, arrays and texts of msgpack, as long as they say or not
            text = static_cast<char>(0x80 + random.below(0x60));
            text += bytes(random, random.below(40));
            break;
    }
    if (text.size() > kRandomFrameBytesMax) text.resize(kRandomFrameBytesMax);
    return text;
}

Value value(Random& random) {
    switch (random.below(4)) {
        case 0:
            return random.below(2) == 0;
        case 1:
            return static_cast<int64_t>(random.next());
        case 2:
            return static_cast<double>(random.below(1000)) / 7;
        default:
            return word(random);
    }
}

}  // namespace

plugin::LooseMessage random_message(Random& random) {
    plugin::LooseMessage message;
    for (uint64_t i = random.below(kRandomFramesMax + 1); i > 0; i--)
        message.frames.push_back(frame(random));
    if (random.below(2) == 0) return message;
    if (random.below(2) == 0) message.attributes.id = word(random);
    if (random.below(2) == 0) message.attributes.order_key = word(random);
    if (random.below(2) == 0) message.attributes.tag = word(random);
    if (random.below(4) == 0)
        message.attributes.deliver_at_ms = static_cast<int64_t>(random.next());
    for (uint64_t i = random.below(3); i > 0; i--)
        message.attributes.keys.push_back(word(random));
    for (uint64_t i = random.below(4); i > 0; i--)
        message.attributes.properties.emplace_back(word(random) + std::to_string(i), value(random));
    return message;
}

}  // namespace zbridge::cli
