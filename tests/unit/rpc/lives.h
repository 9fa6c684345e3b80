// A service in one life of the bridge after another: its store is the test's, and so is when the
// bridge is killed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/rpc/world.h"

namespace zbridge::rpc {

class FakeStore final : public NoteStore {
 public:
    struct Note {
        uint64_t key = 0;
        NoteKind kind{};
        std::string bytes;
        bool closes = false;
    };

    std::optional<uint64_t> note(uint64_t key, NoteKind kind, std::string_view bytes,
                                 bool closes) override {
        if (is_broken || (is_full && !closes)) return std::nullopt;
        notes.push_back({key, kind, std::string(bytes), closes});
        return notes.size();
    }
    bool failed() const override { return is_broken; }

    // What stands there, in the order of its writing.
    std::vector<Note> open() const {
        std::map<uint64_t, size_t> open_from;  // by key
        for (size_t i = 0; i < notes.size(); i++) {
            if (notes[i].closes) open_from[notes[i].key] = i + 1;
        }
        std::vector<Note> open;
        for (size_t i = 0; i < notes.size(); i++) {
            if (!notes[i].closes && i >= open_from[notes[i].key]) open.push_back(notes[i]);
        }
        return open;
    }
    // "16 17" of a request's open notes.
    std::string kinds(uint64_t key) const {
        std::string kinds;
        for (const Note& note : open()) {
            if (note.key != key) continue;
            if (!kinds.empty()) kinds += ' ';
            kinds += std::to_string(static_cast<uint32_t>(note.kind));
        }
        return kinds;
    }

    std::vector<Note> notes;
    size_t committed = 0;
    bool is_broken = false;
    bool is_full = false;
};

struct Lives {
    explicit Lives(ServiceOptions with, DedupKey dedup_key = {})
        : options(std::move(with)), key(std::move(dedup_key)) {
        options.name = "work";
        options.resume = true;
        start();
    }
    ~Lives() { end(); }

    World* operator->() { return world.get(); }

    void start(bool clean = false) {
        journal = std::make_unique<RequestJournal>(
            store, clock, std::vector<std::string>{"other", "clients", "workers"});
        for (const FakeStore::Note& note : store.open())
            journal->recover(note.key, note.kind, note.bytes);
        REQUIRE(journal->begin().ok());
        world = std::make_unique<World>(
            options, Life{.epoch = Epoch(++epoch), .clean_start = clean}, key, clock, *journal);
        journal->abandon_rest();
        world->service->check_invariants();
    }
    // What was not committed is gone; what sockets had not taken as well.
    void kill() {
        store.notes.resize(store.committed);
        end();
    }
    void restart() {
        kill();
        start();
    }
    void commit() {
        store.committed = store.notes.size();
        journal->on_committed(store.committed);
        world->service->check_invariants();
    }
    void break_store() {
        store.is_broken = true;
        journal->on_store_failed();
        world->service->check_invariants();
    }
    // A worker that is there, and would have spoken by now.
    FakePeer& worker(SocketType type = SocketType::kRep) {
        FakePeer& peer = world->worker(type);
        world->advance(options.resume_grace);
        return peer;
    }
    uint64_t unresumable() const {
        return world->service->status().ended.of(Refusal::kUnresumable);
    }

    ManualClock clock;
    FakeStore store;
    ServiceOptions options;
    DedupKey key;
    uint32_t epoch = 6;
    std::unique_ptr<RequestJournal> journal;
    std::unique_ptr<World> world;

 private:
    // Nobody is told: it is the end of a process.
    void end() {
        const bool was_broken = std::exchange(store.is_broken, true);
        world.reset();
        journal.reset();
        store.is_broken = was_broken;
    }
};

}  // namespace zbridge::rpc
