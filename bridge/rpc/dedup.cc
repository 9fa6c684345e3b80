#include "bridge/rpc/dedup.h"

#include <utility>

namespace zbridge::rpc {

Dedup::Dedup(const DedupOptions& options, const Clock& clock, Timers& timers, MemoryBudget& memory,
             std::function<void(Request&)> on_forgotten, std::function<void(uint64_t)> on_dropped)
    : options_(options),
      clock_(clock),
      memory_(memory),
      on_forgotten_(std::move(on_forgotten)),
      on_dropped_(std::move(on_dropped)),
      due_(clock, timers, [this](DedupEntry& entry) { on_due(entry); }) {}

Dedup::~Dedup() {
    memory_.take_back(bytes_);
}

DedupEntry* Dedup::find(const std::string& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
}

DedupEntry& Dedup::begin(std::string key, Request& leader) {
    DedupEntry& entry = add(std::move(key));
    entry.leader = &leader;
    return entry;
}

DedupEntry& Dedup::add(std::string key) {
    count(key.size());
    while ((entries_.size() >= options_.entries_max || too_many_bytes()) && drop_oldest()) {
    }
    const auto [at, is_new] = entries_.try_emplace(std::move(key));
    ZB_CHECK(is_new);
    at->second.key = &at->first;
    return at->second;
}

void Dedup::store(DedupEntry& entry, const ReplyFrames& reply, uint64_t number) {
    ZB_CHECK(entry.joined.empty());
    if (entry.due_link.linked) due_.remove(entry);
    fill(entry, reply, number);
    due_.push(entry, clock_.now() + options_.window);
    while (too_many_bytes() && drop_oldest()) {
    }
}

void Dedup::recover(std::string key, const ReplyFrames& reply, uint64_t number, Duration left) {
    DedupEntry& entry = add(std::move(key));
    fill(entry, reply, number);
    due_.insert(entry, clock_.now() + left);
    while (too_many_bytes() && drop_oldest()) {
    }
}

void Dedup::fill(DedupEntry& entry, const ReplyFrames& reply, uint64_t number) {
    entry.leader = nullptr;
    entry.reply = reply.wire.bytes().substr(reply.delimiter);
    entry.reply_body = reply.body - reply.delimiter;
    entry.number = number;
    count(entry.reply.size());
}

ReplyFrames Dedup::stored(const DedupEntry& entry) const {
    ZB_CHECK(entry.leader == nullptr);
    return {memory_.copy(entry.reply), 0, entry.reply_body};
}

void Dedup::linger(DedupEntry& entry) {
    ZB_CHECK(entry.leader != nullptr);
    if (!entry.due_link.linked) due_.push(entry, clock_.now() + options_.window);
}

void Dedup::recover_lingering(DedupEntry& entry, Duration left) {
    due_.insert(entry, clock_.now() + left);
}

void Dedup::erase(DedupEntry& entry) {
    ZB_CHECK(entry.joined.empty());
    if (entry.due_link.linked) due_.remove(entry);
    const uint64_t bytes = entry.key->size() + entry.reply.size();
    bytes_ -= bytes;
    memory_.take_back(bytes);
    const uint64_t number = entry.number;
    entries_.erase(entries_.find(*entry.key));
    if (number != 0 && on_dropped_) on_dropped_(number);
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
