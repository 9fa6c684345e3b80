#include "bridge/cli/bench/asking_sink.h"

#include <array>

namespace zbridge::cli::bench {

namespace {

// A hello has the number of the message that follows it.
uint64_t key_of(const Stamp& stamp) {
    return stamp.number * 2 + (stamp.kind == Stamp::Kind::kHello ? 1 : 0);
}

// "ERR topic_full orders: 20GiB reached" -> "topic_full"; empty: it is no refusal.
std::string_view refusal_in(std::string_view receipt) {
    constexpr std::string_view kMark = "ERR ";
    if (!receipt.starts_with(kMark)) return {};
    receipt.remove_prefix(kMark.size());
    return receipt.substr(0, receipt.find(' '));
}

}  // namespace

Result<std::unique_ptr<AskingSink>> AskingSink::open(net::PlainSockets& sockets,
                                                     const Setup& setup) {
    std::unique_ptr<AskingSink> its(new AskingSink(setup));
    for (uint16_t i = 0; i < setup.producers; i++) {
        auto socket = sockets.connect(setup.address, {.type = SocketType::kDealer});
        if (!socket.ok()) return std::move(socket).error();
        its->all_.push_back(socket->get());
        its->producers_.push_back({*std::move(socket)});
    }
    return its;
}

std::optional<uint16_t> AskingSink::next_producer() {
    for (uint16_t i = 0; i < setup_.producers; i++) {
        const auto each = static_cast<uint16_t>((next_ + i) % setup_.producers);
        if (setup_.window == 0 || producers_[each].open() < setup_.window) return next_ = each;
    }
    return std::nullopt;
}

Result<bool> AskingSink::send(const Stamp& stamp, std::string_view body) {
    std::array<char, Stamp::kBytes> name{};
    write_stamp(stamp, name.data());
    // What stands before the empty frame comes back before the reply.
    const std::array<std::string_view, 3> frames{std::string_view(name.data(), name.size()), "",
                                                 body};
    const bool calls = setup_.kind == Kind::kCalls;
    Producer& producer = producers_[stamp.producer];
    auto sent = producer.socket->send(std::span(frames).subspan(calls ? 0 : 1));
    if (!sent.ok()) return sent;
    blocked_ = !*sent;
    if (blocked_) return false;
    if (calls)
        producer.called.insert(key_of(stamp));
    else
        producer.in_order.push_back(stamp);
    next_ = static_cast<uint16_t>((stamp.producer + 1) % setup_.producers);
    return true;
}

Status AskingSink::hear(Duration time, bool for_room, const OnOutcome& on_outcome) {
    using Wait = net::PlainSocket::Wait;
    if (time > Duration{} && for_room && blocked_) {
        net::PlainSocket* const its = producers_[next_].socket.get();
        net::PlainSocket::wait({&its, 1}, Wait::kRoom, time);
    } else if (time > Duration{}) {
        net::PlainSocket::wait(all_, Wait::kArrival, time);
    }
    for (Producer& each : producers_) {
        if (Status status = take_answers(each, on_outcome); !status.ok()) return status;
    }
    return {};
}

Status AskingSink::take_answers(Producer& producer, const OnOutcome& on_outcome) {
    constexpr int kTurn = 256;
    for (int i = 0; i < kTurn; i++) {
        const auto count = producer.socket->receive(frames_);
        if (!count.ok()) return count.error();
        if (*count == 0) break;
        if (setup_.kind == Kind::kReceipts)
            take_receipt(producer, *count, on_outcome);
        else
            take_reply(producer, *count, on_outcome);
    }
    return {};
}

void AskingSink::take_receipt(Producer& producer, size_t frames, const OnOutcome& on_outcome) {
    if (producer.in_order.empty()) {
        again_++;
        return;
    }
    on_outcome(producer.in_order.front(), refusal_in(frames_[frames - 1]));
    producer.in_order.pop_front();
}

void AskingSink::take_reply(Producer& producer, size_t frames, const OnOutcome& on_outcome) {
    const auto stamp = find_stamp(frames_[0]);
    const auto asked = stamp ? producer.called.find(key_of(*stamp)) : producer.called.end();
    if (asked == producer.called.end()) {
        again_++;
        return;
    }
    producer.called.erase(asked);  // one of them: hellos are alike
    const bool same = !setup_.echo || find_stamp(frames_[frames - 1]) == stamp;
    on_outcome(*stamp, same ? "" : "another body");
}

}  // namespace zbridge::cli::bench
