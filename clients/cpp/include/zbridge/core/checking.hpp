// What a client is asked about: messages that were prepared for a topic, and that nobody has resolved in
// time.
//
// Flow:    SUBSCRIBE (checks) ... CHECK -> [checking] -> Check -> asking.hpp (COMMIT, ROLLBACK) | UNKNOWN
// Promise: what the application has not seen when the connection is lost is forgotten: the bridge asks
//          again.
// Limits:  CheckSubscription.credit of them are asked and not answered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../attributes.hpp"
#include "streams.hpp"

namespace zbridge::client::core {

struct CheckPart {
    std::string token;
    uint64_t number = 0;  // 1 the first time
    uint64_t of = 0;
    Place id;
    std::shared_ptr<const void> owner;  // of the octets below
    std::string_view message;           // as it stands in the block
    std::string_view body;              // its last frame
    AttributesPtr attributes;           // where they were asked for
};

struct CheckSubscription : Stream<CheckPart> {
    std::string topic;
    uint64_t credit = 0;
    bool attributes = false;

    void write(Command& command) const {
        command.text("checks", topic).number("credit", credit).flag_if("attributes", attributes);
    }
};

using CheckSubscriptionPtr = std::shared_ptr<CheckSubscription>;

class Checking : public Streams<CheckSubscription, uint64_t{1} << 29> {
 public:
    using Streams::Streams;

    static std::optional<CheckPart> take(CheckSubscription& checks) {
        if (checks.buffer.empty()) return std::nullopt;
        CheckPart found = std::move(checks.buffer.front());
        checks.buffer.pop_front();
        return found;
    }

    // Of another connection nobody waits for it: the bridge asks again by itself.
    void unknown(const std::string& token) {
        say(Command("UNKNOWN").value("tokens", [&token](Packer& packer) {
            packer.pack_array(1);
            pack_octets(packer, token);
        }));
    }

    void on_check(const Heard& heard) {
        const Fields& fields = heard.fields;
        BlockReader block(heard.block.octets);
        if (!block.next()) throw Violation("a CHECK without a message");
        const Value* attributes = fields.find("attributes");
        CheckPart part{std::string(octets_of(fields.get("token"))),
                       fields.number("number"),
                       fields.number("of"),
                       Place::read(octets_of(fields.get("id"))),
                       heard.block.owner,
                       block.message(),
                       block.last(),
                       attributes == nullptr ? nullptr : attributes_of(*attributes)};
        if (block.next()) throw Violation("a CHECK of several messages");
        CheckSubscription* checks = of(fields.number("sub"));
        if (checks != nullptr) checks->buffer.push_back(std::move(part));
    }
};

}  // namespace zbridge::client::core
