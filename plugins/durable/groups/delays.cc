#include "plugins/durable/groups/delays.h"

#include "plugins/durable/topics/attributes.h"

namespace zbridge::durable {

bool Delays::deliver_due() {
    group_.wake();
    return group_.hand_over(
        kDeliverMax, kAgain,
        [this](const zb_run& message, const Companion& with) { return deliver(message, with); });
}

void Delays::recall(const std::vector<Delayed>& delayed) {
    std::vector<Offset> offsets;
    for (const Delayed& each : delayed) {
        offsets.push_back(each.offset);
        topics_.done_with(topic(), each.offset, each.bytes);
    }
    group_.drop_waiting(offsets);
    recalled_ += offsets.size();
}

void Delays::reschedule(const std::vector<Delayed>& delayed, int64_t due_ms) {
    std::vector<Offset> offsets;
    for (const Delayed& each : delayed)
        offsets.push_back(each.offset);
    group_.delay_again(offsets, due_ms);
    group_.wake();
}

Group::HandedOver Delays::deliver(const zb_run& message, const Companion& with) {
    std::string_view attributes{message.attributes.data, message.attributes.size};
    const auto target = take_target(attributes);
    if (!target || topics_.table().find(*target) == nullptr) {
        dropped_++;
        topics_.write(with.type, with.payload, with.effect);
        return Group::HandedOver::kDone;
    }
    zb_receipt receipt{};
    switch (topics_.deliver(*target, message, attributes, with, receipt)) {
        case ZB_TAKEN:
            delivered_++;
            topics_.done_with(topic(), {message.first_offset},
                              message.bytes + message.attributes.size);
            return Group::HandedOver::kDone;
        case ZB_LATER:
            return Group::HandedOver::kStop;
        default:
            refused_++;
            return Group::HandedOver::kAgain;
    }
}

}  // namespace zbridge::durable
