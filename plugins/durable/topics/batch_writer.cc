#include "plugins/durable/topics/batch_writer.h"

#include <algorithm>
#include <utility>

namespace zbridge::durable {

namespace {

// Of a chunk's rest, as the body of a batch.
size_t room_in(const ChunkRef& chunk) {
    const size_t whole =
        chunk->free_space() / BatchMemory::kSectorBytes * BatchMemory::kSectorBytes;
    return whole < BatchMemory::kHeadBytes ? 0 : whole - BatchMemory::kHeadBytes;
}

}  // namespace

void BatchWriter::begin(size_t bytes) {
    ZB_CHECK(batch_.memory.records == 0 && !open_);
    if (bytes > body_bytes_max_) {
        batch_.chunk = pool_.take_large(BatchMemory::capacity_for(bytes));
    } else {
        if (!shared_ || room_in(shared_) < std::max(bytes, kRoomMin)) {
            pool_.give_back(std::exchange(shared_, ChunkRef()));
            shared_ = pool_.take();
        }
        batch_.chunk = shared_;
    }
    batch_.memory.data = batch_.chunk->tail();
    batch_.memory.sync = false;
    begin_ = at_ = batch_.memory.body();
    end_ = begin_ + std::min(room_in(batch_.chunk), std::max(bytes, body_bytes_max_));
}

void BatchWriter::add_message(const MsgHead& head, std::string_view attributes,
                              std::string_view wire) {
    close_record();
    open_ = true;
    head_ = head;
    record_ = at_;
    at_ += MsgHead::kRecordHeadBytes;
    if (!attributes.empty()) std::memcpy(at_, attributes.data(), attributes.size());
    attributes_ = {at_, attributes.size()};
    at_ += attributes.size();
    std::memcpy(at_, wire.data(), wire.size());
    at_ += wire.size();
}

void BatchWriter::add_record(RecordType type, std::string_view payload, uint8_t version) {
    close_record();
    at_ = write_record_head(at_, type, version, payload.size());
    if (!payload.empty()) std::memcpy(at_, payload.data(), payload.size());
    at_ += payload.size();
    batch_.memory.records++;
}

Batch BatchWriter::take() {
    close_record();
    if (begin_ != nullptr) {
        batch_.memory.body_bytes = body_bytes();
        // What comes behind it in the chunk begins where its padding ends.
        if (batch_.memory.records > 0)
            batch_.chunk->commit(BatchMemory::capacity_for(batch_.memory.body_bytes));
    }
    begin_ = at_ = end_ = nullptr;
    Batch taken = std::exchange(batch_, Batch());
    batch_.runs.swap(runs_);
    return taken;
}

void BatchWriter::give_back(Batch& batch) {
    if (batch.runs.capacity() > kRunsKeptMax) return;
    batch.runs.clear();
    if (batch_.runs.capacity() == 0)
        batch_.runs.swap(batch.runs);
    else if (runs_.capacity() < batch.runs.capacity())
        runs_.swap(batch.runs);
}

void BatchWriter::close_record() {
    if (!open_) return;
    open_ = false;
    head_.attribute_bytes = static_cast<uint32_t>(attributes_.size());
    char* const payload = record_ + MsgHead::kLengthBytes + 2;
    write_msg_head(record_, head_, static_cast<uint64_t>(at_ - payload));
    batch_.memory.records++;

    const char* const wire = attributes_.data() + attributes_.size();
    FilledRun& filled = batch_.runs.emplace_back();
    filled.topic = head_.topic;
    filled.position = static_cast<uint32_t>(record_ - begin_);
    filled.run.chunk = batch_.chunk.get();
    filled.run.wire = wire;
    filled.run.bytes = static_cast<uint64_t>(at_ - wire);
    filled.run.first_offset = head_.first.number;
    filled.run.count = head_.count;
    filled.run.frames = head_.frames;
    filled.run.id_epoch = head_.first_id.epoch;
    filled.run.first_sequence = head_.first_id.sequence;
    filled.run.stored_ms = head_.stored_ms;
    filled.run.attributes = {attributes_.data(), attributes_.size()};
    link(filled);
}

// To the one before of its topic.
void BatchWriter::link(FilledRun& filled) {
    const uint32_t topic = filled.topic.number();
    const auto at = static_cast<uint32_t>(batch_.runs.size() - 1);
    if (topic >= last_of_.size()) last_of_.resize(topic + 1, FilledRun::kNone);
    const uint32_t before = std::exchange(last_of_[topic], at);
    filled.leads = before >= at || batch_.runs[before].topic != filled.topic;
    if (!filled.leads) batch_.runs[before].next = at;
}

}  // namespace zbridge::durable
