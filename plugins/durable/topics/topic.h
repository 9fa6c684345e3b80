// One topic, as it is now.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/durable/ids.h"
#include "plugins/durable/topics/dedup.h"
#include "plugins/durable/topics/holes.h"
#include "plugins/durable/topics/key_table.h"
#include "plugins/durable/topics/options.h"
#include "plugins/durable/topics/payload.h"
#include "plugins/durable/topics/topic_settings.h"

namespace zbridge::durable {

// What each message touches stands first, in one line of the cache.
struct alignas(64) Topic {
    TopicId id;
    Origin origin = Origin::kDeclared;
    // It was in the file once, and is not any more: kept, and refuses publishing.
    bool unconfigured = false;
    // `retention.unread: keep` holds what would have to go: publishing is refused.
    bool full = false;
    bool floor_unwritten = false;  // it rose since the last FLOOR or TOPIC record

    Offset next;                       // of the next message that is published
    Offset head;                       // one past the newest visible message
    Offset floor;                      // nothing below it is kept
    uint64_t messages = 0, bytes = 0;  // visible and kept
    int64_t newest_ms = 0;             // its messages' times do not go back

    TopicOptions options;
    // The first message that some group has not settled; none: there are no groups.
    std::optional<Offset> unread;
    // The tenant knows which of its messages are needed; no other is.
    bool for_tenant = false;
    std::string name;
    std::unique_ptr<Dedup> dedup;  // null: off
    uint64_t duplicates = 0;
    std::unique_ptr<KeyTable>
        keys;     // null: it keeps all. At the start also before its name is known.
    Holes holes;  // of what was replaced
    // At the start: ids of messages that stand before the topic's name in what is left of the log.
    struct EarlyId {
        std::string id;
        MessageId message;
        int64_t stored_ms = 0;
    };
    std::vector<EarlyId> early_ids;

    TopicState state() const {
        TopicState state{id, origin, options.durability, floor, next, name};
        // What the file says, it says again.
        if (origin == Origin::kImplicit) state.settings = settings_of(options);
        return state;
    }
};

}  // namespace zbridge::durable
