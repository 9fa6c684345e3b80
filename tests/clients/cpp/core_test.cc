// What the client's core promises, in virtual time against a fake bridge.
#include <doctest/doctest.h>

#include <random>

#include "tests/clients/cpp/program.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Command;
using core::Core;
using core::Demands;
using core::Heard;
using State = FakeMessage::State;

namespace {

const std::map<std::string, bool> kOrders{{"orders", true}};

struct World {
    explicit World(Options options = {}) : bridge(kOrders), program(bridge, std::move(options)) {
        program.carry_all();
        REQUIRE(program.core.is_open());
    }

    // What goes out now; it never gets there.
    std::vector<std::string> said() {
        program.turn();
        std::vector<std::string> found;
        for (const core::Said& each : program.to_bridge)
            found.emplace_back(each.header);
        program.to_bridge.clear();
        return found;
    }
    std::vector<uint64_t> said_numbers(const char* field) {
        std::vector<uint64_t> found;
        for (const std::string& each : said())
            found.push_back(Heard(each).fields.number(field));
        return found;
    }
    // So many messages, handed out to the program.
    std::vector<core::LentPtr> consume(size_t count, core::Lease lease = {3000, 0}) {
        for (size_t n = 0; n < count; n++)
            program.submit("orders", std::to_string(n));
        program.core.flush(bridge.now_ms);
        settle_down(1);
        subscription = program.subscribe("orders", 100, lease);
        program.carry_all();
        std::vector<core::LentPtr> given;
        for (size_t n = 0; n < count; n++) {
            given.push_back(Demands::take(*subscription));
            REQUIRE(given.back());
        }
        return given;
    }
    // What is on its way gets there, and becomes durable.
    void settle_down(int rounds, uint64_t ms = 5) {
        for (int n = 0; n < rounds; n++) {
            bridge.advance(ms);
            program.carry_all();
            bridge.commit();
        }
        program.carry_all();
    }
    void publish_unseen() {
        program.submit("orders", "unseen");
        settle_down(2);
        REQUIRE(subscription->buffer.size() == 1);
    }
    void lose(size_t reached = 0) {
        program.cut(reached);
        program.notice();
    }
    FakeMessage& stored(size_t at) { return bridge.topics.at("orders").stored.at(at); }

    FakeBridge bridge;
    Program program;
    core::SubscriptionPtr subscription;
};

Options named(const char* name = "a") {
    Options options;
    options.name = name;
    return options;
}

}  // namespace

TEST_CASE("with nothing on its way a message goes at once, what comes meanwhile waits") {
    Options options;
    options.batch_messages = 10;
    options.linger = milliseconds(50);
    World world(options);
    for (int n = 0; n < 12; n++)
        world.program.submit("orders", "x");
    CHECK(world.said_numbers("count") == std::vector<uint64_t>{10});
    CHECK(world.program.core.next_deadline() == world.bridge.now_ms + 50);
    SUBCASE("until it has waited") {
        world.bridge.advance(50);
        CHECK(world.said_numbers("seq") == std::vector<uint64_t>{1'000'010});
    }
    SUBCASE("until it is worth a batch beside what is on its way") {
        world.program.submit("orders", "x");
        CHECK(world.said_numbers("count") == std::vector<uint64_t>{3});
    }
    SUBCASE("until it is flushed") {
        world.program.core.flush(0);
        CHECK(world.said_numbers("count") == std::vector<uint64_t>{2});
    }
}

TEST_CASE("at the bound a batch is not made of what is too little for one") {
    Options options;
    options.max_in_flight = 100;
    options.linger = milliseconds(50);
    World world(options);
    for (int n = 0; n < 90; n++)
        world.program.submit("orders", "x");
    CHECK(world.said_numbers("count") == std::vector<uint64_t>{50, 40});  // the half at most
    for (int n = 0; n < 10; n++)
        world.program.submit("orders", "x");
    CHECK_FALSE(world.program.core.outbox.has_room(1));
    world.program.core.outbox.press();
    CHECK(world.said().empty());
    CHECK(world.program.core.sleep_until(world.bridge.now_ms) == world.bridge.now_ms + 50);
}

TEST_CASE("a batch has no more octets than it may, one topic, and numbers without gaps") {
    Options options = named();
    options.batch_bytes = 100;
    options.linger = milliseconds(0);
    World world(options);
    for (int n = 0; n < 2; n++)
        world.program.submit("orders", std::string(60, 'x'));
    CHECK(world.said_numbers("count") == std::vector<uint64_t>{1, 1});
    world.program.submit("orders", "1");
    world.program.submit("orders", "2", true);
    world.program.submit("orders", "3", true, 2'000'000);
    CHECK(world.said_numbers("seq") == std::vector<uint64_t>{1'000'002, 1'000'003, 2'000'000});
}

TEST_CASE("no more is without an outcome than Options allow") {
    Options options;
    options.max_in_flight = 2;
    options.max_in_flight_bytes = 1000;
    World world(options);
    core::Outbox& outbox = world.program.core.outbox;
    CHECK(outbox.has_room(5000));  // one alone may be larger
    world.program.submit("orders", std::string(900, 'x'));
    CHECK_FALSE(outbox.has_room(200));
    CHECK(outbox.has_room(50));
    world.program.submit("orders", "x");
    CHECK_FALSE(outbox.has_room(1));
    world.settle_down(2);
    CHECK(outbox.has_room(1));
}

TEST_CASE("no more is on the wire than the bridge takes") {
    Options options;
    options.batch_messages = 1000;
    World world(options);
    for (int n = 0; n < 300; n++)
        world.program.submit("orders", "x");
    world.program.core.flush(0);
    CHECK(world.said_numbers("count") == std::vector<uint64_t>{50, 50, 20});
}

TEST_CASE("a message larger than the bridge takes is refused here, in its turn") {
    World world;
    CHECK_THROWS_AS(world.program.submit("orders", std::string(16 << 20, 'x')), Refused);
    const auto first = world.program.submit("orders", "1");
    const auto second = world.program.submit("orders", std::string(5000, 'x'));
    const auto third = world.program.submit("orders", "3");
    Limits smaller;
    smaller.message_bytes = 4096;
    world.program.core.outbox.limit(smaller);
    world.settle_down(4);
    CHECK_FALSE(first->published.failure);
    CHECK(second->published.failure.code == "too_large");
    CHECK_FALSE(third->published.failure);
}

TEST_CASE("what would be malformed is refused here") {
    World world;
    for (const char* each : {"", "a b", "a/b"})
        CHECK_THROWS_AS(check_name(each, "topic"), Invalid);
    CHECK_THROWS_AS(check_name(std::string(128, 'x'), "topic"), Invalid);
    CHECK_THROWS_AS(world.program.submit("orders", "1", true), Invalid);  // once without a name
    CHECK_THROWS_AS(world.program.submit("orders", Message()), Invalid);
    world.program.submit("orders", "1", false, 2'000'000);
    CHECK_THROWS_AS(world.program.submit("orders", "1", false, 2'000'000), Invalid);
}

TEST_CASE("what has no receipt is sent again with the same numbers") {
    World world(named());
    const auto one = world.program.submit("orders", "1", true);
    const auto two = world.program.submit("orders", "2", true);
    world.program.turn();
    world.program.cut(1);  // it got there
    world.bridge.commit();
    world.program.notice();
    world.settle_down(2, 100);
    REQUIRE(one->done);
    REQUIRE(two->done);
    CHECK(one->published.receipt.duplicate);
    CHECK(world.bridge.topics.at("orders").stored.size() == 2);
}

TEST_CASE("what comes too late for an ending bridge goes to the next") {
    World world;
    world.bridge.bye();
    const auto late = world.program.submit("orders", "1");
    world.program.turn();
    world.program.carry_out();
    world.bridge.commit();  // shutting_down
    world.program.carry_in();
    world.program.carry_in();
    CHECK_FALSE(late->done);
    world.bridge.kill();
    world.program.notice();
    world.settle_down(2, 500);
    CHECK(late->done);
    CHECK_FALSE(late->published.failure);
}

TEST_CASE("a refusal is told with its code") {
    World world;
    world.bridge.refused = "topic_full";
    const auto refused = world.program.submit("orders", "1");
    world.settle_down(1);
    CHECK(refused->published.failure.code == "topic_full");
    CHECK(Refused("topic_full", "").worth_another_try());
    CHECK_FALSE(Refused("new_code", "").worth_another_try());
}

TEST_CASE("a receipt out of order ends the connection, and no outcome is made up") {
    World world;
    const auto one = world.program.submit("orders", "1");
    world.program.submit("orders", "2");
    world.program.turn();
    world.program.receive(Command("RECEIPT")
                              .value("stored",
                                     [](core::Packer& packer) {
                                         packer.pack_array(1).pack_array(4);
                                         packer.pack_uint64(1'000'001).pack_uint64(1);
                                         core::pack_octets(packer, std::string(16, '\0'));
                                         packer.pack_false();
                                     })
                              .said());
    CHECK_FALSE(world.program.core.is_open());
    CHECK_FALSE(one->done);
}

TEST_CASE("nothing but HELLO is said before WELCOME, and without one there is no connection") {
    FakeBridge bridge(kOrders);
    Program program(bridge);
    program.submit("orders", "1");
    program.subscribe("orders", 1);
    program.turn();
    REQUIRE(program.to_bridge.size() == 1);
    CHECK(Heard(program.to_bridge[0].header).name == "HELLO");
    bridge.advance(5000);
    program.turn();
    CHECK(program.core.link_number() == 0);
    bridge.advance(100);
    program.turn();
    CHECK(program.core.link_number() == 2);
}

TEST_CASE("attempts to connect come later and later") {
    FakeBridge bridge(kOrders);
    Options options;
    options.backoff_min = milliseconds(100);
    options.backoff_max = milliseconds(2000);
    Program program(bridge, options);
    uint64_t whole = 100;
    for (int n = 0; n < 10; n++, whole = std::min<uint64_t>(2000, 2 * whole)) {
        program.turn();
        program.core.lost("cut", bridge.now_ms);
        const uint64_t wait_ms = *program.core.next_deadline() - bridge.now_ms;
        CHECK(wait_ms >= whole / 2);
        CHECK(wait_ms <= whole);
        bridge.advance(wait_ms);
    }
}

TEST_CASE("silence is a lost connection, and said against") {
    Options options;
    options.heartbeat = milliseconds(1000);
    World world(options);
    world.bridge.advance(700);
    const auto said = world.said();
    REQUIRE(said.size() == 1);
    CHECK(Heard(said[0]).name == "HEARTBEAT");
    world.bridge.advance(2300);
    world.program.turn();
    CHECK(world.program.core.link_number() == 0);
    CHECK(world.program.core.losses() == 1);
}

TEST_CASE("a client that is replaced does not come back") {
    World world(named());
    Program other(world.bridge, named(), 2);
    const auto open = world.program.submit("orders", "1");
    other.turn();
    other.carry_out();
    world.program.carry_in();
    CHECK(world.program.core.state() == Core::State::kFailed);
    CHECK(open->published.failure.code == "replaced");
    CHECK_FALSE(world.program.core.next_deadline());
    CHECK_THROWS_AS(world.program.submit("orders", "1"), Refused);
}

TEST_CASE("two of one name that are not told do not replace each other for ever") {
    FakeBridge bridge(kOrders);
    Options options = named();
    options.backoff_max = milliseconds(500);
    Program one(bridge, options, 1), other(bridge, options, 2);
    for (int n = 0; n < 200; n++) {
        for (Program* each : {&one, &other}) {
            if (!bridge.has(each->connection)) each->notice();  // what it was told last is lost
            bridge.advance(100);
            for (int turns = 0; turns < 5; turns++) {
                each->turn();
                each->carry_out();
                if (bridge.has(each->connection)) each->carry_in();
            }
        }
    }
    const bool one_failed = one.core.state() == Core::State::kFailed;
    CHECK(one_failed != (other.core.state() == Core::State::kFailed));
    CHECK((one_failed ? one : other).core.failure().code == "replaced");
    CHECK((one_failed ? other : one).core.is_open());
    CHECK(one.core.losses() + other.core.losses() < 30);
}

TEST_CASE("what is not known is ignored, a fatal refusal begins anew") {
    World world;
    world.program.receive(Command("NEWS").number("a", 1).said());
    world.program.receive(Command("HEARTBEAT").number("new", 1).said());
    CHECK(world.program.core.is_open());
    world.program.receive(
        Command("REFUSED").text("re", "X").text("code", "out_of_state").flag("fatal").said());
    CHECK(world.program.core.state() == Core::State::kIdle);
}

TEST_CASE("garbage never does more than end the connection") {
    std::mt19937_64 chance(5);
    const std::vector<const char*> names{"WELCOME", "RECEIPT",      "DELIVER", "SUBSCRIBED",
                                         "SETTLED", "UNSUBSCRIBED", "BYE",     "REFUSED"};
    const std::vector<const char*> fields{"sub",   "ref",    "stored", "refused", "runs", "stale",
                                          "fatal", "tokens", "code",   "epoch",   "text", "limits"};
    const std::string sixteen(16, '\0');
    for (int round = 0; round < 3000; round++) {
        World world;
        world.program.subscribe("orders", 1);
        world.program.submit("orders", "1");
        world.program.turn();
        Command garbage(names[chance() % names.size()]);
        for (int n = 0; n < 4; n++) {
            garbage.value(fields[chance() % fields.size()], [&](core::Packer& packer) {
                switch (chance() % 10) {
                    case 0:
                        packer.pack_uint64(chance() % 3);
                        break;
                    case 1:
                        packer.pack_int64(-1);
                        break;
                    case 2:
                        core::pack_text(packer, "x");
                        break;
                    case 3:
                        core::pack_octets(packer, sixteen);
                        break;
                    case 4:
                        packer.pack_array(0);
                        break;
                    case 5:
                        packer.pack_array(1).pack_array(0);
                        break;
                    case 6:
                        packer.pack_array(1).pack_array(4).pack_uint64(1).pack_uint64(1);
                        core::pack_octets(packer, sixteen);
                        packer.pack_true();
                        break;
                    case 7:
                        packer.pack_array(1).pack_array(4);
                        core::pack_octets(packer, sixteen);
                        packer.pack_uint64(1).pack_uint64(1);
                        core::pack_octets(packer, sixteen);
                        break;
                    case 8:
                        packer.pack_map(0);
                        break;
                    default:
                        packer.pack_true();
                }
            });
        }
        world.program.receive(chance() % 2 == 0 ? garbage.said() : garbage.said("\1\1x"));
        world.program.receive({std::string(1 + chance() % 30, static_cast<char>(chance())), {}});
    }
}

TEST_CASE("close gives back what is unseen, waits for what is begun, says BYE and ends") {
    World world(named());
    const auto given = world.consume(1);
    world.publish_unseen();
    const auto told = world.program.settle(given);
    world.program.core.close(world.bridge.now_ms);
    world.settle_down(3);
    CHECK(world.program.core.state() == Core::State::kFailed);
    CHECK(told->done);
    CHECK_FALSE(told->failure);
    CHECK(world.subscription->failure.code == "closed");
    CHECK(world.stored(0).state == State::kSettled);
    CHECK(world.stored(1).state == State::kReady);
    CHECK(world.stored(1).attempt == 0);
}

TEST_CASE("neighbours are settled in one range, and no more at a time than the bridge takes") {
    World world;
    const auto given = world.consume(45);
    SUBCASE("neighbours") {
        for (const size_t at : {2, 0, 1, 4})
            world.program.settle({given[at]});
        world.bridge.advance(5);
        const auto said = world.said();
        REQUIRE(said.size() == 1);
        const Heard settle(said[0]);
        const core::List ranges = settle.fields.list("ranges");
        REQUIRE(ranges.size == 2);
        CHECK(core::number_of(core::list_of(ranges[0], 2)[1]) == 3);
        CHECK(core::number_of(core::list_of(ranges[1], 2)[1]) == 1);
    }
    SUBCASE("the limits of the bridge") {
        std::vector<core::LentPtr> odd;
        for (size_t at = 0; at < given.size(); at += 2)
            odd.push_back(given[at]);
        const auto told = world.program.settle(odd);
        world.settle_down(2);  // the fake bridge looks at them
        CHECK(told->done);
        CHECK_FALSE(told->failure);
    }
}

TEST_CASE("a delivery has one verdict") {
    World world;
    const auto given = world.consume(2);
    world.program.settle({given[0]});
    CHECK_THROWS_AS(world.program.settle({given[0]}), AlreadySettled);
    CHECK_THROWS_AS(world.program.settle(given, Verdict::kRetry), AlreadySettled);
    CHECK_THROWS_AS(world.program.settle({given[1], given[1]}), AlreadySettled);
    CHECK(given[1]->state == core::Lent::State::kHanded);
}

TEST_CASE("leases are kept up as long as auto_extend says, and settled under the new token") {
    World world;
    const auto given = world.consume(1, {1000, 10'000});
    world.settle_down(80, 100);
    CHECK(world.stored(0).state == State::kLeased);
    CHECK(world.stored(0).attempt == 1);
    SUBCASE("then it is somebody else's") {
        world.settle_down(40, 100);
        CHECK(world.stored(0).attempt == 2);
    }
    SUBCASE("while it is extended the verdict waits") {
        for (int n = 0; n < 1000 && !given[0]->extending; n++) {
            world.bridge.advance(1);
            world.program.turn();
        }
        REQUIRE(given[0]->extending);
        const auto told = world.program.settle(given);
        world.settle_down(3);
        CHECK(told->done);
        CHECK_FALSE(told->failure);
        CHECK(world.stored(0).state == State::kSettled);
    }
}

TEST_CASE("a verdict that comes after the lease is told to be stale") {
    World world;
    const auto given = world.consume(1);
    world.bridge.advance(3100);  // it is delivered again
    world.program.carry_all();
    SUBCASE("where somebody has it") {
        REQUIRE(Demands::take(*world.subscription));
        const auto told = world.program.settle(given);
        world.settle_down(2);
        CHECK(told->failure.code == "stale");
        CHECK(told->failure.certain);
    }
    SUBCASE("where nobody has seen it, it is settled by its newest token") {
        const auto told = world.program.settle(given);
        CHECK_FALSE(Demands::take(*world.subscription));
        world.settle_down(2);
        CHECK(told->done);
        CHECK_FALSE(told->failure);
        CHECK(world.bridge.connections[0]->used.empty());
    }
}

TEST_CASE("what was acked here is not handed out again") {
    World world;
    const auto given = world.consume(1);
    world.program.settle(given);
    world.bridge.advance(5);
    world.program.turn();
    world.lose();
    world.bridge.advance(9000);  // it is anybody's now
    world.settle_down(4, 10);
    CHECK_FALSE(Demands::take(*world.subscription));
    CHECK(world.stored(0).state == State::kSettled);
}

TEST_CASE("a session with a name goes on with what it holds") {
    World world(named());
    const auto given = world.consume(1);
    world.publish_unseen();
    world.program.cut(0);
    SUBCASE("where it comes back in time") {
        world.bridge.advance(500);
        world.program.notice();
        world.settle_down(1, 100);
        CHECK(world.program.core.resumed() == 2);
        const auto unseen = Demands::take(*world.subscription);
        REQUIRE(unseen);
        world.program.settle({given[0], unseen});
        world.settle_down(2);
        for (const size_t at : {0, 1}) {
            CHECK(world.stored(at).state == State::kSettled);
            CHECK(world.stored(at).attempt == 1);
        }
    }
    SUBCASE("else what nobody has seen goes back") {
        world.bridge.advance(6000);
        world.program.notice();
        world.bridge.advance(100);
        world.program.turn();
        world.program.carry_out();
        world.program.carry_in();
        CHECK(world.subscription->buffer.empty());
    }
}

namespace {

// One is in hand, and a second was on its way when the connection was lost.
void lose_one(World& world, std::optional<size_t> held_ranges) {
    world.bridge.held_ranges = held_ranges;
    world.program.submit("orders", "unseen", true);
    world.program.turn();
    world.program.carry_out();
    world.bridge.commit();
    world.bridge.advance(0);
    REQUIRE(world.stored(1).state == State::kLeased);
    world.lose();
    world.settle_down(1, 100);
    REQUIRE(world.program.core.resumed() == 2);
}

}  // namespace

TEST_CASE("what never came is given back where the bridge lists it, in the same session") {
    World world(named());
    const auto given = world.consume(1, {60'000, 0});
    lose_one(world, 10);
    world.settle_down(3, 50);
    const auto again = Demands::take(*world.subscription);
    REQUIRE(again);
    CHECK(again->body == "unseen");
    CHECK(again->attempt == 1);
    CHECK(world.program.core.losses() == 1);
    const auto told = world.program.settle(given);
    world.settle_down(2, 50);
    CHECK(told->done);
    CHECK_FALSE(told->failure);
}

TEST_CASE("what never came is given back by a new session where it is not listed") {
    World world(named());
    const auto given = world.consume(1, {60'000, 0});
    lose_one(world, std::nullopt);
    SUBCASE("as soon as nothing is in hand") {
        const auto told = world.program.settle(given);
        for (int n = 0; n < 5; n++) {
            world.program.notice();
            world.settle_down(1, 50);
        }
        CHECK(told->done);
        CHECK_FALSE(told->failure);
        const auto again = Demands::take(*world.subscription);
        REQUIRE(again);
        CHECK(again->attempt == 1);
    }
    SUBCASE("where something stays in hand it waits for its lease") {
        CHECK(world.bridge.connections[0]->subs.begin()->second.credit == 0);
        world.settle_down(1, 2000);
        CHECK(world.bridge.connections[0]->subs.begin()->second.credit == 100);
    }
}

TEST_CASE("a subscription that is closed is ended once") {
    World world;
    world.consume(1);
    Demands& demands = world.program.core.demands;
    demands.unsubscribe(*world.subscription, world.bridge.now_ms);
    demands.pause(world.bridge.now_ms);
    demands.go_on();
    const auto said = world.said();
    REQUIRE(said.size() == 1);
    CHECK(Heard(said[0]).name == "UNSUBSCRIBE");
}

TEST_CASE("an EXTEND whose answer was lost is known by the list, or goes again") {
    for (const size_t reached : {0, 1}) {
        for (const bool settled : {false, true}) {
            CAPTURE(reached);
            CAPTURE(settled);
            World world(named());
            const auto given = world.consume(1, {60'000, 0});
            const auto before = given[0]->token;
            const auto extended = std::make_shared<Told>();
            world.program.core.extending.extend(given, 60'000, extended);
            world.program.turn();
            world.lose(reached);
            ToldPtr told;
            if (settled) told = world.program.settle(given);
            world.settle_down(3, 100);
            CHECK(extended->done);
            if (!settled) {
                CHECK_FALSE(extended->failure);
                CHECK(given[0]->token != before);
                told = world.program.settle(given);
                world.settle_down(2);
            }
            CHECK(told->done);
            CHECK_FALSE(told->failure);
            CHECK(world.stored(0).state == State::kSettled);
        }
    }
}

TEST_CASE("fetches wait their turn, are asked again, and end without a bridge") {
    World world;
    std::vector<core::FetchPtr> fetches;
    for (int n = 0; n < 3; n++)
        fetches.push_back(world.program.fetch("orders", 1, 10'000));
    CHECK(world.said().size() == 2);  // limits.receives
    world.lose();
    world.bridge.advance(4000);
    world.program.turn();
    world.program.carry_out();
    world.program.carry_in();
    CHECK(world.said_numbers("wait") == std::vector<uint64_t>{6000, 6000});
    for (int n = 0; n < 3; n++) {
        world.program.cut(0);
        world.bridge.advance(3000);
        world.program.notice();
        world.program.turn();
    }
    for (const auto& each : fetches) {
        CHECK(each->done);
        CHECK(each->lent.empty());
    }
}

TEST_CASE("the bridge's BYE gives back what is unseen, and waits for what is in hand") {
    World world(named());
    const auto given = world.consume(1);
    world.publish_unseen();
    const ConnectionPtr connection = world.bridge.connections[0];
    world.bridge.bye();
    world.program.carry_all();
    CHECK(world.stored(1).state == State::kReady);
    CHECK_FALSE(connection->said_bye);
    world.program.settle(given);
    world.settle_down(3);
    CHECK(connection->said_bye);
    CHECK(world.stored(0).state == State::kSettled);
}

TEST_CASE("callbacks are called in no call of the core, each once") {
    World world;
    const auto given = world.consume(1);
    int called = 0;
    const auto waiter =
        std::make_shared<core::WaiterCall>(world.program.core.calls, [&](const Failure& failure) {
            CHECK(failure.code == "closed");
            called++;
        });
    world.program.core.inbox.settle(given[0], {given[0]->key.group, Verdict::kAck, {}, {}},
                                    std::make_shared<core::Settlement>(waiter, 1), 0);
    world.program.core.fail({"closed", "closed"});
    CHECK(called == 0);
    world.program.turn();
    CHECK(called == 1);
    world.program.turn();
    CHECK(called == 1);
}
