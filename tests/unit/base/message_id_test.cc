#include "bridge/base/message_id.h"

#include <doctest/doctest.h>

#include <string>

namespace zbridge {

TEST_CASE("an id's text reads back, and sorts as the id does") {
    const MessageId ids[] = {{0, 0},
                             {0, 1},
                             {0, UINT64_MAX},
                             {1, 0},
                             {0x0123456789abcdef, 31},
                             {UINT64_MAX, UINT64_MAX}};
    std::string before;
    for (const MessageId& id : ids) {
        const std::string text = id.text();
        CHECK(text.size() == MessageId::kTextBytes);
        CHECK(MessageId::parse(text) == id);
        CHECK(before < text);
        before = text;
    }
}

TEST_CASE("what is no text of an id is none") {
    const std::string text = MessageId{5, 772}.text();
    for (const std::string& other :
         {std::string(), text.substr(1), text + "0", "I" + text.substr(1), "8" + text.substr(1),
          text.substr(0, 25) + "u", text.substr(0, 25) + " "})
        CHECK_FALSE(MessageId::parse(other));
}

}  // namespace zbridge
