// A message as the dead letters have it: its own attributes, and what it died of as properties.
//
//   dead.topic  dead.group  dead.id  dead.reason  dead.attempts  dead.stored_ms  dead.died_ms
//
// And as it is when it is published again: without these, and with
//
//   redriven.from (the group)  redriven.id (that it had when it died)  redriven.times
#pragma once

#include <string>
#include <string_view>

#include "plugins/durable/groups/copied_attributes.h"

namespace zbridge::durable {

class DeadLetter {
 public:
    static constexpr std::string_view kPrefix = "dead.";

    // `run`: of one message; it, and the texts, outlive this. What one that has died before had of
    // these goes.
    DeadLetter(const zb_run& run, std::string_view topic, std::string_view group,
               std::string_view reason, uint32_t attempts, int64_t now_ms);

    const zb_attributes& attributes() { return attributes_.to_c(); }

 private:
    CopiedAttributes attributes_;
    std::string id_;
};

// What a message of a topic of dead letters says of itself; views into its attributes.
struct ReadLetter {
    DecodedAttributes its;
    std::string_view topic, group, id, reason;
    int64_t attempts = 0, stored_ms = 0, died_ms = 0;
    int64_t times = 0;  // it was published again

    // None: it is no dead letter of any group.
    static std::optional<ReadLetter> read(zb_view attributes);
};

class Redriven {
 public:
    static constexpr std::string_view kPrefix = "redriven.";

    // `attributes`: of the dead letter; they outlive this, as `letter` does.
    Redriven(zb_view attributes, const ReadLetter& letter);

    const zb_attributes& attributes() { return attributes_.to_c(); }

 private:
    CopiedAttributes attributes_;
};

}  // namespace zbridge::durable
