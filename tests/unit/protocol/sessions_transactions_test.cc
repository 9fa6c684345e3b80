// What a session prepares, commits, rolls back; and what it is asked of others'.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bridge/protocol/limits.h"
#include "tests/unit/protocol/sessions_world.h"

using namespace zbridge;
using namespace zbridge::testing;

namespace {

struct TransactionsWorld : SessionsWorld {
    // So many: their ids, and what their tokens have, are 1, 2, ...
    void prepare(StubPeer& peer, uint64_t seq, const std::vector<std::string>& messages) {
        peer.say({Said("PREPARE")
                      .with("topic", std::string("a"))
                      .with("seq", seq)
                      .with("count", messages.size())
                      .packed(),
                  block_of(messages)});
    }
    std::string subscribe_checks(StubPeer& peer, uint32_t sub, uint32_t credit,
                                 const std::string& topic = "a") {
        return ask(peer,
                   Said("SUBSCRIBE").with("sub", sub).with("checks", topic).with("credit", credit));
    }
    bool check(uint64_t number, const std::string& topic = "a") {
        return toy.check({uint64_t{3} << 56, number}, "topic/" + topic);
    }
};

Said with_tokens(const Said& said, const std::vector<uint64_t>& numbers) {
    std::string bytes = "\xa6tokens";
    bytes += static_cast<char>(0x90 | numbers.size());
    for (const uint64_t number : numbers) {
        const auto token = TransactionToken{uint64_t{3} << 56, number}.encode();
        bytes += "\xc4\x10" + std::string(token.data(), token.size());
    }
    return said.raw(bytes);
}
Said commit(uint64_t ref, const std::vector<uint64_t>& numbers) {
    return with_tokens(Said("COMMIT").with("ref", ref), numbers);
}

}  // namespace

TEST_CASE("what is prepared is receipted with its token, and published to nobody") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.prepare(peer, 1, {"x1", "x2"});
    world.publish(peer, 3, {"y"});
    CHECK(world.got(peer) == "");
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[3 1 i3 false]] refused=[] prepared=[[1 i1 x1] [2 i2 x2]]");
    CHECK(world.toy.kept("a").size() == 1);
    CHECK(world.toy.last_checker == "topic/a");
    CHECK(world.sessions.counters().prepared == 2);
}

TEST_CASE("what cannot be prepared is refused in its place") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.toy.answer = ZB_TOPIC_FULL;
    world.prepare(peer, 1, {"x1"});
    CHECK(world.got(peer) == "RECEIPT stored=[] refused=[[1 1 topic_full a is full of it]]");
    world.toy.answer = ZB_TAKEN;
    world.toy.room = false;
    CHECK(peer.say({Said("PREPARE")
                        .with("topic", std::string("a"))
                        .with("seq", 2)
                        .with("count", 1)
                        .packed(),
                    block_of({"x"})}) == net::Take::kHold);
    CHECK(world.gate.held);
}

TEST_CASE("a commit is answered when it is durable, token by token") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.prepare(peer, 1, {"x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK(world.ask(peer, commit(7, {1, 2})) == "");
    world.toy.commit();
    CHECK(world.got(peer) == "RESOLVED ref=7 ids=[i1 i2]");
    CHECK(world.ask(peer, with_tokens(Said("ROLLBACK").with("ref", 8), {3})) == "");
    world.toy.commit();
    CHECK(world.got(peer) == "RESOLVED ref=8 ids=[i3]");
    CHECK(world.sessions.counters().committed == 2);
    CHECK(world.sessions.counters().rolled_back == 1);
    CHECK(world.ask(peer, commit(9, {})) == "RESOLVED ref=9 ids=[]");
}

TEST_CASE("a commit that comes too late is refused, and the others of it are not") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.prepare(peer, 1, {"x1", "x2"});
    world.toy.commit();
    (void)world.got(peer);
    world.ask(peer, with_tokens(Said("ROLLBACK"), {1}));  // nobody is told
    world.toy.commit();
    CHECK(world.got(peer) == "");
    CHECK(world.ask(peer, commit(7, {1, 2})) == "");
    world.toy.commit();
    CHECK(world.got(peer) == "RESOLVED ref=7 ids=[nil i2] refused=[[0 stale it is no more]]");
    world.toy.resolve_answer = ZB_BUSY;
    CHECK(world.ask(peer, commit(8, {5}))
              .starts_with("RESOLVED ref=8 ids=[nil] refused=[[0 line_full"));
    CHECK(world.sessions.refusals().of(Refusal::kStale) == 1);
}

TEST_CASE("tokens that are none, and too many") {
    TransactionsWorld world;
    CHECK(world.ask(world.client(), Said("COMMIT").with("ref", 1).raw("\xa6tokens\x91\xc4\x01x"))
              .ends_with("text=COMMIT: `tokens` is not of its type, or beyond its limits "
                         "fatal=true"));
    CHECK(world.ask(world.client(), Said("COMMIT").with("ref", 1))
              .ends_with("text=COMMIT without `tokens` fatal=true"));
    std::string many = std::string("\xa6tokens\xdc\x03\xe9");
    for (uint32_t i = 0; i <= protocol::kTokensMax; i++)
        many += "\xc4\x10\x03" + std::string(15, '\0');
    StubPeer& peer = world.client();
    for (const char* verb : {"COMMIT", "ROLLBACK"}) {
        CHECK(world.ask(peer, Said(verb).with("ref", 1).raw(many)) ==
              "REFUSED re=" + std::string(verb) +
                  " ref=1 code=out_of_range text=tokens fatal=false");
    }
    CHECK(world.ask(peer, Said("UNKNOWN").raw(many)).find("out_of_range") != std::string::npos);
    CHECK(world.toy.resolutions.empty());
}

TEST_CASE("whoever subscribes to the checks of a topic is asked, as many at once as it says") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.prepare(peer, 1, {"x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK_FALSE(world.check(1));  // nobody is there
    CHECK(world.subscribe_checks(peer, 1, 2) == "SUBSCRIBED sub=1");
    for (const uint64_t number : {1U, 2U, 3U})
        CHECK(world.check(number));
    CHECK(world.got(peer) ==
          "CHECK sub=1 token=x1 number=1 of=15 id=i1 | x1, "
          "CHECK sub=1 token=x2 number=1 of=15 id=i2 | x2");
    CHECK(world.ask(peer, with_tokens(Said("UNKNOWN"), {2})) ==
          "CHECK sub=1 token=x3 number=1 of=15 id=i3 | x3");
    CHECK(world.ask(peer, with_tokens(Said("COMMIT"), {1, 3})) == "");
    CHECK(world.toy.resolutions == std::vector<std::string>{"commit 1", "commit 3"});
    CHECK(world.check(2));
    CHECK(world.got(peer).starts_with("CHECK sub=1 token=x2"));
    CHECK(world.sessions.counters().checks == 4);
}

TEST_CASE(
    "a check that waits is not asked once it is resolved, and waits for nobody that has gone") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.prepare(peer, 1, {"x1", "x2"});
    world.toy.commit();
    (void)world.got(peer);
    StubPeer& checker = world.client();
    CHECK(world.subscribe_checks(checker, 1, 0) == "SUBSCRIBED sub=1");
    CHECK(world.check(1));
    CHECK(world.check(2));
    world.ask(peer, with_tokens(Said("COMMIT"), {1}));
    CHECK(world.ask(checker, Said("CREDIT").with("sub", 1).with("credit", 5)) ==
          "CHECK sub=1 token=x2 number=1 of=15 id=i2 | x2");
    CHECK(world.ask(checker, Said("UNSUBSCRIBE").with("sub", 1)) == "UNSUBSCRIBED sub=1");
    CHECK_FALSE(world.check(2));
    CHECK(world.subscribe_checks(checker, 1, 0) == "SUBSCRIBED sub=1");
    CHECK(world.check(2));
    checker.leave();
    CHECK_FALSE(world.check(2));
}

TEST_CASE("checks that wait are so many, and no more") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    const size_t most = plugin::WaitingChecks::kMessagesMax;
    for (size_t i = 0; i <= most; i++)
        world.prepare(peer, 1 + i, {"x"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK(world.subscribe_checks(peer, 1, 0) == "SUBSCRIBED sub=1");
    for (size_t i = 1; i <= most; i++)
        REQUIRE(world.check(i));
    CHECK_FALSE(world.check(most + 1));
    CHECK(world.check(1));  // it has its place
}

TEST_CASE("checks of a topic that is not there, and a subscription of two things") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    CHECK(world.subscribe_checks(peer, 1, 2, "nowhere") ==
          "REFUSED re=SUBSCRIBE sub=1 code=not_found text=no topic of this name fatal=false");
    CHECK(world.subscribe_checks(peer, 1, 2) == "SUBSCRIBED sub=1");
    CHECK(world.subscribe_checks(peer, 1, 2)
              .starts_with("REFUSED re=SUBSCRIBE sub=1 "
                           "code=out_of_state"));
    CHECK(
        world
            .ask(peer, Said("SUBSCRIBE")
                           .with("sub", 2)
                           .with("checks", std::string("a"))
                           .with("topic", std::string("a"))
                           .with("credit", 1))
            .ends_with("text=SUBSCRIBE: a `group`, a `topic`, a `service` or `checks`, one of them "
                       "fatal=true"));
}

TEST_CASE("a client that says BYE is told what became of its commits first") {
    TransactionsWorld world;
    StubPeer& peer = world.client();
    world.prepare(peer, 1, {"x1"});
    world.toy.commit();
    (void)world.got(peer);
    world.ask(peer, commit(7, {1}));
    CHECK_FALSE(world.sessions.idle());
    CHECK(world.ask(peer, Said("BYE")) == "");
    world.toy.commit();
    CHECK(world.got(peer) == "RESOLVED ref=7 ids=[i1], BYE");
    CHECK(world.sessions.idle());
}
