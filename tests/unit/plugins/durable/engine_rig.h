// The plugin `durable` as the bridge has it: through the C interface, on a simulated disk.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/executor.h"
#include "bridge/base/random.h"
#include "bridge/base/sim_disk.h"
#include "plugins/built_in.h"
#include "plugins/durable/engine.h"
#include "plugins/sdk/zbridge_engine.h"
#include "plugins/sdk/zbridge_fake_host.hpp"
#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

class EngineRig {
 public:
    using Options = std::vector<std::pair<std::string, std::string>>;

    explicit EngineRig(uint64_t seed = 1) : random(seed) {
        ZB_CHECK(disk.make_dir("/data").ok() && disk.sync_dir("/").ok());
    }
    ~EngineRig() { die(); }

    // What the file says from the next start on.
    void topic(const std::string& name, Options its = {}) {
        topics.emplace_back(name, std::move(its));
    }
    void group(const std::string& name, Options its) { groups.emplace_back(name, std::move(its)); }
    void option(const std::string& key, const std::string& value) { options[key] = value; }

    // Throws what create and start say.
    void create() {
        die();
        host = std::make_unique<testing::FakeHost>();
        entries.clear();
        told = Told();
        answers.clear();
        for (const auto& [key, value] : options)
            host->set(key, value);
        host->extensions[ZB_ENGINE_HOST] = &table();
        for (const auto* section : {&topics, &groups}) {
            auto& its_entries = entries[section == &topics ? "topics" : "groups"];
            for (const auto& [name, its] : *section) {
                its_entries.push_back(std::make_unique<testing::FakeHost>());
                its_entries.back()->its_name = name;
                for (const auto& [key, value] : its)
                    its_entries.back()->set(key, value);
            }
        }
        rigs()[host->context()] = this;
        instance.emplace(host->create(zbridge_plugin_entry_durable()));
        engine = &instance->extension<zb_engine>(ZB_ENGINE);
    }
    void start() {
        create();
        epoch++;
        world = {sizeof(zb_world), was_clean ? 1U : 0U, epoch, "/data", &disk, &clock, &random,
                 &memory};
        instance->start();
    }
    void stop() {
        settle();
        instance->drain(0);
        settle();
        instance->stop();
        was_clean = true;
        die();
    }
    // Nothing that is unsynced is on the disk then, or all, or some.
    void lose_power() {
        disk.crash(random);
        was_clean = false;
        die();
        disk.crash(random);
    }
    // kill -9: the disk keeps what it was given.
    void die() {
        if (!instance) return;
        // The wrapper stops what was started: a disk that takes nothing has that make no difference.
        disk.cut_power_at(disk.operations());
        instance.reset();
        disk.cut_power_at(UINT64_MAX);
        executors.clear();
        rigs().erase(host->context());
    }

    void* self() const { return instance->self(); }
    // One turn of the bridge, with as much of the threads' work as chance has it.
    void turn() {
        for (const auto& each : executors) {
            each->run_some();
            each->run_done();
        }
        if (runs_timers) host->fire_timers();
        engine->turn_end(self());
    }
    void settle() {
        engine->turn_end(self());
        for (int i = 0; i < 1000 && engine->idle(self()) == 0; i++)
            turn();
    }
    uint32_t handle(const std::string& name) { return engine->topic(self(), view_of(name)); }
    zb_taken publish(const std::string& name, std::string_view body,
                     const zb_attributes* attributes = nullptr) {
        const std::string wire = wire_of(body);
        const zb_publication publication{handle(name), 1, view_of(wire), attributes};
        receipt = {};
        return engine->publish(self(), &publication, 1, &receipt);
    }
    // All of the topic from there on, whatever it takes.
    Messages read_all(const std::string& name, uint64_t from = 0, uint64_t bytes_max = 1 << 20) {
        Messages all;
        std::vector<zb_run> runs(16);
        for (int tries = 0; tries < 100'000;) {
            uint32_t count = 0;
            const zb_taken taken =
                engine->read(self(), handle(name), from, bytes_max, runs.data(), 16, &count);
            if (taken == ZB_LATER) {
                tries++;
                turn();
                continue;
            }
            if (taken != ZB_TAKEN || count == 0) return all;
            for (uint32_t i = 0; i < count; i++) {
                uint64_t offset = runs[i].first_offset;
                for (std::string& body : bodies_of({runs[i].wire, runs[i].bytes}))
                    all.emplace_back(offset++, std::move(body));
            }
            from = all.back().first + 1;
        }
        ZB_CHECK(false, name, from);
        return all;
    }
    // Its answer, in time.
    std::pair<zb_result, std::string> ask(const std::string& verb, const std::string& body) {
        const uint64_t cookie = ++last_cookie;
        engine->admin(self(), view_of(verb), view_of(body), cookie);
        for (int i = 0; i < 1000 && answers.count(cookie) == 0; i++)
            turn();
        return answers.at(cookie);
    }

    const Topics& its_topics() const {
        return border::self<Engine>(instance->self()).plugin->topics();
    }
    // By the cleaner, in this life.
    uint64_t moved_bytes() const { return its_topics().moved_bytes(); }
    // Of segments, as the disk has them.
    uint64_t segment_bytes() {
        uint64_t bytes = 0;
        const auto names = disk.list("/data/journal");
        for (const std::string& name : *names) {
            if (!name.ends_with(".seg")) continue;
            const auto file = disk.open("/data/journal/" + name, OpenMode::kRead);
            bytes += *(*file)->size();
        }
        return bytes;
    }

    SimDisk disk;
    ManualClock clock;
    SeededRandom random;
    MemoryBudget memory{1ULL << 30};
    std::vector<std::pair<std::string, Options>> topics, groups;
    std::map<std::string, std::string> options;
    bool was_clean = true;
    bool runs_timers = true;  // all at once, whatever their time
    uint64_t epoch = 0;
    zb_world world{};

    std::unique_ptr<testing::FakeHost> host;
    std::map<std::string, std::vector<std::unique_ptr<testing::FakeHost>>> entries;  // by section
    std::vector<std::unique_ptr<SimExecutor>> executors;
    std::optional<testing::Instance> instance;
    const zb_engine* engine = nullptr;
    zb_receipt receipt{};
    Told told;
    std::map<uint64_t, std::pair<zb_result, std::string>> answers;
    uint64_t last_cookie = 0;
    std::set<uint32_t> ready;               // groups that were told to be
    std::map<uint64_t, zb_result> settled;  // by cookie
    struct Resolved {
        zb_taken taken = ZB_TAKEN;
        MessageId id;
        std::string reason;
    };
    std::map<uint64_t, Resolved> resolved;  // likewise
    struct Check {
        uint32_t check = 0;
        zb_transaction transaction{};
        std::string checker, body;
    };
    std::vector<Check> checks;
    bool checker_is_there = true;

 private:
    static std::map<zb_context*, EngineRig*>& rigs() {
        static std::map<zb_context*, EngineRig*> all;
        return all;
    }
    static EngineRig& of(zb_context* context) { return *rigs().at(context); }

    static const zb_engine_host& table() {
        static const zb_engine_host table{
            sizeof(zb_engine_host),
            0,
            [](zb_context* c) -> const zb_world* { return &of(c).world; },
            [](zb_context* c, const char* name, uint32_t threads, uint32_t tasks_max) -> void* {
                of(c).executors.push_back(std::make_unique<SimExecutor>(
                    ExecutorOptions{name, threads, tasks_max}, of(c).random));
                return of(c).executors.back().get();
            },
            [](zb_context* c, const char* section) {
                return static_cast<uint32_t>(of(c).entries[section].size());
            },
            [](zb_context* c, const char* section, uint32_t index) {
                const zb_section* found = of(c).section(section);
                return of(c).entries[section][index]->entry(found->options, found->option_count,
                                                            found->option_size);
            },
            [](zb_context* c, uint64_t number) { of(c).told.on_committed(number); },
            [](zb_context* c, zb_view sentence, uint32_t) {
                of(c).told.on_failed({sentence.data, sentence.size});
            },
            [](zb_context* c) { of(c).told.on_room(); },
            [](zb_context* c, uint32_t topic, const zb_run* runs, uint32_t count) {
                of(c).told.on_visible(TopicId(topic), runs, count);
            },
            [](zb_context* c, uint32_t topic) { of(c).told.on_loaded(TopicId(topic)); },
            [](zb_context* c, uint32_t group) { of(c).ready.insert(group); },
            [](zb_context* c, uint64_t cookie, zb_result result, zb_view) {
                of(c).settled[cookie] = result;
            },
            [](zb_context* c, uint64_t key, uint32_t kind, zb_view bytes) {
                of(c).told.on_note(key, static_cast<RecordType>(kind), {bytes.data, bytes.size});
            },
            [](zb_context* c, uint64_t cookie, zb_result result, zb_view body) {
                of(c).answers[cookie] = {result, {body.data, body.size}};
            },
            [](zb_context* c, const zb_resolved* its) {
                of(c).resolved[its->cookie] = {its->taken,
                                               {its->id_epoch, its->id_sequence},
                                               {its->reason.data, its->reason.size}};
            },
            [](zb_context* c, const zb_check* its) -> uint32_t {
                if (!of(c).checker_is_there) return 0;
                of(c).checks.push_back({its->check,
                                        its->transaction,
                                        {its->checker.data, its->checker.size},
                                        bodies_of({its->run.wire, its->run.bytes}).front()});
                return 1;
            },
        };
        return table;
    }
    const zb_section* section(const std::string& name) const {
        const auto* table =
            static_cast<const zb_engine*>(zbridge_plugin_entry_durable()->get_extension(ZB_ENGINE));
        for (uint32_t i = 0; i < table->section_count; i++) {
            if (name == table->sections[i].name) return &table->sections[i];
        }
        return nullptr;
    }
};

}  // namespace zbridge::durable
