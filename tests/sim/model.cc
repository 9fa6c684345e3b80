#include "tests/sim/model.h"

#include <algorithm>
#include <charconv>

namespace zbridge::sim {

namespace {

constexpr size_t kPublisherPrefixMax =
    245;  // network.md: longer ones are shortened towards publishers

bool matches_any(const std::map<std::string, int>& prefixes, const std::string& topic) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& each) {
        return topic.compare(0, each.first.size(), each.first) == 0;
    });
}

std::string count(uint64_t number) {
    return std::to_string(number);
}

bool is_in_order_within(const std::vector<uint64_t>& part, const std::vector<uint64_t>& whole) {
    size_t at = 0;
    for (const uint64_t key : part) {
        while (at < whole.size() && whole[at] != key)
            at++;
        if (at++ >= whole.size()) return false;
    }
    return true;
}

}  // namespace

uint64_t hash_of(const Frames& frames) {
    uint64_t hash = frames.size();
    for (const std::string& frame : frames) {
        hash = (hash ^ frame.size()) * 0x9e3779b97f4a7c15U;
        hash = (hash ^ std::hash<std::string>{}(frame)) * 0xc2b2ae3d27d4eb4fU;
        hash ^= hash >> 31;
    }
    return hash;
}

std::string Model::label(uint32_t producer, size_t index) {
    return "@" + std::to_string(producer) + ":" + std::to_string(index) + ";";
}

Model::Model(const settings::Config& config, Fail fail) : config_(config), fail_(std::move(fail)) {
    for (const settings::RouteConfig& route : config.routes) {
        Route ours{route.from,
                   {},
                   route.shape.match_prefix.value_or(""),
                   route.on_full,
                   route.shape.decode.as,
                   route.shape.match_filter.has_value(),
                   !route.shape.required.empty(),
                   !route.shape.set.keys.empty()};
        for (const settings::TargetConfig& target : route.to) {
            if (target.kind != settings::TargetConfig::Kind::kEndpoint) continue;
            ours.to.push_back(target.index);
            targets_[target.index];
        }
        routes_.push_back(std::move(ours));
    }
}

Model::Route::Says Model::Route::says_of(const Producer::Sent& sent) const {
    constexpr size_t kMost = routing::Shape::kAttributeBytesMax;
    const Document& document = sent.document;
    if (decode == routing::Codec::kNone) return Says::kTakes;
    // In the shape's own order: read, filter, required, set.
    if (!document.read_as(decode)) return Says::kRefuses;
    if (filtered && !(document.n && *document.n > 5 && document.kind == "a")) return Says::kNotMine;
    if (requires_n && !document.n) return Says::kRefuses;
    const bool too_large = sent.topic.size() > kMost || (takes_pad && document.pad > kMost);
    return too_large ? Says::kRefuses : Says::kTakes;
}

void Model::add(Producer& producer, size_t endpoint) {
    producers_[producer.number()] = {&producer, endpoint};
}

void Model::add(Consumer& consumer, size_t endpoint) {
    ConsumerRecord& record = consumers_[consumer.number()];
    record.consumer = &consumer;
    record.endpoint = endpoint;
    record.is_sub = consumer.type() == "SUB" || consumer.type() == "XSUB";
    if (record.is_sub) {
        targets_[endpoint].subs_were_here = true;
        subs_.push_back(&record);
    }
}

const Model::ProducerRecord* Model::producer(uint32_t number) const {
    const auto found = producers_.find(number);
    return found == producers_.end() ? nullptr : &found->second;
}

void Model::on_accepted(Producer& producer) {
    const size_t index = producer.accepted++;
    accepted_++;
    if (index >= producer.sent().size())
        return fail_(producer.name() + ": more was taken in than it sent");
    const Producer::Sent& sent = producer.sent()[index];
    if (sent.refused)
        return fail_(producer.name() + ": a message that breaks a limit was taken in");
    const size_t source = producers_.at(producer.number()).endpoint;
    const Key key = sent.anonymous ? sent.hash : Key{producer.number()} << 32 | index;
    if (sent.anonymous) anonymous_[sent.hash]++;
    bool routed = false, refused = false, may_drop = false;
    for (const Route& route : routes_) {
        if (std::find(route.from.begin(), route.from.end(), source) == route.from.end()) continue;
        if (sent.topic.compare(0, route.prefix.size(), route.prefix) != 0) continue;
        const Route::Says says = route.says_of(sent);
        if (says == Route::Says::kNotMine) continue;
        routed = true;
        if (says == Route::Says::kRefuses) {
            refused = true;  // by this route; others may have it
            continue;
        }
        may_drop |= route.on_full == delivery::OnFull::kDropNewest ||
                    route.on_full == delivery::OnFull::kDropOldest;
        for (const size_t to : route.to) {
            Target& target = targets_.at(to);
            target.copies[key].expected++;
            target.expected++;
            for (ConsumerRecord* sub : subs_) {
                if (sub->endpoint != to || !matches_any(sub->prefixes, sent.topic)) continue;
                sub->expected_count++;
                if (sent.anonymous)
                    sub->anonymous[sent.hash]++;
                else
                    sub->expected[producer.number()].push_back(key);
            }
        }
    }
    producer.outcome_ok.push_back(routed && !refused);
    producer.may_drop.push_back(may_drop);
}

void Model::on_read(Consumer& sub, uint64_t bytes) {
    const auto found = consumers_.find(sub.number());
    if (found == consumers_.end()) return;
    ConsumerRecord& record = found->second;
    const auto& said = sub.said();
    for (; record.said < said.size() && said[record.said].end <= bytes; record.said++) {
        const std::string& prefix = said[record.said].prefix;
        if (said[record.said].add)
            record.prefixes[prefix]++;
        else if (const auto known = record.prefixes.find(prefix); known != record.prefixes.end()) {
            if (--known->second == 0) record.prefixes.erase(known);
        }
    }
}

void Model::on_ended(Consumer& consumer, uint64_t dropped) {
    ConsumerRecord& record = consumers_.at(consumer.number());
    record.ended = true;
    record.dropped = dropped;
    subs_.erase(std::remove(subs_.begin(), subs_.end(), &record), subs_.end());
}

// Whose message it is. Everything that is received is checked here: it was sent so, and taken in.
std::optional<Model::Key> Model::identify(const std::string& consumer, const Frames& frames) {
    const std::string& last = frames.back();
    const size_t at = last.find('@');
    const uint64_t hash = hash_of(frames);
    if (at == std::string::npos) {
        if (anonymous_.count(hash) > 0) return hash;
        fail_(consumer + ": got " + count(frames.size()) + " frames that nobody sent");
        return std::nullopt;
    }
    uint32_t number = 0;
    size_t index = 0;
    const char* end = last.data() + last.size();
    const auto first = std::from_chars(last.data() + at + 1, end, number);
    if (first.ptr < end) std::from_chars(first.ptr + 1, end, index);
    const ProducerRecord* from = producer(number);
    if (from == nullptr || index >= from->producer->sent().size()) {
        fail_(consumer + ": got a message of nobody: " + last.substr(0, 60));
        return std::nullopt;
    }
    if (from->producer->sent()[index].hash != hash) {
        fail_(consumer + ": got message " + count(index) + " of " + from->producer->name() +
              " changed: " + count(frames.size()) + " frames");
        return std::nullopt;
    }
    if (index >= from->producer->accepted) {
        fail_(consumer + ": got message " + count(index) + " of " + from->producer->name() +
              " before it was taken in");
        return std::nullopt;
    }
    return Key{number} << 32 | index;
}

void Model::on_received(Consumer& consumer, const Frames& frames) {
    received_++;
    const auto key = identify(consumer.name(), frames);
    if (!key) return;
    ConsumerRecord& record = consumers_.at(consumer.number());
    const bool anonymous = frames.back().find('@') == std::string::npos;
    const auto from = static_cast<uint32_t>(*key >> 32), index = static_cast<uint32_t>(*key);
    record.got_count++;
    Target& target = targets_.at(record.endpoint);
    if (record.is_sub) {
        if (!anonymous)
            record.got[from].push_back(*key);
        else if (--record.anonymous[*key] < 0)
            fail_(consumer.name() + ": got more small messages than it is owed");
        return;
    }
    Copies& copies = target.copies[*key];
    copies.received++;
    target.received++;
    if (copies.received + copies.lost > copies.expected) {
        fail_(consumer.name() + ": got message " + count(index) + " of producer " + count(from) +
              " once too often");
    }
    if (anonymous) return;
    const auto last = record.last.find(from);
    if (last != record.last.end() && last->second > index && target.disorder.empty()) {
        target.disorder = consumer.name() + ": got message " + count(index) + " of producer " +
                          count(from) + " after " + count(last->second);
    }
    record.last[from] = index;
}

void Model::lose(const std::string& consumer, size_t endpoint, const Frames& frames) {
    const auto key = identify(consumer, frames);
    if (!key) return;
    Target& target = targets_.at(endpoint);
    Copies& copies = target.copies[*key];
    copies.lost++;
    target.lost++;
    if (copies.received + copies.lost > copies.expected) {
        fail_(consumer + ": was sent message " + count(static_cast<uint32_t>(*key)) +
              " of producer " + count(*key >> 32) + ", which somebody else had");
    }
}

void Model::check_sub(const Consumer& sub, std::optional<uint64_t> dropped) const {
    const ConsumerRecord& record = consumers_.at(sub.number());
    static const std::vector<Key> kNothing;
    for (const auto& [from, got] : record.got) {
        const auto expected = record.expected.find(from);
        const std::vector<Key>& owed =
            expected == record.expected.end() ? kNothing : expected->second;
        if (!is_in_order_within(got, owed)) {
            fail_(sub.name() + ": what it got of producer " + count(from) + " (" +
                  count(got.size()) + ") is not what matches (" + count(owed.size()) +
                  "), in order");
        }
        const bool none_dropped = dropped.value_or(record.dropped) == 0 && record.ended;
        if (none_dropped && got.size() <= owed.size() &&
            !std::equal(got.begin(), got.end(), owed.begin())) {
            fail_(sub.name() + ": what it got of producer " + count(from) +
                  " before its end has a gap");
        }
    }
    if (!dropped) return;
    if (record.got_count + *dropped != record.expected_count) {
        fail_(sub.name() + ": got " + count(record.got_count) + " and " + count(*dropped) +
              " are counted as dropped, of " + count(record.expected_count));
    }
}

void Model::check_target(size_t endpoint, const delivery::OutletCounters& counters,
                         uint64_t waiting) const {
    const auto found = targets_.find(endpoint);
    if (found == targets_.end()) return;
    const Target& target = found->second;
    const std::string& name = config_.endpoints[endpoint].name;
    if (!target.disorder.empty() && counters.returned == 0) fail_(target.disorder);
    const SocketTypes accepts = config_.endpoints[endpoint].accept.value_or(
        SocketTypes{SocketType::kPull, SocketType::kSub});
    if (!accepts.has(SocketType::kPull) || target.subs_were_here) return;

    const uint64_t dropped = counters.dropped_line + counters.dropped_memory;
    const uint64_t got = target.received + target.lost;
    if (got + dropped + counters.nobody + waiting != target.expected) {
        std::string text = name + ": " + count(target.expected) + " were owed to PULLs; received " +
                           count(target.received) + ", lost with PULLs " + count(target.lost) +
                           ", dropped " + count(dropped) + ", for nobody " +
                           count(counters.nobody) + ", waiting " + count(waiting);
        for (const auto& [key, copies] : target.copies) {
            if (copies.received + copies.lost == copies.expected) continue;
            text += "; e.g. message " + count(static_cast<uint32_t>(key)) + " of producer " +
                    count(key >> 32);
            break;
        }
        fail_(text);
    }
    bool may_drop = false;
    for (const Route& route : routes_) {
        const bool here = std::find(route.to.begin(), route.to.end(), endpoint) != route.to.end();
        may_drop |= here && (route.on_full == delivery::OnFull::kDropNewest ||
                             route.on_full == delivery::OnFull::kDropOldest);
    }
    if (!may_drop && dropped > 0)
        fail_(name + ": " + count(dropped) + " dropped, though no route allows it");
    const bool has_subs = accepts.has(SocketType::kSub);
    if (!has_subs && counters.nobody > 0)
        fail_(name + ": " + count(counters.nobody) + " for nobody, though only PULLs come");
}

void Model::check_demand(const Producer& publisher) const {
    const size_t source = producers_.at(publisher.number()).endpoint;
    const settings::EndpointConfig& endpoint = config_.endpoints[source];
    std::map<std::string, int> wanted;
    if (endpoint.subscribe == settings::EndpointConfig::Subscribe::kAll) {
        wanted[""] = 1;
    } else {
        for (const Route& route : routes_) {
            if (std::find(route.from.begin(), route.from.end(), source) == route.from.end())
                continue;
            for (const size_t to : route.to) {
                const auto accept = config_.endpoints[to].accept;
                if (accept && !accept->has(SocketType::kSub)) wanted[""] = 1;
                for (const auto& [number, record] : consumers_) {
                    if (record.endpoint != to || record.ended || !record.consumer->ready())
                        continue;
                    if (!record.is_sub) wanted[""] = 1;
                    for (const auto& [prefix, times] : record.prefixes)
                        wanted[prefix.substr(0, kPublisherPrefixMax)] = 1;
                }
            }
        }
    }
    if (wanted == publisher.demanded()) return;
    std::string text = publisher.name() + ": is asked for";
    for (const auto& [prefix, times] : publisher.demanded())
        text += " `" + prefix + "`";
    text += ", wanted is";
    for (const auto& [prefix, times] : wanted)
        text += " `" + prefix + "`";
    fail_(text);
}

}  // namespace zbridge::sim
