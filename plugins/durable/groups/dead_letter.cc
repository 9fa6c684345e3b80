#include "plugins/durable/groups/dead_letter.h"

#include "bridge/base/message_id.h"

namespace zbridge::durable {

DeadLetter::DeadLetter(const zb_run& run, std::string_view topic, std::string_view group,
                       std::string_view reason, uint32_t attempts, int64_t now_ms)
    : attributes_(run.attributes, {kPrefix}),
      id_(MessageId{run.id_epoch, run.first_sequence}.text()) {
    attributes_.add("dead.topic", topic);
    attributes_.add("dead.group", group);
    attributes_.add("dead.id", id_);
    if (!reason.empty()) attributes_.add("dead.reason", reason);
    attributes_.add("dead.attempts", int64_t{attempts});
    attributes_.add("dead.stored_ms", run.stored_ms);
    attributes_.add("dead.died_ms", now_ms);
}

std::optional<ReadLetter> ReadLetter::read(zb_view attributes) {
    auto decoded = decode_attributes({attributes.data, attributes.size});
    if (!decoded) return std::nullopt;
    ReadLetter letter;
    letter.its = std::move(*decoded);
    for (const auto& [name, value] : letter.its.properties) {
        const std::string_view text{value.text.data, value.text.size};
        if (name == "dead.topic") letter.topic = text;
        if (name == "dead.group") letter.group = text;
        if (name == "dead.id") letter.id = text;
        if (name == "dead.reason") letter.reason = text;
        if (name == "dead.attempts") letter.attempts = value.integer;
        if (name == "dead.stored_ms") letter.stored_ms = value.integer;
        if (name == "dead.died_ms") letter.died_ms = value.integer;
        if (name == "redriven.times") letter.times = value.integer;
    }
    if (letter.topic.empty() || letter.group.empty()) return std::nullopt;
    return letter;
}

Redriven::Redriven(zb_view attributes, const ReadLetter& letter)
    : attributes_(attributes, {DeadLetter::kPrefix, kPrefix}) {
    attributes_.add("redriven.from", letter.group);
    attributes_.add("redriven.id", letter.id);
    attributes_.add("redriven.times", letter.times + 1);
}

}  // namespace zbridge::durable
