// What a session asks of the engine: QUERY, RECALL, RESET; and attributes of what it is delivered.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bridge/protocol/limits.h"
#include "bridge/protocol/report_codec.h"
#include "tests/unit/protocol/sessions_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using telemetry::Report;

namespace {

constexpr const char* kId = "00000000000000003000000001";  // of {3 << 2, 1}: any that is printed

// A verb and its arguments, as the engine was asked first of all that is open: "topic query key=k max=20 topic=a".
std::string asked(SessionsWorld& world) {
    if (world.toy.asked.empty()) return "";
    const MemoryEngine::Asked& its = world.toy.asked.front();
    std::string text = its.verb;
    const auto args = protocol::unpack(its.body);
    REQUIRE(args.ok());
    for (const auto& [name, value] : args->entries())
        text += " " + name + "=" + value.text();
    return text;
}

Said query() {
    return Said("QUERY").with("ref", 7).with("topic", std::string("a"));
}

Said with_id(const Said& said, const MessageId& id) {
    std::string bytes = "\xa2id\xc4\x10";
    for (const uint64_t half : {id.epoch, id.sequence}) {
        for (int shift = 56; shift >= 0; shift -= 8)
            bytes += static_cast<char>(half >> shift);
    }
    return said.raw(bytes);
}

Report found_message() {
    Report message = Report::map();
    message.add("offset", 5);
    message.add("id", std::string(kId));
    message.add("stored_ms", 1000);
    message.add("tag", "new");
    Report keys = Report::list();
    keys.add("k");
    message.add("keys", std::move(keys));
    Report properties = Report::map();
    properties.add("n", 7);
    message.add("properties", std::move(properties));
    Report frames = Report::list();
    frames.add("x");
    frames.add("y");
    message.add("frames", std::move(frames));
    return message;
}

}  // namespace

// ---- QUERY ----

TEST_CASE("a query is asked of the engine, and what it finds is told with its frames") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, query().with("key", std::string("k"))) == "");
    CHECK(asked(world) == "topic query topic=a max=20 key=k");
    Report list = Report::list();
    list.add(found_message());
    world.toy.answer_admin(ZB_OK, protocol::pack(list));
    CHECK(world.got(peer) ==
          "FOUND ref=7 messages=[[5 i1 1000 keys=[k] tag=new properties=n=7]] | x y");
    CHECK(world.ask(peer, query().with("from", 1000).with("to", 2000).with("max", 3)) == "");
    CHECK(asked(world) == "topic query topic=a max=3 from_ms=1000 to_ms=2000");
    world.toy.answer_admin(ZB_OK, protocol::pack(Report::list()));
    CHECK(world.got(peer) == "FOUND ref=7 messages=[]");
}

TEST_CASE("a query is by an id of the producer's, or of the bridge's") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, query().with("id", std::string("own"))) == "");
    CHECK(asked(world) == "topic query topic=a max=20 id=own");
    world.toy.answer_admin(ZB_NOT_FOUND, "there is no topic `a`");
    CHECK(world.got(peer) ==
          "REFUSED re=QUERY ref=7 code=not_found text=there is no topic `a` fatal=false");
    CHECK(world.ask(peer, with_id(query(), {3, 42})) == "");
    CHECK(asked(world) == "topic query topic=a max=20 id=" + MessageId{3, 42}.text());
}

TEST_CASE("a query that is none") {
    SessionsWorld world;
    const auto refused = [&](const Said& said) { return world.ask(world.client(), said); };
    constexpr std::string_view kWay =
        "text=QUERY: by `key`, by `id`, or by time (`from`, `to`) fatal=true";
    CHECK(refused(query()).ends_with(kWay));
    CHECK(refused(query().with("key", std::string("k")).with("to", 5)).ends_with(kWay));
    CHECK(refused(query().with("key", std::string("k")).with("id", std::string("i")))
              .ends_with(kWay));
    CHECK(refused(query().with("id", 5)).find("`id` is not of its type") != std::string::npos);
    for (const uint32_t max : {0U, protocol::kQueryMessagesMax + 1}) {
        CHECK(refused(query().with("from", 1).with("max", max)) ==
              "REFUSED re=QUERY ref=7 code=out_of_range text=max fatal=false");
    }
    CHECK(world.toy.asked.empty());
}

// ---- RECALL ----

TEST_CASE("a message is taken back, once that is durable") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    const Said recall = with_id(Said("RECALL").with("ref", 9), {3, 42});
    CHECK(world.ask(peer, recall) == "");
    CHECK(asked(world) == "delay recall id=" + MessageId{3, 42}.text());
    world.toy.answer_admin(ZB_OK, protocol::pack(Report::map()));
    CHECK(world.got(peer) == "DONE ref=9");
    CHECK(world.ask(peer, recall) == "");
    world.toy.answer_admin(ZB_NOT_FOUND, "too late");
    CHECK(world.got(peer) == "REFUSED re=RECALL ref=9 code=not_found text=too late fatal=false");
    CHECK(world.ask(peer, Said("RECALL").with("ref", 9).with("id", std::string("text")))
              .find("RECALL: `id` is not of its type") != std::string::npos);
    CHECK(peer.closed_as == Refusal::kMalformed);
}

// ---- RESET ----

TEST_CASE("a group is moved to a place, by one way of saying which") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    const Said reset = Said("RESET").with("ref", 3).with("group", std::string("g"));
    const auto asks = [&](const Said& said) {
        CHECK(world.ask(peer, said) == "");
        const std::string text = asked(world);
        world.toy.answer_admin(ZB_OK, protocol::pack(Report::map()));
        CHECK(world.got(peer) == "DONE ref=3");
        return text;
    };
    CHECK(asks(reset.with("to", std::string("latest"))) == "group reset group=g to=latest");
    CHECK(asks(reset.with("offset", 5)) == "group reset group=g offset=5");
    CHECK(asks(reset.with("time", 1000)) == "group reset group=g time_ms=1000");
    CHECK(world.ask(peer, reset.with("offset", 99)) == "");
    world.toy.answer_admin(ZB_INVALID, "no such offset");
    CHECK(world.got(peer) == "REFUSED re=RESET ref=3 code=unable text=no such offset fatal=false");
    for (const Said& said : {reset, reset.with("offset", 5).with("time", 5)}) {
        CHECK(world.ask(world.client(), said)
                  .ends_with("text=RESET: one of `to`, `offset` and `time` fatal=true"));
    }
}

TEST_CASE("so many questions of a session may be open, whichever they are") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    const Said reset =
        Said("RESET").with("ref", 3).with("group", std::string("g")).with("offset", 1);
    for (uint32_t i = 0; i < protocol::kAsksMax; i++)
        CHECK(world.ask(peer, i % 2 == 0 ? reset : query().with("from", 1)) == "");
    CHECK(world.ask(peer, with_id(Said("RECALL").with("ref", 9), {3, 42}))
              .starts_with("REFUSED re=RECALL ref=9 code=line_full"));
    CHECK(world.toy.asked.size() == protocol::kAsksMax);
    peer.leave();
    world.toy.answer_admin(ZB_OK, protocol::pack(Report::map()));  // to nobody
    StubPeer& other = world.client();
    CHECK(world.ask(other, reset) == "");
    CHECK(world.toy.asked.size() == protocol::kAsksMax);
}

// ---- attributes ----

namespace {

void publish_tagged(SessionsWorld& world, StubPeer& peer, uint64_t seq) {
    peer.say({Said("PUBLISH")
                  .with("topic", std::string("a"))
                  .with("seq", seq)
                  .with("count", 3)
                  .raw("\xaa"
                       "attributes\x93\x81\xa3tag\xa3new\x81\xa3tag\xa3new\xc0")
                  .packed(),
              block_of({"x", "y", "z"})});
    world.toy.commit();
    (void)world.got(peer);
}

}  // namespace

TEST_CASE("attributes are delivered to those that ask for them, one entry a run") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    publish_tagged(world, peer, 1);
    peer.say({Said("SUBSCRIBE")
                  .with("sub", 1)
                  .with("group", std::string("g"))
                  .with("credit", 2)
                  .with("attributes", true)
                  .packed()});
    CHECK(world.got(peer) ==
          "SUBSCRIBED sub=1, DELIVER sub=1 runs=[[t0 2 1 i1]] attributes=[tag=new] | x y");
    CHECK(world.ask(peer, Said("RECEIVE")
                              .with("ref", 5)
                              .with("group", std::string("g"))
                              .with("max", 2)
                              .with("attributes", true)) ==
          "DELIVER ref=5 runs=[[t2 1 1 i3]] attributes=[nil] | z");
}

TEST_CASE("those that do not ask are delivered none") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    publish_tagged(world, peer, 1);
    world.subscribe(peer, 1, 10);
    CHECK(world.got(peer).find("attributes") == std::string::npos);
}

TEST_CASE("a reader of a topic has the attributes of each run") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    publish_tagged(world, peer, 1);
    CHECK(world.ask(peer, Said("SUBSCRIBE")
                              .with("sub", 1)
                              .with("topic", std::string("a"))
                              .with("credit", 10)
                              .with("start", std::string("earliest"))
                              .with("attributes", true)) ==
          "SUBSCRIBED sub=1 offset=0, "
          "DELIVER sub=1 offset=0 count=1 attributes=[tag=new] | x, "
          "DELIVER sub=1 offset=1 count=1 attributes=[tag=new] | y, "
          "DELIVER sub=1 offset=2 count=1 attributes=[nil] | z");
}

TEST_CASE("a topic that a command makes can be published to, and read") {
    SessionsWorld world;
    StubPeer& peer = world.client();
    world.publish(peer, 1, {"x"}, "c");
    world.toy.commit();
    CHECK(world.got(peer).find("not_found") != std::string::npos);
    world.toy.has_c = true;
    CHECK(
        world.ask(
            peer,
            Said("SUBSCRIBE").with("sub", 1).with("topic", std::string("c")).with("credit", 10)) ==
        "SUBSCRIBED sub=1 offset=0");
    world.publish(peer, 2, {"y"}, "c");
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[2 1 i1 false]] refused=[], DELIVER sub=1 offset=0 count=1 | y");
}
