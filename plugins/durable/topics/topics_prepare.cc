// Messages that are prepared: written where nobody reads, and later to their topics, or not.
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

zb_taken Topics::prepare(const zb_publication& publication, std::string_view checker,
                         zb_receipt& receipt, Offset& where) {
    const Topic* target = table_.find(TopicId(publication.topic));
    attributes_.clear();
    if (publication.attributes != nullptr) encode_attributes(*publication.attributes, attributes_);
    const zb_taken taken = look_at_prepared(target, publication, receipt);
    if (taken != ZB_TAKEN) return taken;
    if (!commits_->has_room()) return ZB_LATER;
    const auto prepared = tenant_->prepared();
    if (!prepared) {
        return refuse(ZB_TOPIC_FULL, target->name + ": as many messages are prepared as may",
                      receipt);
    }
    append_prepared(attributes_, {target->id, checker});
    const size_t bytes =
        BatchWriter::bytes_of(attributes_.size(), publication.wire.size) + Tenant::kDelayBytes;
    if (bytes > body_bytes_max())
        return refuse(ZB_TOO_LARGE, target->name + ": larger than a batch", receipt);
    commits_->make_room(bytes);
    Topic& topic = *table_.find(*prepared);
    const MessageId id{world_.epoch, next_sequence_};
    where = topic.next;
    write(topic, attributes_, {publication.wire.data, publication.wire.size}, publication.frames);
    tenant_->on_prepared(where);
    next_sequence_++;
    take_number(id, receipt);
    return ZB_TAKEN;
}

// As it will be in its topic, if it is committed at once.
zb_taken Topics::look_at_prepared(const Topic* target, const zb_publication& publication,
                                  zb_receipt& receipt) {
    const zb_taken taken =
        check(target, attributes_.size() + publication.wire.size, /*frees=*/false, receipt);
    if (taken != ZB_TAKEN) return taken;
    if (tenant_ == nullptr) return refuse(ZB_UNABLE, "topics alone have no transactions", receipt);
    if (publication.attributes != nullptr && publication.attributes->deliver_at_ms > now_ms()) {
        return refuse(
            ZB_UNABLE,
            target->name + ": a prepared message cannot wait for its time too (deliver_at)",
            receipt);
    }
    return ZB_TAKEN;
}

zb_taken Topics::commit(TopicId target, const zb_run& message, std::string_view attributes,
                        const Companion& with, zb_receipt& receipt) {
    Topic* topic = table_.find(target);
    const std::string_view id = id_in(attributes);
    Dedup* dedup = topic == nullptr || id.empty() ? nullptr : topic->dedup.get();
    const auto first = dedup != nullptr ? dedup->find(id, turn_ms()) : std::nullopt;
    if (first) {
        topic->duplicates++;
        write(with.type, with.payload, with.effect);
        receipt.duplicate = 1;
        receipt.id_epoch = first->epoch;
        receipt.id_sequence = first->sequence;
        return ZB_TAKEN;
    }
    const zb_taken taken = deliver(target, message, attributes, with, receipt);
    if (taken != ZB_TAKEN) return taken;
    const MessageId its{message.id_epoch, message.first_sequence};
    if (dedup != nullptr) dedup->add(id, its, turn_ms());
    receipt.id_epoch = its.epoch;
    receipt.id_sequence = its.sequence;
    return ZB_TAKEN;
}

}  // namespace zbridge::durable
