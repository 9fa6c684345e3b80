// An engine in memory, of two topics ("a", "b") and a group of the first ("g"), whose disk is the test: what was published is
// committed when it says so, read when it says so, and lost when it says so.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/plugin/engine.h"
#include "tests/unit/support/memory_group.h"
#include "tests/unit/support/scripted_plugin.h"

namespace zbridge::testing {

class MemoryEngine {
 public:
    struct Stored {
        Slice wire;
        std::string properties;  // "name=text ...", as published
        std::string id;
        std::string tag;
    };

    MemoryEngine(MemoryBudget& memory, const plugin::Services& services) : memory_(memory) {
        plugin_ = {sizeof(zb_plugin),
                   ZB_ABI_MAJOR,
                   ZB_ABI_MINOR,
                   "toy",
                   "1.0.0",
                   "A test's own.",
                   plugin::build_id().data(),
                   nullptr,
                   0,
                   sizeof(zb_option),
                   create,
                   nullptr,
                   nullptr,
                   nullptr,
                   [](void*) {},
                   extension};
        current = this;
        auto checked = plugin::Declaration::check(&plugin_, "");
        REQUIRE(checked.ok());
        declaration_ = *std::move(checked);
        auto made = plugin::Instance::create(*declaration_, instance_named("toy"), services);
        REQUIRE(made.ok());
        instance_ = *std::move(made);
        plugin::EngineWorld world;
        world.memory = &memory;
        engine_ = std::make_unique<plugin::Engine>(*instance_, world, nullptr);
        REQUIRE(instance_->start().ok());
    }

    plugin::Engine& engine() { return *engine_; }
    TopicId topic(const std::string& name) { return engine_->topic(name).value(); }
    GroupId group() { return engine_->group("g").value(); }

    // The disk has everything.
    void commit() {
        for (const uint64_t cookie : std::exchange(cookies_, {}))
            host_->on_settled(context_, cookie, ZB_OK, {});
        for (const auto& [cookie, taken, id] : std::exchange(resolving_, {})) {
            const zb_resolved its{sizeof(zb_resolved),
                                  taken,
                                  cookie,
                                  9,
                                  id,
                                  view_of(taken == ZB_TAKEN ? "" : "it is no more")};
            host_->on_resolved(context_, &its);
        }
        if (number_ == committed_) return;
        committed_ = number_;
        host_->on_committed(context_, committed_);
        for (auto& [topic, waiting] : waiting_) {
            std::deque<Stored>& kept = kept_[topic];
            for (Stored& message : std::exchange(waiting, {})) {
                message.wire = memory_.copy(message.wire.bytes());  // as a batch has them
                kept.push_back(std::move(message));
                const zb_run run = run_of(topic, kept.size() - 1);
                host_->on_visible(context_, topic, &run, 1);
            }
        }
        tell_ready();
    }
    // Somebody is to say what becomes of it. False: nobody is there.
    bool check(zb_transaction transaction, const std::string& checker, uint32_t number = 1) {
        const Stored& its = prepared.at(transaction.low);
        zb_check its_check{sizeof(zb_check), 0, number, 15, transaction, view_of(checker), {}};
        its_check.run.chunk = its.wire.chunk().get();
        its_check.run.wire = its.wire.data();
        its_check.run.bytes = its.wire.size();
        its_check.run.count = 1;
        its_check.run.id_epoch = 9;
        its_check.run.first_sequence = transaction.low;
        return host_->on_check(context_, &its_check) != 0;
    }
    // The answer to what was asked first of all that is not answered.
    void answer_admin(zb_result result, const std::string& body) {
        const Asked its = asked.front();
        asked.pop_front();
        host_->on_answer(context_, its.cookie, result, view_of(body));
    }
    // The group is looked at again, if somebody wants to know.
    void tell_ready() {
        if (!its_group.wants()) return;
        its_group.on_told();
        host_->on_ready(context_, 0);
    }
    void fail() {
        for (const uint64_t cookie : std::exchange(cookies_, {}))
            host_->on_settled(context_, cookie, ZB_FAILED, view_of("the disk is gone"));
        for (const auto& each : std::exchange(resolving_, {})) {
            const zb_resolved its{sizeof(zb_resolved),        ZB_STORE_FAILED, each.cookie, 0, 0,
                                  view_of("the disk is gone")};
            host_->on_resolved(context_, &its);
        }
        host_->on_failed(context_, view_of("the disk is gone"), 0);
    }
    void make_room() {
        room = true;
        host_->on_room(context_);
    }
    void load() {
        loaded = true;
        for (uint32_t topic = 0; topic < 2; topic++)
            host_->on_loaded(context_, topic);
    }
    const std::deque<Stored>& kept(const std::string& name) { return kept_[topic(name).number()]; }

    struct Asked {
        std::string verb, body;
        uint64_t cookie = 0;
    };

    MemoryGroup its_group;
    std::deque<Asked> asked;               // calls of the command line that have no answer yet
    bool has_c = false;                    // the topic "c" is there
    std::map<uint64_t, Stored> prepared;   // by the `low` of its token, which is its id's sequence
    std::vector<std::string> resolutions;  // "commit 1"
    zb_taken resolve_answer = ZB_TAKEN;    // of resolve(), at once
    std::string last_checker;              // of prepare
    bool room = true;
    bool one_publish_fits = false;              // the first one uses the room up
    bool refuses_names = false;                 // of consumers
    int attends = 0;                            // connections of named consumers
    bool loaded = true;                         // reads are answered at once
    zb_taken answer = ZB_TAKEN;                 // of publish
    std::map<uint32_t, uint64_t> floors;        // by topic: what retention has left
    std::map<uint32_t, uint64_t> damaged_from;  // by topic: none of these can be read

 private:
    static MemoryEngine& of(void* self) { return *static_cast<MemoryEngine*>(self); }
    static zb_result create(const zb_host* host, zb_context* context, void** self) {
        current->host_ =
            static_cast<const zb_engine_host*>(host->get_extension(context, ZB_ENGINE_HOST));
        current->context_ = context;
        *self = current;
        return ZB_OK;
    }
    static const void* extension(const char* id) {
        return std::string_view(id) == ZB_ENGINE ? &current->calls_ : nullptr;
    }
    static uint32_t find_topic(void*, zb_view name) {
        return text_of(name) == "a" ? 0 : text_of(name) == "b" ? 1 : ZB_NO_TOPIC;
    }
    // "c" is one that a command has made.
    static uint32_t topic_there(void* self, zb_view name) {
        if (text_of(name) == "c" && of(self).has_c) return 2;
        return find_topic(self, name);
    }
    // What it keeps of them: a tag.
    static uint32_t read_attributes(void*, zb_view bytes, zb_attributes* attributes) {
        *attributes = {};
        attributes->tag = bytes;
        return 1;
    }
    static void admin(void* self, zb_view verb, zb_view body, uint64_t cookie) {
        of(self).asked.push_back({text_of(verb), text_of(body), cookie});
    }
    static uint32_t has_room(void* self) { return of(self).room ? 1 : 0; }
    static zb_taken publish(void* self, const zb_publication* publications, uint32_t count,
                            zb_receipt* receipt) {
        MemoryEngine& toy = of(self);
        if (toy.answer != ZB_TAKEN) {
            receipt->reason = view_of("a is full of it");
            return toy.answer;
        }
        if (!toy.room) return ZB_LATER;
        if (toy.one_publish_fits) toy.room = false;
        receipt->number = ++toy.number_;
        receipt->id_epoch = 9;
        receipt->id_sequence = toy.number_;
        for (uint32_t i = 0; i < count; i++) {
            toy.waiting_[publications[i].topic].push_back(toy.stored_of(publications[i]));
        }
        return ZB_TAKEN;
    }
    Stored stored_of(const zb_publication& publication) {
        Stored stored{memory_.copy(plugin::from_c(publication.wire)), "", "", ""};
        const zb_attributes* given = publication.attributes;
        if (given == nullptr) return stored;
        stored.id = text_of(given->id);
        stored.tag = text_of(given->tag);
        for (uint32_t p = 0; p < given->property_count; p++) {
            const zb_value& value = given->properties[p].value;
            stored.properties +=
                text_of(given->properties[p].name) + "=" +
                (value.kind == ZB_INTEGER ? std::to_string(value.integer) : text_of(value.text)) +
                " ";
        }
        return stored;
    }
    static zb_taken prepare(void* self, const zb_publication* publication, zb_view checker,
                            zb_receipt* receipt, zb_transaction* transaction) {
        MemoryEngine& toy = of(self);
        if (toy.answer != ZB_TAKEN) {
            receipt->reason = view_of("a is full of it");
            return toy.answer;
        }
        receipt->number = ++toy.number_;
        receipt->id_epoch = 9;
        receipt->id_sequence = toy.number_;
        *transaction = {uint64_t{3} << 56, toy.number_};
        toy.last_checker = text_of(checker);
        toy.prepared[toy.number_] = toy.stored_of(*publication);
        return ZB_TAKEN;
    }
    static zb_taken resolve(void* self, zb_transaction transaction, uint32_t verdict,
                            uint64_t cookie) {
        MemoryEngine& toy = of(self);
        if (toy.resolve_answer != ZB_TAKEN) return toy.resolve_answer;
        toy.resolutions.push_back((verdict == ZB_COMMIT ? "commit " : "rollback ") +
                                  std::to_string(transaction.low));
        const bool open = toy.prepared.erase(transaction.low) == 1;
        toy.resolving_.push_back({cookie, open ? ZB_TAKEN : ZB_STALE, transaction.low});
        return ZB_TAKEN;
    }
    static uint32_t receive(void* self, uint32_t, const zb_receive* wanted, zb_delivery* deliveries,
                            uint32_t deliveries_max) {
        MemoryEngine& toy = of(self);
        uint32_t count = 0;
        const auto bytes_of = [&toy](uint64_t offset) { return toy.kept_[0][offset].wire.size(); };
        for (zb_delivery delivery : toy.its_group.receive(toy.kept_[0].size(), *wanted, bytes_of)) {
            delivery.run = toy.run_of(0, delivery.run.first_offset);
            // Those that follow each other in memory too are one run.
            zb_delivery* last = count > 0 ? &deliveries[count - 1] : nullptr;
            const bool follows =
                last != nullptr && last->attempt == delivery.attempt &&
                text_of(last->run.attributes) == text_of(delivery.run.attributes) &&
                last->token.low + last->run.count == delivery.token.low &&
                last->run.wire + last->run.bytes == delivery.run.wire;
            if (follows) {
                last->run.bytes += delivery.run.bytes;
                last->run.count++;
                continue;
            }
            REQUIRE(count < deliveries_max);
            deliveries[count++] = delivery;
        }
        return count;
    }
    static zb_taken settle(void* self, uint32_t, const zb_settlement* settlement,
                           const zb_publication* replies, uint32_t count, zb_settled* settled) {
        MemoryEngine& toy = of(self);
        if (count > 0 && !toy.room) return ZB_LATER;
        if (count > 0 && toy.answer != ZB_TAKEN) {
            settled->reason = view_of("a is full of it");
            return toy.answer;
        }
        const zb_taken taken = toy.its_group.settle(*settlement, *settled);
        if (taken != ZB_TAKEN) return taken;
        zb_receipt receipt{};
        if (count > 0) (void)publish(self, replies, count, &receipt);
        if (settlement->cookie != 0 && toy.its_group.tells_at_once)
            toy.host_->on_settled(toy.context_, settlement->cookie, ZB_OK, {});
        else if (settlement->cookie != 0)
            toy.cookies_.push_back(settlement->cookie);
        toy.tell_ready();
        return ZB_TAKEN;
    }
    // Its one group is everybody's.
    static uint32_t join(void* self, uint32_t, zb_view consumer, zb_view* reason) {
        if (!of(self).refuses_names) return 0;
        *reason = view_of("not you");
        (void)consumer;
        return ZB_NO_GROUP;
    }
    static zb_taken note(void*, uint64_t, uint32_t, zb_view, uint32_t, zb_receipt*) {
        return ZB_STORE_FAILED;
    }
    static zb_bounds bounds(void* self, uint32_t topic) {
        return {of(self).floors[topic], of(self).kept_[topic].size()};
    }
    static uint64_t position(void* self, uint32_t topic, uint32_t where, int64_t value) {
        const zb_bounds its = bounds(self, topic);
        if (where == ZB_START_EARLIEST) return its.floor;
        return where == ZB_START_OFFSET ? static_cast<uint64_t>(value) : its.head;
    }
    static zb_taken read(void* self, uint32_t topic, uint64_t offset, uint64_t, zb_run* runs,
                         uint32_t runs_max, uint32_t* count) {
        MemoryEngine& toy = of(self);
        if (!toy.loaded) return ZB_LATER;
        offset = std::max(offset, toy.floors[topic]);
        uint64_t end = toy.kept_[topic].size();
        if (toy.damaged_from.contains(topic)) end = std::min(end, toy.damaged_from[topic]);
        for (; offset < end && *count < std::min(runs_max, 3U); offset++)
            runs[(*count)++] = toy.run_of(topic, offset);
        return ZB_TAKEN;
    }
    zb_run run_of(uint32_t topic, uint64_t offset) {
        const Slice& wire = kept_[topic][offset].wire;
        const std::string& tag = kept_[topic][offset].tag;
        zb_run run{};
        run.attributes = {tag.data(), tag.size()};
        run.chunk = wire.chunk().get();
        run.wire = wire.data();
        run.bytes = wire.size();
        run.first_offset = offset;
        run.count = 1;
        run.id_epoch = 9;
        run.first_sequence = offset + 1;
        return run;
    }

    static inline MemoryEngine* current = nullptr;  // the one that create and extension speak for

    MemoryBudget& memory_;
    zb_section sections_[1] = {{"topics", "Topics.", nullptr, 0, sizeof(zb_option)}};
    zb_engine calls_{
        sizeof(zb_engine),
        0,
        sections_,
        sizeof(zb_section),
        0,
        find_topic,
        has_room,
        publish,
        note,
        [](void*) {},
        bounds,
        position,
        read,
        [](void*, zb_view name) { return text_of(name) == "g" ? uint32_t{0} : ZB_NO_GROUP; },
        receive,
        settle,
        admin,
        [](void*) { return uint32_t{1}; },
        prepare,
        resolve,
        join,
        [](void* self, uint32_t, uint32_t present) { of(self).attends += present != 0 ? 1 : -1; },
        topic_there,
        read_attributes};
    zb_plugin plugin_{};
    std::unique_ptr<plugin::Declaration> declaration_;
    std::unique_ptr<plugin::Instance> instance_;
    std::unique_ptr<plugin::Engine> engine_;
    const zb_engine_host* host_ = nullptr;
    zb_context* context_ = nullptr;
    uint64_t number_ = 0, committed_ = 0;
    std::vector<uint64_t> cookies_;  // of settlements that are not durable yet
    struct Resolving {
        uint64_t cookie = 0;
        zb_taken taken = ZB_TAKEN;
        uint64_t id = 0;
    };
    std::vector<Resolving> resolving_;
    std::map<uint32_t, std::deque<Stored>> waiting_, kept_;
};

}  // namespace zbridge::testing
