#include "bridge/rpc/dedup.h"

#include <utility>

namespace zbridge::rpc {

Dedup::Dedup(const DedupOptions& options, const Clock& clock, Timers& timers, MemoryBudget& memory,
             std::function<void(Request&)> on_forgotten)
    : options_(options),
      clock_(clock),
      memory_(memory),
      on_forgotten_(std::move(on_forgotten)),
      due_(clock, timers, [this](DedupEntry& entry) { on_due(entry); }) {}

Dedup::~Dedup() {
    memory_.take_back(bytes_);
}

DedupEntry* Dedup::find(const std::string& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
}

DedupEntry& Dedup::begin(std::string key, Request& leader) {
    count(key.size());
    while ((entries_.size() >= options_.entries_max || too_many_bytes()) && drop_oldest()) {
    }
    const auto [at, is_new] = entries_.try_emplace(std::move(key));
    ZB_CHECK(is_new);
    at->second.key = &at->first;
    at->second.leader = &leader;
    return at->second;
}

void Dedup::store(DedupEntry& entry, const ReplyFrames& reply) {
    ZB_CHECK(entry.joined.empty());
    if (entry.due_link.linked) due_.remove(entry);
    entry.leader = nullptr;
    entry.reply = reply.wire.bytes().substr(reply.delimiter);
    entry.reply_body = reply.body - reply.delimiter;
    count(entry.reply.size());
    due_.push(entry, clock_.now() + options_.window);
    while (too_many_bytes() && drop_oldest()) {
    }
}

ReplyFrames Dedup::stored(const DedupEntry& entry) const {
    ZB_CHECK(entry.leader == nullptr);
    return {memory_.copy(entry.reply), 0, entry.reply_body};
}

void Dedup::linger(DedupEntry& entry) {
    ZB_CHECK(entry.leader != nullptr);
    if (!entry.due_link.linked) due_.push(entry, clock_.now() + options_.window);
}

void Dedup::erase(DedupEntry& entry) {
    ZB_CHECK(entry.joined.empty());
    if (entry.due_link.linked) due_.remove(entry);
    const uint64_t bytes = entry.key->size() + entry.reply.size();
    bytes_ -= bytes;
    memory_.take_back(bytes);
    entries_.erase(entries_.find(*entry.key));
}

void Dedup::on_due(DedupEntry& entry) {
    if (entry.leader == nullptr) return erase(entry);
    if (entry.leader->client != nullptr || !entry.joined.empty()) return linger(entry);
    on_forgotten_(*entry.leader);
}

void Dedup::count(uint64_t bytes) {
    bytes_ += bytes;
    memory_.add(bytes);
}

bool Dedup::too_many_bytes() const {
    return bytes_ > memory_.limit() / kShareOfMemory;
}

bool Dedup::drop_oldest() {
    DedupEntry* oldest = due_.front();
    if (oldest == nullptr) return false;
    if (oldest->leader != nullptr && !oldest->joined.empty()) {
        due_.remove(*oldest);  // a repeat waits for it: as good as new
        linger(*oldest);
        return false;
    }
    dropped_++;
    if (oldest->leader == nullptr) {
        erase(*oldest);
    } else {
        on_forgotten_(*oldest->leader);
    }
    return true;
}

}  // namespace zbridge::rpc
