// What a session is at the services that it calls and works for: peers whose connection is the session's.
// Internal to this folder.
//
// Flow:    CALL -> Caller -> service -> on_relay() -> REPLY or REFUSED
//          service -> Server::on_relay() -> CALL -> REPLY -> Server -> service
// Promise: an outbox holds what the session's connection has not written: when that ends the service sees of
//          each message what has become of it, as with plain peers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "bridge/model/corr.h"
#include "bridge/protocol/calling.h"

namespace zbridge::protocol {

// A `ref` as services see it.
std::string write_ref(uint64_t ref);
std::optional<uint64_t> read_ref(std::string_view bytes);

class Session::Calling::Relay : public net::Peer {
 public:
    Relay(Calling& calling, Callee& callee, std::string name);

    // The connection has written more, or takes something again.
    void look();
    // Nothing more is to be given.
    void end_room() { waiting_messages_max_ = 0; }
    virtual void closed() = 0;
    void flush() override { look(); }

 protected:
    static constexpr uint64_t kNever = UINT64_MAX;

    // The message that was sent last, of so many bytes, has left when the connection has written `left_at`.
    void relayed(uint64_t bytes, uint64_t left_at);
    // It may be sent something.
    virtual bool takes() const;
    void on_queued() override {}

    Calling& calling_;
    Callee& callee_;

 private:
    struct Unsent {
        uint64_t bytes = 0;
        uint64_t left_at = 0;
    };
    std::deque<Unsent> unsent_;  // what the outbox holds
};

class Session::Calling::Caller final : public Relay {
 public:
    using Relay::Relay;
    void close(Refusal) override {}  // a service closes workers alone
    void opened() { callee_.clients().on_opened(*this); }
    void closed() override { callee_.clients().on_closed(*this); }
    void forget() { callee_.forget(*this); }
    // A block of one message; `frames` of it.
    void ask(uint64_t ref, const Slice& block, uint32_t frames, Duration timeout);

 private:
    void on_relay(const Slice& head, const Slice& rest) override;
};

class Session::Calling::Server final : public Relay {
 public:
    Server(Calling& calling, Callee& callee, uint32_t sub)
        : Relay(calling, callee, {}), sub_(sub) {}
    void close(Refusal why) override { calling_.end_soon(why); }
    void opened() { callee_.workers().on_opened(*this); }
    void closed() override { callee_.workers().on_closed(*this); }
    void set_credit(uint32_t credit);
    // The connection takes something again.
    void on_writable();

    // Likewise.
    void reply(const Corr& call, const Slice& block, uint32_t frames);
    void fail(const Corr& call, std::string_view text);
    // Its subscription has ended; it stays for what it holds.
    void retire();
    bool is_done() const { return retired_ && held_.empty(); }

 private:
    bool takes() const override;
    void on_relay(const Slice& head, const Slice& rest) override;

    uint32_t sub_;
    std::set<Corr> held_;
    bool retired_ = false;
};

}  // namespace zbridge::protocol
