// Fetches over lost connections: what one was answered with, and never came, comes to it.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/clients/cpp/program.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Demands;
using core::Heard;
using State = FakeMessage::State;

namespace {

Options named(const char* name) {
    Options options;
    options.name = name;
    options.linger = milliseconds(0);
    return options;
}

struct Shop {
    explicit Shop(const char* name = "a")
        : bridge({{"orders", true}}), program(bridge, named(name)) {
        program.carry_all();
    }

    void store(size_t count) {
        for (size_t n = 0; n < count; n++)
            program.submit("orders", std::to_string(stored++));
        program.carry_all();
        bridge.commit();
        program.carry_all();
    }
    // What is said now gets to the bridge, and what the bridge says of it never comes.
    void lose_answers() {
        program.turn();
        program.cut(program.to_bridge.size());
        program.notice();
    }
    // A connection, up to WELCOME.
    void return_after(uint64_t ms) {
        bridge.advance(ms);
        program.turn();
        program.carry_out();
        program.carry_in();
        REQUIRE(program.core.is_open());
    }
    // What goes out now: the names of the commands, and the last RECEIVE.
    std::vector<std::string> say() {
        program.turn();
        std::vector<std::string> names;
        for (const core::Said& each : program.to_bridge) {
            const Heard heard(each.header);
            names.emplace_back(heard.name);
            if (heard.name != "RECEIVE") continue;
            ref = heard.fields.number("ref");
            wait = heard.fields.number("wait");
            attempt = heard.fields.number("attempt");
        }
        return names;
    }
    void settle_down() {
        for (int n = 0; n < 3; n++) {
            program.carry_all();
            bridge.commit();
            bridge.advance(5);
        }
        program.carry_all();
    }
    FakeMessage& message(size_t at) { return bridge.topics.at("orders").stored.at(at); }

    FakeBridge bridge;
    Program program;
    size_t stored = 0;
    uint64_t ref = 0, wait = 0, attempt = 0;
};

std::vector<std::string> bodies(const std::vector<core::LentPtr>& lent) {
    std::vector<std::string> found;
    for (const auto& each : lent)
        found.emplace_back(each->body);
    return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("each fetch has an attempt of its own") {
    Shop shop;
    for (const uint64_t number : {1, 2}) {
        const auto fetch = shop.program.fetch("orders", 1, 50);
        CHECK(shop.say() == Names{"RECEIVE"});
        CHECK(shop.attempt == number);
        shop.program.carry_all();
        shop.bridge.advance(50);
        shop.program.carry_all();
        CHECK(fetch->done);
    }
}

TEST_CASE("a lost answer comes again to the fetch that it was for") {
    Shop shop;
    shop.store(3);
    const auto fetch = shop.program.fetch("orders", 2, 10'000);
    shop.say();
    const uint64_t ref = shop.ref;
    shop.lose_answers();
    REQUIRE(shop.message(1).state == State::kLeased);
    shop.return_after(100);
    CHECK(shop.program.core.resumed() == 2);
    CHECK(shop.say() == Names{"RECEIVE"});  // and nothing is given back
    CHECK(shop.attempt == 1);
    CHECK(shop.ref != ref);
    SUBCASE("on the next connection") {}
    SUBCASE("or on the one after") {
        shop.lose_answers();
        shop.return_after(100);
        CHECK(shop.say() == Names{"RECEIVE"});
        CHECK(shop.attempt == 1);
    }
    shop.program.carry_all();
    REQUIRE(fetch->done);
    CHECK(bodies(fetch->lent) == Names{"0", "1"});
    CHECK(fetch->lent[0]->attempt == 1);
    CHECK(shop.message(2).state == State::kReady);
    const auto told = shop.program.settle(fetch->lent);
    shop.settle_down();
    CHECK(told->done);
    CHECK_FALSE(told->failure);
    for (const size_t at : {0, 1}) {
        CHECK(shop.message(at).state == State::kSettled);
        CHECK(shop.message(at).attempt == 1);
    }
}

TEST_CASE("what was lost of a subscription goes back, when the fetches have theirs") {
    Shop shop;
    shop.store(3);
    const auto fetch = shop.program.fetch("orders", 2, 10'000);
    const auto subscription = shop.program.subscribe("orders", 100);
    // One RECEIVE is heard before SUBSCRIBE: it has the first two.
    CHECK(shop.say() == Names{"SUBSCRIBE", "RECEIVE"});
    std::swap(shop.program.to_bridge[0], shop.program.to_bridge[1]);
    shop.lose_answers();
    shop.return_after(100);
    const Names said = shop.say();
    CHECK(std::count(said.begin(), said.end(), "SETTLE") == 0);
    CHECK(shop.wait == 0);  // to know soon whose the rest is
    shop.settle_down();
    CHECK(bodies(fetch->lent) == Names{"0", "1"});
    const auto rest = Demands::take(*subscription);
    REQUIRE(rest);
    CHECK(rest->body == "2");
    CHECK(rest->attempt == 1);
}

TEST_CASE("a fetch that had no answer gives back what was not its, and waits on") {
    Shop shop;
    shop.store(1);
    const auto subscription = shop.program.subscribe("orders", 100);
    const auto fetch = shop.program.fetch("orders", 1, 10'000);
    shop.lose_answers();
    REQUIRE(shop.message(0).state == State::kLeased);
    shop.return_after(100);
    CHECK(shop.say() == Names{"SUBSCRIBE", "RECEIVE"});
    CHECK(shop.attempt == 1);
    CHECK(shop.wait == 0);
    for (int n = 0; n < 2; n++)
        shop.program.carry_out();
    while (!shop.program.connection->out.empty())
        shop.program.carry_in();
    CHECK_FALSE(fetch->done);
    CHECK(shop.say() == Names{"SETTLE", "RECEIVE"});
    CHECK(shop.attempt == 2);
    CHECK(shop.wait == 9'900);
    shop.settle_down();
    const auto back = Demands::take(*subscription);
    REQUIRE(back);
    CHECK(back->attempt == 1);
    CHECK_FALSE(fetch->done);
}

TEST_CASE("what no fetch can be given any more goes back") {
    Shop shop;
    shop.store(1);
    const auto fetch = shop.program.fetch("orders", 1, 1'000);
    shop.lose_answers();
    SUBCASE("its wait was over before there was a connection") {
        shop.bridge.advance(1'000);
        shop.program.core.tick(shop.bridge.now_ms);
        CHECK(fetch->done);
        CHECK(fetch->lent.empty());
        shop.return_after(100);
        CHECK(shop.say() == Names{"SETTLE"});
    }
    SUBCASE("it is refused") {
        shop.return_after(100);
        CHECK(shop.say() == Names{"RECEIVE"});
        shop.program.receive(core::Command("REFUSED")
                                 .text("re", "RECEIVE")
                                 .number("ref", shop.ref)
                                 .text("code", "not_found")
                                 .said());
        CHECK(fetch->failure.code == "not_found");
        shop.program.to_bridge.clear();
        CHECK(shop.say() == Names{"SETTLE"});
    }
    SUBCASE("the client is closed") {
        shop.return_after(100);
        shop.program.core.close(shop.bridge.now_ms);
        CHECK(shop.say() == Names{"SETTLE"});
    }
    SUBCASE("the client is closed, and it was asked again") {
        shop.return_after(100);
        CHECK(shop.say() == Names{"RECEIVE"});
        shop.program.core.close(shop.bridge.now_ms);
    }
    SUBCASE("the bridge ends") {
        shop.return_after(100);
        shop.bridge.bye();
        shop.program.carry_in();
        CHECK(shop.say() == Names{"SETTLE"});
    }
    shop.settle_down();
    CHECK(shop.message(0).state == State::kReady);
    CHECK(shop.message(0).attempt == 0);
}

TEST_CASE("without a name a lost answer counts, and comes as any") {
    Shop shop("");
    shop.store(1);
    const auto fetch = shop.program.fetch("orders", 1, 10'000);
    shop.lose_answers();
    shop.return_after(100);
    CHECK(shop.say() == Names{"RECEIVE"});
    CHECK(shop.wait == 9'900);
    shop.program.carry_all();
    REQUIRE(fetch->done);
    CHECK(fetch->lent.at(0)->attempt == 2);
}
