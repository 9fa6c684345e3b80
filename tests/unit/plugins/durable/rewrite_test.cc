// What is no message, and is needed: it is written again behind its segment.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSegment = 4096;

struct Rig : TopicsRig {
    Rig() : TopicsRig({"fast"}, kSegment) {
        options.topics[0].options.retention.count = 1;
        options.hot_bytes = 512;
    }
    void note(uint64_t key, RecordType kind, std::string_view bytes, bool closes = false) {
        REQUIRE(topics->note(key, kind, bytes, closes, receipt) == ZB_TAKEN);
    }
    // The log goes on by so many batches, a second each.
    void pass(int batches) {
        for (int i = 0; i < batches; i++) {
            publish("fast", std::string(200, 'x'));
            commit();
            topics->tick();
            while (store.finish_read()) {
            }
            commit();
        }
    }
    bool has_segment(uint64_t segment) {
        for (const SegmentInfo& each : store.segments()) {
            if (each.segment == segment) return true;
        }
        return false;
    }
};

using ToldNotes = std::vector<Told::Note>;

}  // namespace

TEST_CASE("an open note does not keep its segment: it is written again, whole and in order") {
    Rig rig;
    REQUIRE(rig.start().ok());
    rig.note(1, RecordType::kReq, "one");
    rig.note(2, RecordType::kReq, "two");
    rig.pass(3);
    rig.note(1, RecordType::kDispatch, "one goes");
    rig.pass(60);
    CHECK_FALSE(rig.has_segment(1));
    CHECK(rig.topics->open_notes() == 2);
    CHECK(rig.store.segments().size() <= 4);
    const ToldNotes open{{1, RecordType::kReq, "one"},
                         {1, RecordType::kDispatch, "one goes"},
                         {2, RecordType::kReq, "two"}};
    for (int life = 0; life < 5; life++) {
        REQUIRE(rig.restart(false).ok());
        auto told = rig.told.notes;
        std::stable_sort(told.begin(), told.end(),
                         [](const auto& a, const auto& b) { return a.key < b.key; });
        CHECK(told == open);
        rig.pass(13 * life);
    }
    rig.note(1, RecordType::kReply, "answer");
    rig.note(1, RecordType::kReplied, "", true);
    rig.pass(1);
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.told.notes == ToldNotes{{2, RecordType::kReq, "two"}});
}

TEST_CASE(
    "what comes while notes are written again is not lost, whichever batch the crash leaves") {
    // The same life again and again, ended at each of its batches.
    for (size_t end = 1; end < 120; end++) {
        CAPTURE(end);
        Rig rig;
        REQUIRE(rig.start().ok());
        std::map<uint64_t, std::vector<std::string>> durable;  // what each key has
        std::vector<std::pair<uint64_t, std::string>> in_flight;
        uint64_t next = 0;
        const auto settle = [&] {
            rig.commit();
            for (const auto& [key, bytes] : in_flight) {
                if (bytes == "closed")
                    durable.erase(key);
                else
                    durable[key].push_back(bytes);
            }
            in_flight.clear();
        };
        for (size_t i = 0; i < end; i++) {
            const uint64_t key = i % 7;
            const bool closes = i % 31 == 30 && key != 3;
            const std::string bytes =
                closes ? "closed" : std::to_string(next++) + std::string(i % 5 * 40, '.');
            rig.note(key, closes ? RecordType::kReplied : RecordType::kReq, bytes, closes);
            in_flight.emplace_back(key, bytes);
            rig.publish("fast", std::string(150, 'x'));
            // It is on its way when the cleaner looks.
            if (i % 3 == 0) rig.topics->turn_end();
            rig.topics->tick();
            while (rig.store.finish_read()) {
            }
            if (i % 2 == 0) settle();
        }
        settle();
        REQUIRE(rig.restart(false).ok());
        std::map<uint64_t, std::vector<std::string>> told;
        for (const auto& note : rig.told.notes)
            told[note.key].push_back(note.bytes);
        REQUIRE(told == durable);
    }
}

TEST_CASE("a note that cannot be read any more stays where it is, and stops nothing") {
    Rig rig;
    REQUIRE(rig.start().ok());
    rig.note(1, RecordType::kReq, "one");
    rig.pass(3);
    rig.note(2, RecordType::kReq, "two");
    for (int i = 0; i < 40; i++) {
        rig.publish("fast", std::string(200, 'x'));
        rig.commit();
        rig.topics->tick();
        while (rig.store.reads() > 0)
            rig.store.finish_read({Code::kIo, "its sum is wrong"});
        rig.commit();
    }
    CHECK(rig.topics->damaged_batches() > 0);
    CHECK(rig.has_segment(1));
    CHECK(rig.topics->open_notes() == 2);
    CHECK(rig.publish("fast", "x") == ZB_TAKEN);
}

TEST_CASE("many open notes that are all there is are not copied without an end") {
    Rig rig;
    REQUIRE(rig.start().ok());
    for (uint64_t key = 0; key < 60; key++) {
        rig.note(key, RecordType::kReq, std::string(400, 'n'));
        rig.commit();
    }
    for (int i = 0; i < 200; i++) {
        rig.topics->tick();
        while (rig.store.finish_read()) {
        }
        rig.commit();
    }
    CHECK(rig.topics->moved_bytes() == 0);
    CHECK(rig.topics->live_bytes() >= 60 * 400);
}

}  // namespace zbridge::durable
