// Who reads a topic at an endpoint, each from a place of its own: they are looked at when there is
// something for them.
//
// Flow:    engine -> on_visible(), on_loaded() -> before_writing() -> Reader::pump()
// Promise: one that is slow stops nobody: it lags, and costs no memory.
#pragma once

#include <cstdint>
#include <list>
#include <span>

#include "bridge/net/reactor.h"
#include "bridge/plugin/engine.h"

namespace zbridge::protocol {

class Reader {
 public:
    virtual ~Reader() = default;
    // Reads on as far as it may. True: it could go on, and lets others have their turn.
    virtual bool pump() = 0;

 private:
    friend class Readers;
    std::list<Reader*>::iterator place_;
    bool awake_ = true;  // there may be something for it
};

class Readers final : public plugin::TopicListener {
 public:
    // They outlive it.
    Readers(TopicId topic, plugin::Engine& engine, net::Reactor& reactor)
        : topic_(topic), engine_(engine), reactor_(reactor), again_(reactor.timers(), [] {}) {
        engine.listen(topic, *this);
    }

    void add(Reader& reader) { reader.place_ = readers_.insert(readers_.end(), &reader); }
    void remove(Reader& reader) { readers_.erase(reader.place_); }
    static void wake(Reader& reader) { reader.awake_ = true; }

    void on_visible(TopicId, std::span<const plugin::Run>) override { wake_all(); }
    void on_loaded(TopicId) override { wake_all(); }
    void before_writing() {
        for (Reader* each : readers_) {
            if (!each->awake_) continue;
            each->awake_ = each->pump();
            if (each->awake_) again_.arm(reactor_.now());
        }
    }

    TopicId topic() const { return topic_; }
    plugin::Engine& engine() const { return engine_; }

 private:
    void wake_all() {
        for (Reader* each : readers_)
            each->awake_ = true;
    }

    TopicId topic_;
    plugin::Engine& engine_;
    net::Reactor& reactor_;
    std::list<Reader*> readers_;
    Timer again_;  // armed: somebody has had its turn, and has more to read
};

}  // namespace zbridge::protocol
