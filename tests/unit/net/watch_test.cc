// An endpoint that somebody looks at.
#include <doctest/doctest.h>

#include "tests/unit/support/endpoint_rig.h"
#include "tests/unit/support/watcher.h"

using namespace zbridge;
using namespace zbridge::testing;
using zmtp::frame;

TEST_CASE("who watches an endpoint is shown what its peers say and are sent, from then on") {
    EndpointRig rig;
    Watcher watcher;
    const net::Socket early = rig.open("DEALER");
    rig.send(early, frame("before"));
    rig.endpoint->watch(&watcher);
    rig.recorder.then = [&](net::Peer& peer, const Message&) {
        std::string head;
        append_frame(head, "id", true);
        peer.send(rig.memory.copy(head), make_message(rig.memory, {"answer"}).wire());
    };
    rig.send(early, frame("one"));
    const net::Socket late = rig.open("DEALER");
    rig.send(late, frame("two"));
    // In their order: what is answered at once stands behind what it answers.
    CHECK(watcher.seen == Seen{"in peer 1: one", "out peer 1: id answer", "in peer 2: two",
                               "out peer 2: id answer"});
    rig.endpoint->watch(nullptr);
    rig.send(early, frame("after"));
    CHECK(watcher.seen.size() == 4);
    CHECK(rig.recorder.messages == std::vector<Frames>{{"before"}, {"one"}, {"two"}, {"after"}});
}

TEST_CASE("a message that an endpoint holds is shown once") {
    EndpointRig rig;
    Watcher watcher;
    rig.endpoint->watch(&watcher);
    const net::Socket push = rig.open("PUSH");
    rig.recorder.holds = rig.endpoint.get();
    rig.send(push, frame("1") + frame("2"));
    rig.endpoint->release();
    rig.turns();
    CHECK(watcher.seen == Seen{"in peer 1: 1"});
    rig.recorder.holds = nullptr;
    rig.endpoint->release();
    rig.turns();
    CHECK(watcher.seen == Seen{"in peer 1: 1", "in peer 1: 2"});
}

TEST_CASE("messages that are sent as a run are shown each") {
    EndpointRig rig;
    Watcher watcher;
    (void)rig.open("PULL");
    rig.endpoint->watch(&watcher);
    std::string wire;
    append_frame(wire, "a", false);
    append_frame(wire, "b", false);
    rig.last().send_run(rig.memory.copy(wire), 2);
    CHECK(watcher.seen == Seen{"out peer 1: a", "out peer 1: b"});
}
