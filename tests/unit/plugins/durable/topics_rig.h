// Topics on a FakeStore, lives and all, for tests.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/random.h"
#include "plugins/durable/topics/short_body.h"
#include "plugins/durable/topics/topics.h"
#include "plugins/durable/topics/wire.h"
#include "tests/unit/plugins/durable/fake_store.h"

namespace zbridge::durable {

// A message of one frame, as on the wire.
inline std::string wire_of(std::string_view body) {
    if (body.size() < 256)
        return std::string{'\0', static_cast<char>(body.size())} + std::string(body);
    std::string head{'\2'};
    for (int shift = 56; shift >= 0; shift -= 8)
        head += static_cast<char>(body.size() >> shift);
    return head + std::string(body);
}

// The bodies of messages of one frame, or of large ones.
inline std::vector<std::string> bodies_of(std::string_view wire) {
    std::vector<std::string> bodies;
    while (!wire.empty()) {
        const auto span = span_of(wire, 1, UINT64_MAX);
        ZB_CHECK(span.has_value() && span->bytes > 0);
        const size_t head = (wire[0] & 2) != 0 ? 9 : 2;
        bodies.emplace_back(wire.substr(head, static_cast<size_t>(span->bytes) - head));
        wire.remove_prefix(static_cast<size_t>(span->bytes));
    }
    return bodies;
}

struct Told : TopicsListener {
    struct Visible {
        uint32_t topic = 0;
        uint64_t first = 0;
        std::vector<std::string> bodies;
        bool operator==(const Visible&) const = default;
    };
    struct Note {
        uint64_t key = 0;
        RecordType kind{};
        std::string bytes;
        bool operator==(const Note&) const = default;
    };

    void on_committed(uint64_t number) override {
        ZB_CHECK(number > committed, number, committed);
        committed = number;
        events.push_back("committed " + std::to_string(number));
    }
    void on_failed(const std::string& sentence) override { failures.push_back(sentence); }
    void on_room() override { rooms++; }
    void on_visible(TopicId topic, const zb_run* runs, uint32_t count) override {
        for (uint32_t i = 0; i < count; i++) {
            visible.push_back(
                {topic.number(), runs[i].first_offset, bodies_of({runs[i].wire, runs[i].bytes})});
            ids.push_back(runs[i].first_sequence);
            ZB_CHECK(runs[i].count == visible.back().bodies.size());
        }
        events.push_back("visible " + std::to_string(topic.number()));
    }
    void on_loaded(TopicId topic) override { loaded.push_back(topic.number()); }
    void on_note(uint64_t key, RecordType kind, std::string_view bytes) override {
        notes.push_back({key, kind, std::string(bytes)});
    }
    void on_settled(uint64_t, bool, const std::string&) override {}
    void on_answer(uint64_t cookie, bool ok, const std::string& body) override {
        answers.emplace_back(cookie, ok, body);
    }
    void warn(const std::string& sentence) override { warnings.push_back(sentence); }

    uint64_t committed = 0;
    int rooms = 0;
    std::vector<std::string> events, failures, warnings;
    std::vector<Visible> visible;
    std::vector<uint64_t> ids;
    std::vector<uint32_t> loaded;
    std::vector<Note> notes;
    std::vector<std::tuple<uint64_t, bool, std::string>> answers;
};

inline zb_view view_of(std::string_view text) {
    return {text.data(), text.size()};
}

struct TopicsRig {
    explicit TopicsRig(std::vector<std::string> names = {"orders"}, uint64_t segment = 64 << 20)
        : store(segment) {
        for (const std::string& name : names)
            options.topics.push_back({name, {}});
    }
    ~TopicsRig() { topics.reset(); }

    Status start() {
        told = Told();
        epoch++;
        const TopicsWorld world{&clock, &random, &memory, epoch};
        topics = std::make_unique<Topics>(options, world, told);
        // Every second one as a digest has it.
        bool is_short = false;
        for (const FakeStore::Batch& each : store.batches()) {
            std::string shortened;
            is_short = !is_short;
            if (is_short) shorten(each.body, shortened);
            const LogBatch batch{each.seq, each.place, is_short ? shortened : each.body};
            if (Status status = topics->replay(batch); !status.ok()) return status;
        }
        if (Status status = topics->serve(store, was_clean); !status.ok()) return status;
        commit();
        return {};
    }
    // The process dies.
    Status restart(bool clean = true, bool keeps_in_flight = false) {
        topics.reset();
        was_clean = clean;
        store.crash(keeps_in_flight);
        return start();
    }
    void commit() {
        topics->turn_end();
        store.finish_all();
    }
    TopicId id(const std::string& name) { return *topics->topic(name); }
    zb_taken publish(const std::string& name, std::string_view body,
                     const zb_attributes* attributes = nullptr) {
        return publish_wire(name, wire_of(body), attributes);
    }
    zb_taken publish_wire(const std::string& name, const std::string& wire,
                          const zb_attributes* attributes = nullptr) {
        const zb_publication publication{id(name).number(), 1, view_of(wire), attributes};
        receipt = {};
        return topics->publish(&publication, 1, receipt);
    }
    // With a producer's id.
    zb_taken publish_as(const std::string& name, std::string_view body, std::string_view its_id) {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.id = view_of(its_id);
        return publish(name, body, &attributes);
    }
    std::string reason() const { return {receipt.reason.data, receipt.reason.size}; }

    struct Answer {
        zb_taken taken = 0;
        std::vector<std::pair<uint64_t, std::string>> messages;
    };
    Answer read(const std::string& name, uint64_t from, uint64_t bytes_max = 1 << 20,
                uint32_t runs_max = 64) {
        std::vector<zb_run> runs(runs_max);
        uint32_t count = 0;
        Answer answer;
        answer.taken = topics->read(id(name), {from}, bytes_max, runs.data(), runs_max, count);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t offset = runs[i].first_offset;
            for (std::string& body : bodies_of({runs[i].wire, runs[i].bytes}))
                answer.messages.emplace_back(offset++, std::move(body));
        }
        return answer;
    }
    // All from there on, whatever it takes.
    std::vector<std::pair<uint64_t, std::string>> read_all(const std::string& name,
                                                           uint64_t from = 0,
                                                           uint64_t bytes_max = 1 << 20) {
        std::vector<std::pair<uint64_t, std::string>> all;
        while (true) {
            Answer answer = read(name, from, bytes_max);
            if (answer.taken == ZB_LATER) {
                ZB_CHECK(store.finish_read());
                continue;
            }
            if (answer.taken != ZB_TAKEN || answer.messages.empty()) return all;
            for (auto& message : answer.messages)
                all.push_back(std::move(message));
            from = all.back().first + 1;
        }
    }

    ManualClock clock;
    SeededRandom random{1};
    MemoryBudget memory{1ULL << 30};
    FakeStore store;
    TopicsOptions options;
    uint64_t epoch = 0;
    bool was_clean = true;
    Told told;
    std::unique_ptr<Topics> topics;
    zb_receipt receipt{};
};

using Messages = std::vector<std::pair<uint64_t, std::string>>;

}  // namespace zbridge::durable
