#include "tests/clients/cpp/fake_bridge.h"

#include <algorithm>
#include <stdexcept>

namespace zbridge::client::tests {

using core::Command;
using core::Fields;
using core::Place;
using State = FakeMessage::State;

FakeBridge::FakeBridge(const std::map<std::string, bool>& names) {
    for (const auto& [name, dedup] : names) {
        FakeTopic& topic = topics[name];
        topic.number = topics.size();
        topic.dedup = dedup;
    }
}

ConnectionPtr FakeBridge::connect() {
    connections.push_back(std::make_shared<FakeConnection>());
    return connections.back();
}

bool FakeBridge::has(const ConnectionPtr& connection) const {
    return std::find(connections.begin(), connections.end(), connection) != connections.end();
}

void FakeBridge::disconnect(const ConnectionPtr& gone) {
    if (!has(gone)) return;
    connections.erase(std::find(connections.begin(), connections.end(), gone));
    const bool kept = !gone->name.empty() && !gone->said_bye;
    for (FakeMessage* each : all([&](const FakeMessage& one) { return one.holder == gone; })) {
        if (kept) {
            each->holder = nullptr;
            each->holder_name = gone->name;
        } else {
            each->free(!gone->said_bye);
        }
    }
    if (kept) lost_names_[gone->name] = now_ms + kResumeMs;
}

void FakeBridge::kill(size_t keeps) {
    const auto commits = std::exchange(commits_, {});
    for (size_t at = 0; at < std::min(keeps, commits.size()); at++)
        commits[at].done();
    connections.clear();
    lost_names_.clear();
    epoch++;
    for (auto& topic : topics) {
        for (FakeMessage& each : topic.second.stored) {
            if (each.state != State::kLeased && each.state != State::kSettling) continue;
            each.state = State::kLeased;
            each.holder = nullptr;
            each.holder_name.clear();
            each.fetched_by = 0;
            each.lease_ends_ms = now_ms + kGraceMs;
        }
    }
}

void FakeBridge::bye() {
    for (const ConnectionPtr& each : connections) {
        if (!each->is_open) continue;
        each->ending = true;
        each->say(Command("BYE").text("code", "shutting_down").text("text", ""));
    }
}

// The drain is over.
void FakeBridge::close_ending() {
    const auto before = connections;
    for (const ConnectionPtr& each : before)
        if (each->ending) disconnect(each);
}

void FakeBridge::commit() {
    const auto commits = std::exchange(commits_, {});
    for (const Commit& each : commits)
        each.done();
    for (const Commit& each : commits)
        each.told();
}

void FakeBridge::advance(uint64_t ms) {
    now_ms += ms;
    for (FakeMessage* each : all([this](const FakeMessage& one) {
             return one.state == State::kLeased && now_ms >= one.lease_ends_ms;
         }))
        each->free();
    for (auto lost = lost_names_.begin(); lost != lost_names_.end();) {
        if (now_ms < lost->second) {
            ++lost;
            continue;
        }
        for (FakeMessage* each : all([&](const FakeMessage& one) {
                 return one.state == State::kLeased && one.holder_name == lost->first;
             }))
            each->free();
        lost = lost_names_.erase(lost);
    }
    deliver();
}

void FakeBridge::hear(const ConnectionPtr& connection, const core::Said& said) {
    const core::Heard heard(said.header);
    const std::string name(heard.name);
    demand(connection->is_open != (name == "HELLO"), name + " comes when it may");
    demand(!connection->said_bye || name == "HEARTBEAT", name + " does not come after BYE");
    demand(said.block.has_value() == (name == "PUBLISH"), "a block where there is one");
    const Fields& fields = heard.fields;
    if (name == "HELLO") {
        on_hello(connection, fields);
    } else if (name == "PUBLISH") {
        on_publish(connection, fields, *said.block);
    } else if (name == "SUBSCRIBE") {
        on_subscribe(connection, fields);
    } else if (name == "UNSUBSCRIBE") {
        demand(connection->subs.erase(fields.number("sub")) == 1, "the subscription is there");
        connection->say(Command("UNSUBSCRIBED").number("sub", fields.number("sub")));
    } else if (name == "CREDIT") {
        connection->subs.at(fields.number("sub")).credit = fields.number("credit");
    } else if (name == "RECEIVE") {
        on_receive(connection, fields);
    } else if (name == "SETTLE") {
        on_settle(connection, fields);
    } else if (name == "EXTEND") {
        on_extend(connection, fields);
    } else if (name == "BYE") {
        on_bye(connection);
    } else {
        demand(name == "HEARTBEAT", name + " is a command");
    }
    deliver();
}

void FakeBridge::on_hello(const ConnectionPtr& connection, const Fields& fields) {
    connection->is_open = true;
    connection->name = std::string(fields.text_or_empty("name"));
    bool replaced = false;
    const auto before = connections;
    for (const ConnectionPtr& other : before) {
        if (other == connection || connection->name.empty() || other->name != connection->name)
            continue;
        replaced = true;
        other->out.push_back(Command("REFUSED")
                                 .text("re", "HELLO")
                                 .text("code", "replaced")
                                 .text("text", "")
                                 .flag("fatal")
                                 .said());
        disconnect(other);
    }
    uint64_t resumed = 0;
    if (lost_names_.erase(connection->name) > 0) {
        for (FakeMessage* each : all([&](const FakeMessage& one) {
                 return one.state == State::kLeased && one.holder_name == connection->name;
             })) {
            if (!fields.flag("resume")) {
                each->free();
                continue;
            }
            each->holder_name.clear();
            each->holder = connection;
            resumed++;
        }
    }
    say_welcome(connection, fields.number("heartbeat"), resumed, replaced);
}

void FakeBridge::say_welcome(const ConnectionPtr& connection, uint64_t heartbeat_ms,
                             uint64_t resumed, bool replaced) {
    struct Range {
        std::string group;
        Place first;
        uint64_t count;
    };
    std::vector<Range> ranges;
    for (const auto& [name, topic] : topics) {
        for (const FakeMessage& each : topic.stored) {
            if (each.state != State::kLeased || each.holder != connection) continue;
            const Place token = token_of(topic, each);
            if (!ranges.empty() && ranges.back().group == name &&
                ranges.back().first.behind(ranges.back().count) == token)
                ranges.back().count++;
            else
                ranges.push_back({name, token, 1});
        }
    }
    if (held_ranges && ranges.size() > *held_ranges) ranges.resize(*held_ranges);
    Command welcome("WELCOME");
    welcome.number("version", 1).text("bridge", "fake").number("epoch", epoch);
    welcome.value("features", [](core::Packer& packer) {
        packer.pack_array(4);
        for (const char* each : {"publish", "once", "groups", "resume"})
            core::pack_text(packer, each);
    });
    welcome.number("heartbeat", heartbeat_ms).number("resumed", resumed);
    if (held_ranges) {
        welcome.value("held", [&](core::Packer& packer) {
            packer.pack_array(static_cast<uint32_t>(ranges.size()));
            for (const Range& each : ranges) {
                packer.pack_array(3);
                core::pack_text(packer, each.group);
                core::pack_octets(packer, each.first.octets());
                packer.pack_uint64(each.count);
            }
        });
    }
    if (replaced) welcome.flag("replaced");
    welcome.value("limits", [](core::Packer& packer) {
        const std::pair<const char*, uint64_t> limits[] = {{"header_bytes", 1 << 20},
                                                           {"message_bytes", 16 << 20},
                                                           {"frames", 64},
                                                           {"batch_messages", kBatchMessages},
                                                           {"receipts", kReceipts},
                                                           {"receives", kReceives},
                                                           {"ranges", kRanges},
                                                           {"settle_messages", kSettleMessages},
                                                           {"resume_ms", kResumeMs}};
        packer.pack_map(9);
        for (const auto& each : limits) {
            core::pack_text(packer, each.first);
            packer.pack_uint64(each.second);
        }
    });
    connection->say(welcome);
}

void FakeBridge::on_bye(const ConnectionPtr& connection) {
    connection->said_bye = true;
    commit();
    connection->say(Command("BYE"));
}

void FakeBridge::on_publish(const ConnectionPtr& connection, const Fields& fields,
                            std::string_view block) {
    const uint64_t seq = fields.number("seq"), count = fields.number("count");
    demand(seq > connection->seq, "seq rises");
    demand(count <= kBatchMessages, "no more messages than the bridge takes");
    connection->seq = seq + count - 1;
    const std::string topic(fields.text("topic"));
    core::BlockReader bodies(block);
    for (uint64_t n = seq; n < seq + count; n++) {
        demand(bodies.next(), "the block has as many messages as count says");
        const std::string code = connection->ending ? "shutting_down" : refused;
        if (code.empty()) {
            const std::string id =
                fields.flag("once") ? connection->name + ":" + std::to_string(n) : "";
            store(connection, topic, std::string(bodies.message()), id, n);
            continue;
        }
        commits_.push_back({[] {},
                            [connection, n, code] {
                                connection->say(
                                    Command("RECEIPT").value("refused", [&](core::Packer& packer) {
                                        packer.pack_array(1).pack_array(4);
                                        packer.pack_uint64(n).pack_uint64(1);
                                        core::pack_text(packer, code);
                                        core::pack_text(packer, "no");
                                    }));
                            }});
    }
    demand(!bodies.next(), "the block has no more messages than count says");
}

void FakeBridge::store(const ConnectionPtr& connection, const std::string& topic_name,
                       const std::string& body, const std::string& id, uint64_t seq) {
    struct Outcome {
        Place id;
        bool duplicate = false;
    };
    const auto outcome = std::make_shared<Outcome>();
    const auto done = [this, outcome, topic_name, body, id] {
        FakeTopic& topic = topics.at(topic_name);
        if (topic.dedup && topic.ids.count(id) > 0) {
            *outcome = {topic.stored[topic.ids[id]].id, true};
            return;
        }
        FakeMessage made;
        made.offset = topic.stored.size();
        made.body = body;
        made.id = {topic.number, made.offset + 1};
        topic.stored.push_back(made);
        if (topic.dedup && !id.empty()) topic.ids[id] = made.offset;
        *outcome = {made.id, false};
    };
    const auto told = [connection, outcome, seq] {
        connection->say(Command("RECEIPT").value("stored", [&](core::Packer& packer) {
            packer.pack_array(1).pack_array(4);
            packer.pack_uint64(seq).pack_uint64(1);
            core::pack_octets(packer, outcome->id.octets());
            packer.pack(outcome->duplicate);
        }));
    };
    commits_.push_back({done, told});
}

void FakeBridge::on_subscribe(const ConnectionPtr& connection, const Fields& fields) {
    const uint64_t sub = fields.number("sub");
    const uint64_t lease_ms = fields.number_if("lease").value_or(kLeaseMs);
    demand(connection->subs.count(sub) == 0, "a number of its own");
    topic_of(fields.text("group"));
    connection->subs[sub] = {std::string(fields.text("group")), fields.number("credit"), lease_ms};
    connection->say(Command("SUBSCRIBED").number("sub", sub).number("lease", lease_ms));
}

void FakeBridge::on_receive(const ConnectionPtr& connection, const Fields& fields) {
    demand(connection->fetches.size() < kReceives, "no more wait than may");
    const uint64_t ref = fields.number("ref");
    connection->fetches[ref] = {
        std::string(fields.text("group")), fields.number("max"), now_ms + fields.number("wait"),
        fields.number_if("lease").value_or(kLeaseMs), fields.number("attempt")};
    demand(connection->fetches[ref].attempt > 0, "a RECEIVE has an attempt");
    if (!connection->ending) return;
    say_deliver(connection, "ref", ref, topic_of(fields.text("group")), {});
    connection->fetches.erase(ref);
}

void FakeBridge::on_settle(const ConnectionPtr& connection, const Fields& fields) {
    FakeTopic& topic = topic_of(fields.text("group"));
    demand(fields.list("ranges").size <= kRanges, "no more ranges than may");
    std::vector<uint64_t> stale;
    uint64_t messages = 0;
    for (const core::Value& each : fields.list("ranges")) {
        const core::List range = core::list_of(each, 2);
        const Place first = Place::read(core::octets_of(range[0]));
        stale.push_back(0);
        for (uint64_t n = 0; n < core::number_of(range[1]); n++, messages++) {
            connection->used.erase(first.behind(n));
            FakeMessage* message = open(topic, first.behind(n));
            if (message == nullptr)
                stale.back()++;
            else
                settle(*message, fields);
        }
    }
    demand(messages <= kSettleMessages, "no more messages than may");
    commits_.push_back(
        {[] {},
         [connection, stale, ref = fields.number("ref")] {
             connection->say(
                 Command("SETTLED").number("ref", ref).value("stale", [&](core::Packer& packer) {
                     packer.pack(stale);
                 }));
         }});
}

void FakeBridge::settle(FakeMessage& message, const Fields& fields) {
    const std::string_view verdict = fields.text("verdict");
    if (verdict == "retry") {
        message.free(true, now_ms + fields.number_if("delay").value_or(100));
    } else if (verdict == "release") {
        message.free(false);
    } else {
        message.state = State::kSettling;  // until it is durable; a crash forgets it
        commits_.push_back({[&message] { message.state = State::kSettled; }, [] {}});
    }
}

void FakeBridge::on_extend(const ConnectionPtr& connection, const Fields& fields) {
    FakeTopic& topic = topic_of(fields.text("group"));
    std::vector<uint64_t> stale;
    std::vector<std::optional<Place>> tokens;
    for (const core::Value& each : fields.list("ranges")) {
        const core::List range = core::list_of(each, 2);
        const Place first = Place::read(core::octets_of(range[0]));
        std::vector<FakeMessage*> found;
        uint64_t grant = 1;
        for (uint64_t n = 0; n < core::number_of(range[1]); n++) {
            found.push_back(open(topic, first.behind(n)));
            if (found.back() != nullptr) grant = std::max(grant, found.back()->grant + 1);
        }
        stale.push_back(0);
        tokens.emplace_back();
        for (size_t n = 0; n < found.size(); n++) {
            if (found[n] == nullptr) {
                stale.back()++;
                continue;
            }
            const auto used = connection->used.find(token_of(topic, *found[n]));
            found[n]->grant = grant;
            found[n]->lease_ends_ms = now_ms + fields.number_if("lease").value_or(kLeaseMs);
            const Place token = token_of(topic, *found[n]);
            if (used != connection->used.end()) {
                connection->used[token] = used->second;
                connection->used.erase(used);
            }
            if (!tokens.back()) tokens.back() = Place{token.head, token.tail - n};
        }
    }
    Command settled("SETTLED");
    settled.number("ref", fields.number("ref"));
    settled.value("stale", [&](core::Packer& packer) { packer.pack(stale); });
    settled.value("tokens", [&](core::Packer& packer) {
        packer.pack_array(static_cast<uint32_t>(tokens.size()));
        for (const auto& each : tokens)
            if (each)
                core::pack_octets(packer, each->octets());
            else
                packer.pack_nil();
    });
    connection->say(settled);
}

void FakeBridge::deliver() {
    for (const ConnectionPtr& connection : connections) {
        if (!connection->is_open || connection->said_bye || connection->ending) continue;
        for (const auto& [number, sub] : connection->subs) {
            FakeTopic& topic = topic_of(sub.group);
            uint64_t room = sub.credit;
            for (const auto& each : connection->used)
                if (each.second == number && room > 0) room--;
            const auto given = give(connection, topic, room, sub.lease_ms);
            if (given.empty()) continue;
            for (const FakeMessage* each : given)
                connection->used[token_of(topic, *each)] = number;
            say_deliver(connection, "sub", number, topic, given);
        }
        for (auto fetch = connection->fetches.begin(); fetch != connection->fetches.end();) {
            FakeTopic& topic = topic_of(fetch->second.group);
            auto given = give_again(connection, fetch->second);
            if (given.empty())
                given = give(connection, topic, fetch->second.max, fetch->second.lease_ms);
            if (given.empty() && now_ms < fetch->second.until_ms) {
                ++fetch;
                continue;
            }
            for (FakeMessage* each : given)
                each->fetched_by = fetch->second.attempt;
            say_deliver(connection, "ref", fetch->first, topic, given);
            fetch = connection->fetches.erase(fetch);
        }
    }
}

std::vector<FakeMessage*> FakeBridge::give(const ConnectionPtr& connection, FakeTopic& topic,
                                           uint64_t most, uint64_t lease_ms) {
    std::vector<FakeMessage*> given;
    for (FakeMessage& each : topic.stored) {
        if (given.size() == most) break;
        if (each.state != State::kReady || each.due_ms > now_ms) continue;
        each.state = State::kLeased;
        each.holder = connection;
        each.attempt++;
        each.grant++;
        each.lease_ends_ms = now_ms + lease_ms;
        given.push_back(&each);
    }
    return given;
}

std::vector<FakeMessage*> FakeBridge::give_again(const ConnectionPtr& connection,
                                                 const FakeConnection::Fetch& fetch) {
    std::vector<FakeMessage*> given;
    for (FakeMessage& each : topic_of(fetch.group).stored) {
        if (each.state != State::kLeased || each.holder != connection ||
            each.fetched_by != fetch.attempt)
            continue;
        each.lease_ends_ms = now_ms + fetch.lease_ms;
        given.push_back(&each);
    }
    return given;
}

void FakeBridge::say_deliver(const ConnectionPtr& connection, const char* to, uint64_t number,
                             const FakeTopic& topic, const std::vector<FakeMessage*>& given) {
    std::vector<std::pair<const FakeMessage*, uint64_t>> runs;  // the first of each, and how many
    std::string block;
    for (const FakeMessage* each : given) {
        block += each->body;
        const bool follows = !runs.empty() && runs.back().first->attempt == each->attempt &&
                             token_of(topic, *runs.back().first).behind(runs.back().second) ==
                                 token_of(topic, *each);
        if (follows)
            runs.back().second++;
        else
            runs.emplace_back(each, 1);
    }
    Command command("DELIVER");
    command.number(to, number).value("runs", [&](core::Packer& packer) {
        packer.pack_array(static_cast<uint32_t>(runs.size()));
        for (const auto& [first, count] : runs) {
            packer.pack_array(4);
            core::pack_octets(packer, token_of(topic, *first).octets());
            packer.pack_uint64(count).pack_uint64(first->attempt);
            core::pack_octets(packer, first->id.octets());
        }
    });
    connection->out.push_back(given.empty() ? command.said() : command.said(block));
}

Place FakeBridge::token_of(const FakeTopic& topic, const FakeMessage& message) {
    const uint64_t attempt = message.attempt & 255;
    return {uint64_t{2} << 56 | attempt << 48 | topic.number << 32 | 7,
            message.grant << 48 | message.offset};
}

FakeMessage* FakeBridge::open(FakeTopic& topic, Place token) {
    const uint64_t offset = token.tail & ((uint64_t{1} << 48) - 1);
    if (offset >= topic.stored.size()) return nullptr;
    FakeMessage& found = topic.stored[offset];
    return found.state == State::kLeased && token_of(topic, found) == token ? &found : nullptr;
}

std::vector<FakeMessage*> FakeBridge::all(const std::function<bool(const FakeMessage&)>& wanted) {
    std::vector<FakeMessage*> found;
    for (auto& topic : topics)
        for (FakeMessage& each : topic.second.stored)
            if (each.state == State::kLeased && wanted(each)) found.push_back(&each);
    return found;
}

FakeTopic& FakeBridge::topic_of(std::string_view name) {
    const auto found = topics.find(std::string(name));
    demand(found != topics.end(), "there is a group " + std::string(name));
    return found->second;
}

}  // namespace zbridge::client::tests
