#include "plugins/built_in.h"
#include "plugins/sdk/zbridge_fake_host.hpp"

#include <doctest/doctest.h>

using namespace zbridge::testing;

namespace {

constexpr uint64_t kSecond = 1'000'000'000, kMillisecond = 1'000'000;

Content of(const std::string& order_key) {
    Content message{{"a body"}};
    if (!order_key.empty()) message.attributes[ZB_ORDER_KEY] = order_key;
    return message;
}

// How many of `count` messages pass now.
int passing(Instance& throttle, int count, const Content& message = of("")) {
    int passed = 0;
    for (int i = 0; i < count; i++)
        passed += throttle.step(message).verdict == ZB_PASS ? 1 : 0;
    return passed;
}

std::string wrong(FakeHost& host) {
    try {
        (void)host.create(zbridge_plugin_entry_throttle());
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "right";
}

}  // namespace

TEST_CASE("a burst passes at once, then so many a second") {
    FakeHost host;
    host.set("rate", "10");
    host.set("burst", "3");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 10) == 3);
    host.advance(99 * kMillisecond);
    CHECK(passing(throttle, 10) == 0);
    host.advance(1 * kMillisecond);
    CHECK(passing(throttle, 10) == 1);
    host.advance(1000 * kSecond);
    CHECK(passing(throttle, 10) == 3);
}

TEST_CASE("the burst is the rate rounded up, if nothing else is said") {
    FakeHost host;
    host.set("rate", "2.5");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 10) == 3);
}

TEST_CASE("what is above the rate is held for as long as it takes, and then passes") {
    FakeHost host;
    host.set("rate", "10");
    host.set("burst", "1");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 1) == 1);
    for (int i = 0; i < 1000; i++) {
        const StepResult held = throttle.step(of(""));
        REQUIRE(held.verdict == ZB_HOLD);
        REQUIRE(held.hold_ns >= 99 * kMillisecond);
        REQUIRE(held.hold_ns <= 101 * kMillisecond);
        host.advance(held.hold_ns);
        REQUIRE(throttle.step(of("")).verdict == ZB_PASS);
    }
    CHECK(host.now_ns <= 102 * kSecond);
    CHECK(host.metrics["held"] == 1000);
}

TEST_CASE("a hold is 1 ms at least and 60 s at most") {
    FakeHost fast_host;
    fast_host.set("rate", "1000000");
    fast_host.set("burst", "1");
    auto fast = fast_host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(fast, 1) == 1);
    CHECK(fast.step(of("")).hold_ns == kMillisecond);

    FakeHost slow_host;
    slow_host.set("rate", "0.001");
    auto slow = slow_host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(slow, 1) == 1);
    CHECK(slow.step(of("")).hold_ns == 60 * kSecond);
}

TEST_CASE("with `when_full: refuse` the receipt says why") {
    FakeHost host;
    host.set("rate", "1.5");
    host.set("burst", "1");
    host.set("per", "tag");
    host.set("when_full", "refuse");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 1) == 1);
    const StepResult result = throttle.step(of(""));
    CHECK(result.verdict == ZB_REFUSE);
    CHECK(result.reason == "more than 1.5 a second of its tag");
    CHECK(host.metrics["refused"] == 1);
}

TEST_CASE("each key has a rate of its own, and messages without one share one") {
    FakeHost host;
    host.set("rate", "1");
    host.set("per", "order_key");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 3, of("ann")) == 1);
    CHECK(passing(throttle, 3, of("bob")) == 1);
    CHECK(passing(throttle, 3, of("")) == 1);
    CHECK(passing(throttle, 3, of("ann")) == 0);
}

TEST_CASE("a key may be the user, the address, the tag or a property of any type") {
    Content ann{{"x"}}, bob{{"x"}};
    ann.peer = {{ZB_PEER_USER, "ann"}, {ZB_PEER_ADDRESS, "tcp://10.0.0.1:1"}};
    bob.peer = {{ZB_PEER_USER, "bob"}, {ZB_PEER_ADDRESS, "tcp://10.0.0.2:1"}};
    ann.attributes[ZB_TAG] = std::string("a");
    bob.attributes[ZB_TAG] = std::string("b");
    ann.properties["n"] = int64_t{1};
    bob.properties["n"] = 1.5;
    for (const char* per : {"user", "address", "tag", "property"}) {
        CAPTURE(per);
        FakeHost host;
        host.set("rate", "1");
        host.set("per", per);
        if (per == std::string("property")) host.set("property", "n");
        auto throttle = host.create(zbridge_plugin_entry_throttle());
        CHECK(passing(throttle, 2, ann) == 1);
        CHECK(passing(throttle, 2, bob) == 1);
    }
}

TEST_CASE("the connections of one host share its rate, whatever their ports") {
    FakeHost host;
    host.set("rate", "1");
    host.set("per", "address");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    Content message{{"x"}};
    const auto from = [&](const char* address) {
        message.peer = {{ZB_PEER_ADDRESS, address}};
        return passing(throttle, 1, message);
    };
    CHECK(from("tcp://10.0.0.1:1") == 1);
    CHECK(from("tcp://10.0.0.1:2") == 0);
    CHECK(from("tcp://[fe80::1]:1") == 1);
    CHECK(from("tcp://[fe80::2]:1") == 1);
    CHECK(from("tcp://[fe80::1]:2") == 0);
    CHECK(from("ipc://pid:1") == 1);
    CHECK(from("ipc://pid:2") == 1);
}

TEST_CASE("beyond keys_max the key seen longest ago is forgotten, and is full when it comes back") {
    FakeHost host;
    host.set("rate", "1");
    host.set("per", "order_key");
    host.set("keys_max", "2");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 2, of("ann")) == 1);
    CHECK(passing(throttle, 2, of("bob")) == 1);
    CHECK(passing(throttle, 1, of("ann")) == 0);  // bob is older now
    CHECK(passing(throttle, 2, of("carl")) == 1);
    CHECK(host.metrics["keys"] == 2);
    CHECK(host.metrics["forgotten"] == 1);
    CHECK(passing(throttle, 1, of("ann")) == 0);
    CHECK(passing(throttle, 2, of("bob")) == 1);
}

TEST_CASE("of a key 256 bytes count") {
    FakeHost host;
    host.set("rate", "1");
    host.set("per", "order_key");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 2, of(std::string(256, 'k') + "ann")) == 1);
    CHECK(passing(throttle, 2, of(std::string(256, 'k') + "bob")) == 0);
}

TEST_CASE("time that stands still or seems to go back gives nothing away") {
    FakeHost host;
    host.set("rate", "1000000000");
    host.set("burst", "1");
    auto throttle = host.create(zbridge_plugin_entry_throttle());
    CHECK(passing(throttle, 3) == 1);
    host.now_ns -= 500;
    CHECK(passing(throttle, 3) == 0);
}

TEST_CASE("options that do not go together are told") {
    FakeHost host;
    CHECK(wrong(host) == "`rate` is required");
    host.set("rate", "0");
    CHECK(wrong(host) == "`rate`: 0 is out of range");
    host.set("rate", "1");
    host.set("per", "property");
    CHECK(wrong(host) == "`per`: `per: property` needs `property: NAME`");
    host.set("per", "tag");
    host.set("property", "customer");
    CHECK(wrong(host) == "`property`: `property` is for `per: property`");
}
