#include "bridge/net/connection.h"

#include <doctest/doctest.h>

#include <set>

#include "bridge/base/random.h"
#include "tests/unit/support/endpoint_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using namespace std::string_literals;
using zmtp::frame;

namespace {

net::EndpointOptions with(const std::function<void(net::EndpointOptions&)>& change) {
    net::EndpointOptions options;
    change(options);
    return options;
}

void send(EndpointRig& rig, const std::string& body) {
    rig.last().send(make_message(rig.memory, {body}));
}

}  // namespace

TEST_CASE("messages arrive whole and in order, in whatever pieces their bytes come") {
    SeededRandom random(21);
    for (int run = 0; run < 60; run++) {
        EndpointRig rig;
        const net::Socket socket = rig.open("PUSH");
        std::vector<Frames> sent;
        std::string bytes;
        size_t pings = 0;
        for (uint64_t count = 1 + random.below(30); count > 0; count--) {
            Frames frames;
            const auto maybe_ping = [&] {
                if (random.below(4) > 0) return;
                bytes += zmtp::ping(std::string(random.below(17), 'c'));
                pings++;
            };
            for (uint64_t parts = 1 + random.below(5); parts > 0; parts--) {
                maybe_ping();
                frames.emplace_back(
                    random.below(8) == 0 ? random.below(100'000) : random.below(300),
                    static_cast<char>('a' + count));
                bytes += frame(frames.back(), parts > 1);
            }
            maybe_ping();
            sent.push_back(frames);
        }
        const size_t most = 1 + random.below(run % 3 == 0 ? 20 : 40'000);
        for (size_t at = 0; at < bytes.size();) {
            const size_t piece = std::min<size_t>(1 + random.below(most), bytes.size() - at);
            rig.net.send(socket, std::string_view(bytes).substr(at, piece));
            if (bytes.size() / most > 4000 && random.below(50) > 0) {
                at += piece;
                continue;
            }
            rig.turns();
            at += piece;
        }
        rig.turns();
        REQUIRE(rig.recorder.messages == sent);
        const std::string said = rig.net.receive(socket);
        size_t pongs = 0;
        for (size_t at = 0; at < said.size(); at += 2 + static_cast<size_t>(said[at + 1]))
            pongs++;
        CHECK(pongs == pings);
        CHECK(rig.last().counters().messages_in == sent.size());
    }
}

TEST_CASE(
    "a message of 64 MiB passes unchanged where the limit is raised, and costs its own size once") {
    const auto options =
        with([](auto& o) { o.limits.frame_bytes_max = o.limits.message_bytes_max = 128 << 20; });
    EndpointRig rig(options, uint64_t{512} << 20);
    rig.recorder.keeps_frames = false;
    const net::Socket socket = rig.open("PUSH");
    std::string body(64 << 20, '\0');
    for (size_t i = 0; i < body.size(); i += 997)
        body[i] = static_cast<char>(i / 997);
    bool same = false;
    rig.recorder.then = [&](net::Peer&, const Message& message) {
        same = message.bodies()[1] == body;
    };
    uint64_t most = 0;
    rig.reactor.at_turn_end([&] { most = std::max(most, rig.memory.used()); });
    rig.net.send(socket, frame("head", true) + frame(body));
    rig.turns(10'000);
    CHECK(same);
    CHECK(most < (64 << 20) + (2 << 20));
    CHECK(rig.memory.used() < 1 << 20);
}

TEST_CASE("a message of many large frames is copied no more than a few times") {
    const auto options = with([](auto& o) {
        o.limits.frame_bytes_max = o.limits.message_bytes_max = 128 << 20;
        o.limits.frames_max = 1000;
    });
    EndpointRig rig(options, uint64_t{512} << 20);
    const net::Socket socket = rig.open("PUSH");
    Frames frames;
    for (int i = 0; i < 300; i++)
        frames.emplace_back(100'000, static_cast<char>(i));
    uint64_t most = 0;
    rig.reactor.at_turn_end([&] { most = std::max(most, rig.memory.used()); });
    rig.net.send(socket, zmtp::message(frames));
    rig.turns(10'000);
    REQUIRE(rig.recorder.messages.size() == 1);
    CHECK(rig.recorder.messages[0] == frames);
    CHECK(most < 3 * 30'000'000);
}

TEST_CASE("a frame that is only announced holds no memory") {
    EndpointRig rig;
    for (int i = 0; i < 50; i++)
        rig.send(rig.open("PUSH"), "\2\0\0\0\0\0\xff\0\0"s + "a few bytes");
    CHECK(rig.endpoint->peers().size() == 50);
    CHECK(rig.memory.used() < 2 << 20);
}

TEST_CASE("each limit ends the connection that breaks it, and is counted by its name") {
    struct Case {
        std::string bytes;
        Refusal refusal;
    };
    const auto options = with([](auto& o) {
        o.limits.frame_bytes_max = 1000;
        o.limits.message_bytes_max = 2000;
        o.limits.frames_max = 5;
    });
    const std::vector<Case> cases = {
        {frame(std::string(1001, 'x')), Refusal::kTooLarge},
        {"\2\xff\xff\xff\xff\xff\xff\xff\xff"s, Refusal::kTooLarge},
        {zmtp::message({std::string(900, 'x'), std::string(900, 'x'), std::string(900, 'x')}),
         Refusal::kTooLarge},
        {zmtp::message({"", "", "", "", "", ""}), Refusal::kTooManyFrames},
        {"\x8\0"s, Refusal::kMalformed},
        {"\5\0"s, Refusal::kMalformed},
        {zmtp::command("", ""), Refusal::kMalformed},
        {zmtp::ready("PUSH"), Refusal::kMalformed},
        {zmtp::command("PING", "\0"s), Refusal::kMalformed},
        {zmtp::ping(std::string(17, 'c')), Refusal::kMalformed},
        {zmtp::command("SUBSCRIBE", "a"), Refusal::kMalformed},
        {frame("a", true) + zmtp::ready("PUSH"), Refusal::kMalformed},
    };
    for (const Case& each : cases) {
        EndpointRig rig(options);
        const net::Socket other = rig.open("PUSH");
        const net::Socket socket = rig.open("PUSH");
        rig.send(socket, frame("good") + each.bytes + frame("not heard"));
        CHECK(rig.net.closed(socket));
        CHECK(rig.refusals(each.refusal) == 1);
        CHECK(rig.endpoint->refusals().total() == 1);
        CHECK(rig.recorder.ends == std::vector<std::optional<Refusal>>{each.refusal});
        rig.send(other, frame("other"));
        CHECK(rig.recorder.messages == std::vector<Frames>{{"good"}, {"other"}});
    }
}

TEST_CASE("a command that is not known is ignored and counted") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, zmtp::command("JOIN", "group") + frame("a", true) +
                         zmtp::command("ERROR", "\1x") + frame("b"));
    CHECK(rig.recorder.messages == std::vector<Frames>{{"a", "b"}});
    CHECK(rig.refusals(Refusal::kMalformed) == 2);
}

TEST_CASE("a peer that dies in the middle of a message leaves nothing of it") {
    for (const bool reset : {false, true}) {
        EndpointRig rig;
        const net::Socket socket = rig.open("PUSH");
        rig.net.send(socket, frame("whole") + frame("half", true) + frame("mess").substr(0, 4));
        reset ? rig.net.reset(socket) : rig.net.end(socket);
        rig.turns();
        CHECK(rig.recorder.messages == std::vector<Frames>{{"whole"}});
        CHECK(rig.net.closed(socket));
        CHECK(rig.recorder.closed.size() == 1);
    }
}

TEST_CASE(
    "everything that a peer sent before it ended is read, however much and in however small "
    "pieces") {
    EndpointRig rig;
    rig.recorder.keeps_frames = false;
    rig.net.read_at_most(1000);
    const net::Socket socket = rig.open("PUSH");
    std::string bytes;
    for (int i = 0; i < 20'000; i++)
        bytes += frame("0123456789");
    rig.net.send(socket, bytes);
    rig.net.end(socket);
    rig.turns(10'000);
    CHECK(rig.recorder.message_count == 20'000);
    CHECK(rig.net.closed(socket));
}

TEST_CASE("a flood of the smallest frames is heard") {
    EndpointRig rig;
    rig.recorder.keeps_frames = false;
    const net::Socket socket = rig.open("PUSH");
    rig.net.send(socket, std::string(2'000'000, '\0'));
    rig.turns(10'000);
    CHECK(rig.recorder.message_count == 1'000'000);
}

TEST_CASE("commands between frames, in great numbers, cost no more than other bytes") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PUSH");
    rig.net.send(socket, frame(std::string(8 << 20, 'x'), true));
    rig.turns();
    // Moving the first frame for each of these would be 400 GB.
    std::string pings;
    for (int i = 0; i < 50'000; i++)
        pings += zmtp::ping();
    rig.net.send(socket, pings + frame("end"));
    rig.turns();
    CHECK(rig.recorder.messages.size() == 1);
    CHECK(rig.recorder.messages[0].size() == 2);
}

TEST_CASE("commands that come one by one behind a large frame do not move it") {
    const auto options = with([](auto& o) { o.limits.message_bytes_max = 64 << 20; });
    EndpointRig rig(options, 256 << 20);
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, frame(std::string(15 << 20, 'x'), true));
    for (int i = 0; i < 20'000; i++) {
        rig.net.send(socket, zmtp::ping());
        rig.reactor.turn(false);
    }
    rig.send(socket, frame("end"));
    REQUIRE(rig.recorder.messages.size() == 1);
    CHECK(rig.recorder.messages[0][0] == std::string(15 << 20, 'x'));
}

TEST_CASE("a PING is answered with its context, at once and between messages") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PULL");
    send(rig, "before");
    rig.send(socket, zmtp::ping("0123456789abcdef"));
    send(rig, "behind");
    rig.turns();
    CHECK(rig.net.receive(socket) ==
          frame("before") + zmtp::pong("0123456789abcdef") + frame("behind"));
}

TEST_CASE("a peer is dead when it is silent for the time that its PING has promised") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, zmtp::ping("", 10));
    rig.pass(900ms);
    CHECK_FALSE(rig.net.closed(socket));
    rig.send(socket, frame("alive"));
    rig.pass(900ms);
    CHECK_FALSE(rig.net.closed(socket));
    rig.pass(300ms);
    CHECK(rig.net.closed(socket));
    CHECK(rig.refusals(Refusal::kHeartbeat) == 1);
}

TEST_CASE("silence while we do not read is ours") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, zmtp::ping("", 5));
    rig.endpoint->hold();
    rig.pass(10s, 50ms);
    CHECK_FALSE(rig.net.closed(socket));
    rig.send(socket, zmtp::ping("", 5));
    rig.endpoint->release();
    rig.turns();
    CHECK_FALSE(rig.net.closed(socket));
    rig.pass(1s);
    CHECK(rig.net.closed(socket));
}

TEST_CASE("a PING whose time to live is zero promises nothing") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, zmtp::ping("", 0));
    rig.pass(100s, 1s);
    CHECK_FALSE(rig.net.closed(socket));
}

TEST_CASE("heartbeats go to peers that greet with 3.1, and to no others") {
    const auto options = with([](auto& o) { o.heartbeat = 1s; });
    EndpointRig rig(options);
    const net::Socket old = rig.open("PULL", "", 0);
    const net::Socket socket = rig.open("PULL", "", 1);
    for (int i = 0; i < 5; i++) {
        rig.pass(1s);
        CHECK(rig.net.receive(socket) == zmtp::ping());
        rig.send(socket, zmtp::pong());
    }
    CHECK(rig.net.receive(old).empty());
    rig.pass(4s);
    CHECK(rig.net.closed(socket));
    CHECK_FALSE(rig.net.closed(old));
    CHECK(rig.refusals(Refusal::kHeartbeat) == 1);
}

TEST_CASE("a held peer is not pinged: its PONGs would only pile up") {
    const auto options = with([](auto& o) { o.heartbeat = 1s; });
    EndpointRig rig(options);
    const net::Socket socket = rig.open("PUSH");
    rig.endpoint->hold();
    rig.pass(30s, 100ms);
    CHECK(rig.net.receive(socket).find("PING") == std::string::npos);
    CHECK_FALSE(rig.net.closed(socket));
}

TEST_CASE("a peer that takes nothing is blocked, and says so when all that waited is written") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PULL");
    rig.net.set_room(socket, 5);
    send(rig, "abc");
    send(rig, "def");
    rig.turns();
    CHECK(rig.last().blocked());
    CHECK(rig.net.receive(socket) == frame("abc"));
    rig.net.set_room(socket, 3);
    rig.turns();
    CHECK(rig.last().blocked());
    CHECK(rig.recorder.writable.empty());
    rig.net.set_room(socket, 100);
    rig.turns();
    CHECK_FALSE(rig.last().blocked());
    CHECK(rig.recorder.writable.size() == 1);
    CHECK(rig.net.receive(socket) == frame("def"));
    CHECK(rig.last().outbox().empty());
}

TEST_CASE("a peer without room is told of room also when it was never blocked") {
    const auto options = with([](auto& o) { o.limits.waiting_messages_max = 2; });
    EndpointRig rig(options);
    rig.open("PULL");
    send(rig, "a");
    send(rig, "b");
    CHECK_FALSE(rig.last().has_room());
    rig.turns();
    CHECK(rig.last().has_room());
    CHECK(rig.recorder.writable.size() == 1);
}

TEST_CASE("who does not read its answers is not read, until it does") {
    const auto options = with([](auto& o) { o.limits.waiting_messages_max = 3; });
    EndpointRig rig(options);
    rig.recorder.then = [&](net::Peer& peer, const Message& message) { peer.send(message); };
    const net::Socket socket = rig.open("DEALER");
    rig.net.set_room(socket, 0);
    for (int i = 0; i < 100; i++)
        rig.send(socket, frame(std::to_string(i)));
    CHECK(rig.recorder.messages.size() <= 4);
    CHECK(rig.net.unread(socket) > 0);
    rig.net.set_room(socket, ~size_t{0});
    rig.turns();
    CHECK(rig.recorder.messages.size() == 100);
}

TEST_CASE(
    "answers that fill the outbox within a turn, and are written at its end, hold nobody up") {
    const auto options = with([](auto& o) { o.limits.waiting_messages_max = 1; });
    EndpointRig rig(options);
    rig.recorder.then = [&](net::Peer& peer, const Message& message) { peer.send(message); };
    const net::Socket socket = rig.open("DEALER");
    rig.net.read_at_most(3);
    for (int i = 0; i < 50; i++)
        rig.net.send(socket, frame("x"));
    rig.turns();
    CHECK(rig.recorder.messages.size() == 50);
}

TEST_CASE("a peer that dies behind a full outbox is noticed") {
    const auto options = with([](auto& o) { o.limits.waiting_messages_max = 2; });
    EndpointRig rig(options);
    const net::Socket socket = rig.open("DEALER");
    rig.net.set_room(socket, 0);
    for (int i = 0; i < 3; i++)
        send(rig, "x");
    rig.turns();
    rig.net.reset(socket);
    rig.turns();
    CHECK(rig.net.closed(socket));
    CHECK(rig.recorder.given_back.size() == 3);
}

TEST_CASE("a SUB that sends PINGs and does not read gets only so many answers kept") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    rig.net.set_room(socket, 0);
    std::string pings;
    for (int i = 0; i < 10'000; i++)
        pings += zmtp::ping("0123456789abcdef");
    rig.send(socket, pings);
    CHECK(rig.last().outbox().commands() == net::Connection::kCommandsWaitingMax);
    CHECK(rig.refusals(Refusal::kOutboxFull) == 10'000 - net::Connection::kCommandsWaitingMax);
    CHECK(rig.last().outbox().bytes() < 4'000);
}

TEST_CASE("commands in an outbox are no messages: not counted, not given back, not dropped") {
    EndpointRig rig;
    const net::Socket socket = rig.open("PULL");
    rig.net.set_room(socket, 0);
    send(rig, "a");
    rig.send(socket, zmtp::ping());
    send(rig, "b");
    CHECK(rig.last().outbox().messages() == 2);
    CHECK(rig.last().outbox().drop_oldest());
    CHECK(rig.last().outbox().drop_oldest());
    CHECK_FALSE(rig.last().outbox().drop_oldest());
    CHECK(rig.last().outbox().commands() == 1);
    send(rig, "c");
    rig.net.end(socket);
    rig.turns();
    REQUIRE(rig.recorder.given_back.size() == 1);
    CHECK(rig.recorder.given_back[0].first().body == "c");
}

TEST_CASE("a handler may end any peer, this one too, while it is told something") {
    EndpointRig rig;
    const net::Socket a = rig.open("PUSH");
    net::Connection& first = rig.last();
    const net::Socket b = rig.open("PUSH");
    net::Connection& second = rig.last();
    rig.recorder.then = [&](net::Peer&, const Message&) {
        first.close(Refusal::kDenied);
        second.close(Refusal::kDenied);
        first.send(make_message(rig.memory, {"to nobody"}));
    };
    rig.net.send(a, frame("1") + frame("2"));
    rig.net.send(b, frame("3"));
    rig.turns();
    CHECK(rig.recorder.messages == std::vector<Frames>{{"1"}});
    CHECK(rig.net.closed(a));
    CHECK(rig.net.closed(b));
    CHECK(rig.refusals(Refusal::kDenied) == 2);
    CHECK(rig.net.receive(a).empty());
}

TEST_CASE("what was queued before a peer is closed is still written, what comes later is not") {
    EndpointRig rig;
    const net::Socket socket = rig.open("DEALER");
    send(rig, "before");
    rig.last().close(Refusal::kDenied);
    send(rig, "behind");
    rig.turns();
    CHECK(rig.net.receive(socket) == frame("before"));
    CHECK(rig.recorder.given_back.size() == 1);
}

TEST_CASE("a prefix is as long as the tree of all may be deep, and no longer") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    rig.send(socket, zmtp::subscribe(std::string(net::Connection::kSubscriptionBytesMax, 'x')));
    CHECK(rig.last().subscriptions() == 1);
    rig.send(socket, zmtp::subscribe(std::string(net::Connection::kSubscriptionBytesMax + 1, 'x')));
    CHECK(rig.net.closed(socket));
    CHECK(rig.refusals(Refusal::kSubscriptions) == 1);
}

TEST_CASE("SUBs subscribe with messages and with commands, and cancel alike") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    rig.send(socket, zmtp::subscribe("a") + zmtp::command("SUBSCRIBE", "b") + zmtp::subscribe("") +
                         zmtp::cancel("a") + zmtp::command("CANCEL", "b"));
    const PeerId id = rig.last().id();
    CHECK(rig.recorder.subscriptions ==
          std::vector<std::pair<PeerId, std::string>>{
              {id, "+a"}, {id, "+b"}, {id, "+"}, {id, "-a"}, {id, "-b"}});
    std::set<std::string> left;
    rig.last().each_subscription([&](std::string_view prefix) { left.emplace(prefix); });
    CHECK(left == std::set<std::string>{""});
}

TEST_CASE("a prefix that is said twice is told once, and gone when it was cancelled twice") {
    EndpointRig rig;
    const net::Socket socket = rig.open("XSUB");
    rig.send(socket, zmtp::subscribe("a") + zmtp::subscribe("a") + zmtp::cancel("a"));
    CHECK(rig.recorder.subscriptions.size() == 1);
    rig.send(socket, zmtp::cancel("a") + zmtp::cancel("a") + zmtp::cancel("never"));
    CHECK(rig.recorder.subscriptions.size() == 2);
    CHECK(rig.last().subscriptions() == 0);
}

TEST_CASE(
    "what a SUB says beside subscriptions is ignored and counted: empty messages, long ones, "
    "others") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    rig.send(socket,
             frame("") + frame("hello") + zmtp::message({"\1a", "b"}) + zmtp::subscribe("a"));
    CHECK(rig.recorder.subscriptions.size() == 1);
    CHECK(rig.recorder.messages.empty());
    CHECK(rig.refusals(Refusal::kNoRoute) == 3);
    CHECK_FALSE(rig.net.closed(socket));
}

TEST_CASE("prefixes of 0 to 255 bytes and more arrive as they were said") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    std::vector<std::string> expected;
    for (size_t size = 0; size <= 300; size++) {
        const std::string prefix(size, 'p');
        rig.send(socket, size % 2 ? zmtp::subscribe(prefix) : zmtp::command("SUBSCRIBE", prefix));
        expected.push_back("+" + prefix);
    }
    std::vector<std::string> told;
    for (const auto& [id, text] : rig.recorder.subscriptions)
        told.push_back(text);
    CHECK(told == expected);
}

namespace {

// Of 255 bytes, as a SUB of libzmq 4.3.4 writes it: a length of eight octets behind a flag of one.
const std::string kUnflaggedHead = "\0\0\0\0\0\0\0\1\0"s;
std::string unflagged(char add, std::string_view prefix) {
    return kUnflaggedHead + add + std::string(prefix);
}

}  // namespace

TEST_CASE("a SUB's subscription of 255 bytes is read as libzmq 4.3.4 writes it") {
    const std::string prefix(255, 'p');
    const std::string bytes = zmtp::subscribe("") + unflagged(1, prefix) + zmtp::subscribe("a") +
                              unflagged(0, prefix) + zmtp::cancel("a");
    for (const size_t piece : {bytes.size(), size_t{1}, size_t{7}}) {
        EndpointRig rig;
        const net::Socket socket = rig.open("SUB");
        for (size_t at = 0; at < bytes.size(); at += piece)
            rig.send(socket, bytes.substr(at, piece));
        std::vector<std::string> told;
        for (const auto& [id, text] : rig.recorder.subscriptions)
            told.push_back(text);
        CHECK(told == std::vector<std::string>{"+", "+" + prefix, "+a", "-" + prefix, "-a"});
        CHECK(rig.endpoint->refusals().total() == 0);
        CHECK_FALSE(rig.net.closed(socket));
    }
}

TEST_CASE("an XSUB's empty messages are empty messages, whatever follows them") {
    EndpointRig rig;
    const net::Socket socket = rig.open("XSUB");
    // What its application said: three empty messages, a cancel of "", a subscription.
    rig.send(socket, zmtp::subscribe("") + kUnflaggedHead + zmtp::subscribe("b"));
    const PeerId id = rig.last().id();
    CHECK(rig.recorder.subscriptions ==
          std::vector<std::pair<PeerId, std::string>>{{id, "+"}, {id, "-"}, {id, "+b"}});
    CHECK(rig.refusals(Refusal::kNoRoute) == 3);
}

TEST_CASE("a SUB's empty message is ignored when it begins no subscription of 255 bytes") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    for (size_t kept = 2; kept <= 6; kept += 2)
        rig.send(socket, kUnflaggedHead.substr(0, kept) + zmtp::subscribe(std::to_string(kept)));
    const PeerId id = rig.last().id();
    CHECK(rig.recorder.subscriptions ==
          std::vector<std::pair<PeerId, std::string>>{{id, "+2"}, {id, "+4"}, {id, "+6"}});
    CHECK(rig.refusals(Refusal::kNoRoute) == 1 + 2 + 3);
    CHECK_FALSE(rig.net.closed(socket));
}

TEST_CASE("more subscriptions than allowed, by number or by bytes, end the connection") {
    const auto options = with([](auto& o) {
        o.limits.subscriptions_max = 10;
        o.limits.subscription_bytes_max = 100;
    });
    for (const bool by_bytes : {false, true}) {
        EndpointRig rig(options);
        const net::Socket socket = rig.open("SUB");
        const auto say = [&](int i) {
            return zmtp::subscribe(by_bytes ? std::string(30, static_cast<char>('a' + i))
                                            : std::to_string(i));
        };
        const int most = by_bytes ? 3 : 10;
        for (int i = 0; i < most; i++)
            rig.send(socket, say(i));
        rig.send(socket, say(0) + zmtp::cancel(by_bytes ? std::string(30, 'b') : "1") +
                             say(1));  // no more than before
        CHECK_FALSE(rig.net.closed(socket));
        rig.send(socket, say(most));
        CHECK(rig.net.closed(socket));
        CHECK(rig.refusals(Refusal::kSubscriptions) == 1);
    }
}

TEST_CASE("20,000 subscriptions of one SUB are all kept") {
    EndpointRig rig;
    const net::Socket socket = rig.open("SUB");
    std::string bytes;
    for (int i = 0; i < 20'000; i++)
        bytes += zmtp::subscribe("topic." + std::to_string(i));
    rig.send(socket, bytes);
    CHECK(rig.last().subscriptions() == 20'000);
    CHECK(rig.recorder.subscriptions.size() == 20'000);
}

TEST_CASE("a peer of ZMTP 2.0 sends and receives messages, and subscribes with them") {
    EndpointRig rig;
    const net::Socket push = rig.connect();
    rig.send(push, "\xff\0\0\0\0\0\0\0\1\x7f\1\x8"s + frame("") +
                       zmtp::message({"a", std::string(300, 'b')}));
    CHECK(rig.recorder.messages == std::vector<Frames>{{"a", std::string(300, 'b')}});
    CHECK(rig.last().zmtp_major() == 2);
    const net::Socket sub = rig.connect();
    rig.send(sub, "\xff\0\0\0\0\0\0\0\1\x7f\1\2"s + frame("") + zmtp::subscribe("news"));
    CHECK(rig.recorder.subscriptions.size() == 1);
}

TEST_CASE("whatever a peer sends, in whatever pieces, only its own connection suffers") {
    SeededRandom random(77);
    for (int run = 0; run < 400; run++) {
        EndpointRig rig(with([](auto& o) {
            o.limits.frame_bytes_max = 2000;
            o.limits.message_bytes_max = 4000;
            o.limits.frames_max = 6;
        }));
        const net::Socket good = rig.open("PUSH");
        const std::array<const char*, 5> types = {"PUSH", "SUB", "DEALER", "REP", "PULL"};
        const net::Socket bad = rig.open(types[random.below(5)]);
        std::string bytes;
        for (int i = 0; i < 30; i++) {
            switch (random.below(6)) {
                case 0:
                    bytes += zmtp::ping(std::string(random.below(18), 'c'),
                                        static_cast<uint16_t>(random.below(3)));
                    break;
                case 1:
                    bytes += zmtp::subscribe(std::string(random.below(5), 's'));
                    break;
                case 2:
                    bytes += static_cast<char>(random.below(16));
                    break;
                default:
                    bytes += frame(std::string(random.below(300), 'f'), random.below(2) == 0);
            }
        }
        for (size_t at = 0; at < bytes.size();) {
            const size_t piece = 1 + random.below(400);
            rig.net.send(bad, bytes.substr(at, piece));
            rig.turns();
            if (random.below(5) == 0) rig.endpoint->hold(), rig.turns(), rig.endpoint->release();
            if (random.below(20) == 0) rig.pass(50ms, 50ms);
            at += piece;
        }
        const uint64_t before = rig.recorder.message_count;
        rig.send(good, frame("good"));
        REQUIRE(rig.recorder.message_count == before + 1);
        rig.net.end(bad);
        rig.turns();
        REQUIRE(rig.net.closed(bad));
        REQUIRE(rig.endpoint->peers().size() == 1);
    }
}
