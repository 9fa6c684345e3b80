#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>
#include <zbridge/link.hpp>

using namespace zbridge::client;

namespace {

constexpr int64_t kForEver = -1;

// A link and the other end of it.
struct Ends {
    Ends() {
        bridge.set(zmq::sockopt::rcvtimeo, 10'000);
        bridge.set(zmq::sockopt::linger, 0);
        bridge.bind("tcp://127.0.0.1:*");
        link.emplace(bridge.get(zmq::sockopt::last_endpoint), nullptr);
        link->follow(1);
    }
    void say(const std::string& text) {
        std::vector<core::Said> said;
        said.push_back({text, std::nullopt});
        link->send(std::move(said));
    }
    // What the bridge hears next, from whom.
    std::string hear() {
        zmq::message_t text;
        REQUIRE(bridge.recv(peer));
        REQUIRE(bridge.recv(text));
        return text.to_string();
    }
    void answer(const std::string& text) {
        zmq::message_t to;
        to.copy(peer);
        bridge.send(to, zmq::send_flags::sndmore);
        bridge.send(zmq::buffer(text), zmq::send_flags::none);
    }
    // As the client's thread: until something has come.
    std::vector<std::string> wait() {
        std::vector<std::string> found;
        while (found.empty() && !link->is_lost()) {
            for (const Came& each : link->receive())
                found.push_back(each.header.to_string());
            if (found.empty()) link->sleep(kForEver);
        }
        return found;
    }

    zmq::context_t context;
    zmq::socket_t bridge{context, zmq::socket_type::router};
    zmq::message_t peer;
    std::optional<Link> link;
};

}  // namespace

// libzmq takes down what it had for a socket in a thread of its own, a while later.
TEST_CASE("a link is opened anew as often as connections are lost, one right behind the other") {
    constexpr uint64_t kTimes = 200;  // a context has 1023 sockets, and each link is three of them
    Link link("tcp://127.0.0.1:1", nullptr);  // nobody is there
    for (uint64_t number = 1; number <= kTimes; number++) {
        link.follow(number);
        CHECK(link.number() == number);
    }
}

TEST_CASE("a link that is woken does not sleep, also the first time and before it begins to") {
    Link link("tcp://127.0.0.1:1", nullptr);
    for (int n = 0; n < 3; n++) {
        link.wake();
        link.sleep(kForEver);
    }
    CHECK(link.receive().empty());
}

TEST_CASE("what comes ends the sleep, also what came while the link was sending") {
    Ends ends;
    for (int n = 0; n < 1000; n++) {
        ends.say("a");
        CHECK(ends.hear() == "a");
        ends.answer("b");
        if (n % 2 == 0) ends.say("c");  // its call may take the news of the answer
        CHECK(ends.wait() == std::vector<std::string>{"b"});
        if (n % 2 == 0) CHECK(ends.hear() == "c");
    }
}

TEST_CASE("the end of a connection ends the sleep, and what came before it is still there") {
    Ends ends;
    ends.say("a");
    CHECK(ends.hear() == "a");
    ends.answer("the last words");
    CHECK(ends.wait() == std::vector<std::string>{"the last words"});
    ends.bridge.close();
    CHECK(ends.wait().empty());
    CHECK(ends.link->is_lost());
}
