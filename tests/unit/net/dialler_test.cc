#include "bridge/net/dialled/dialler.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

#include <zmq.hpp>

#include "tests/unit/support/zmtp_bytes.h"

using namespace zbridge;
using namespace zbridge::testing;
using net::Link;
using zmtp::frame;

namespace {

// A dialler with its thread and one link, to a socket of the test's own.
struct Rig {
    explicit Rig(SocketType ours, zmq::socket_type theirs, const net::PeerLimits& limits = {})
        : app(context, theirs), dialler([this] { woken(); }, clock) {
        app.set(zmq::sockopt::linger, 0);
        app.bind("tcp://127.0.0.1:*");
        link = std::make_shared<Link>(app.get(zmq::sockopt::last_endpoint), ours, limits);
        dialler.add(link);
        REQUIRE(dialler.start().ok());
    }
    void woken() {
        const std::lock_guard guard(lock);
        news = true;
        changed.notify_all();
    }
    Link::Incoming next() {
        Link::Incoming incoming{Link::Incoming::Kind::kOpened, "none", 0};
        for (;;) {
            if (link->pop(incoming)) return incoming;
            std::unique_lock guard(lock);
            REQUIRE(changed.wait_for(guard, std::chrono::seconds(60), [&] { return news; }));
            news = false;
        }
    }

    RealClock clock;
    std::mutex lock;
    std::condition_variable changed;
    bool news = false;
    zmq::context_t context;
    zmq::socket_t app;
    std::shared_ptr<Link> link;
    net::Dialler dialler;
};

using Kind = Link::Incoming::Kind;

}  // namespace

TEST_CASE("an error of libzmq's that is not foreseen ends one line, which is made anew") {
    Rig rig(SocketType::kPull, zmq::socket_type::push);
    CHECK(rig.next().kind == Kind::kOpened);
    std::string wrong = frame("a PULL cannot send");
    CHECK(rig.link->push(wrong, 1));
    rig.dialler.nudge();
    CHECK(rig.next().kind == Kind::kClosed);
    CHECK_FALSE(rig.link->trouble().empty());
    CHECK(rig.next().kind == Kind::kOpened);
    CHECK(rig.link->lost() == 1);
    CHECK(rig.app.send(zmq::str_buffer("on")).has_value());
    CHECK(rig.next().bytes == frame("on"));
}

TEST_CASE("a dialled message above its endpoint's limits is refused, the others arrive") {
    net::PeerLimits limits;
    limits.frame_bytes_max = 100;
    limits.message_bytes_max = 150;
    limits.frames_max = 3;
    Rig rig(SocketType::kPull, zmq::socket_type::push, limits);
    CHECK(rig.next().kind == Kind::kOpened);
    const auto send = [&](const std::vector<std::string>& frames) {
        for (size_t i = 0; i < frames.size(); i++) {
            const bool more = i + 1 < frames.size();
            REQUIRE(rig.app.send(zmq::buffer(frames[i]),
                                 more ? zmq::send_flags::sndmore : zmq::send_flags::none));
        }
    };
    send({"a", "b", "c", "d"});
    send({std::string(90, 'x'), std::string(90, 'x')});
    send({"good"});
    std::string got;
    while (got.size() < frame("good").size()) {
        const Link::Incoming incoming = rig.next();
        CHECK(incoming.kind == Kind::kBytes);
        got += incoming.bytes;
    }
    CHECK(got == frame("good"));
    CHECK(rig.link->refusals().of(Refusal::kTooManyFrames) == 1);
    CHECK(rig.link->refusals().of(Refusal::kTooLarge) == 1);
    // A frame that large is not even read: libzmq ends the connection, and the line is made anew.
    send({std::string(101, 'x')});
    CHECK(rig.next().kind == Kind::kClosed);
    CHECK(rig.next().kind == Kind::kOpened);
    CHECK_FALSE(rig.link->trouble().empty());
}
