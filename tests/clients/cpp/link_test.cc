#include <doctest/doctest.h>

#include <zbridge/link.hpp>

using zbridge::client::Link;

// libzmq takes down what it had for a socket in a thread of its own, a while later.
TEST_CASE("a link is opened anew as often as connections are lost, one right behind the other") {
    constexpr uint64_t kTimes = 200;  // a context has 1023 sockets, and each link is three of them
    Link link("tcp://127.0.0.1:1", nullptr);  // nobody is there
    for (uint64_t number = 1; number <= kTimes; number++) {
        link.follow(number);
        CHECK(link.number() == number);
    }
}
