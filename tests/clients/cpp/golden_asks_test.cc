// As golden_test.cc: reading a topic, attributes, finding messages and what else is asked.
#include <zbridge/checks.hpp>
#include <zbridge/finder.hpp>
#include <zbridge/reader.hpp>

#include "tests/clients/cpp/opened.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Command;
using core::Place;
using std::chrono::milliseconds;

namespace {

const WallClock::time_point kTime{milliseconds(1'700'000'000'000)};

core::Block block_of(const std::string& octets) {
    const auto kept = std::make_shared<const std::string>(octets);
    return {kept, *kept};
}

void check_reading(Page& page) {
    const Heard subscribe(page["subscribe-topic"][0]);
    core::Readings readings(subscribe.fields.number("sub"));
    const auto reading = std::make_shared<core::Reading>();
    reading->topic = "prices";
    reading->credit = 1000;
    Start::at(4100).write_to(*reading);
    readings.begin_session();
    readings.add(reading);
    CHECK(readings.take_said()->header == page["subscribe-topic"][0]);
    readings.on_subscribed(Heard(page["subscribed-topic"][0]).fields);
    CHECK(reading->told == 4100);
    readings.on_deliver(Heard(page["deliver-topic"][0], block_of(page["deliver-topic"][1])));
    const auto first = readings.take(*reading), second = readings.take(*reading);
    REQUIRE((first && second));
    CHECK(Record(*first).body() == "hello");
    CHECK(Record(*second).offset() == 4101);
    CHECK_FALSE(readings.has_output());
    // Half of the credit later it says so.
    Command deliver("DELIVER");
    deliver.number("sub", reading->sub).number("offset", 4599).number("count", 1);
    readings.on_deliver(Heard(deliver.header(), block_of(core::body_of("b"))));
    CHECK(readings.take(*reading)->offset == 4599);
    CHECK(readings.take_said()->header == page["credit-topic"][0]);
}

void check_attributes(Page& page) {
    Opened opened(page);
    opened.welcome();
    const auto logistics = opened.core.demands.subscribe(opened.logistics(), 8, {}, true);
    const auto said = opened.core.take_output(0);
    REQUIRE(said.size() == 1);
    CHECK(Heard(said[0].header).fields.flag("attributes"));
    opened.hears("deliver-attributes");
    REQUIRE(logistics->buffer.size() == 2);
    const AttributesPtr its = logistics->buffer.back()->attributes;
    REQUIRE(its != nullptr);
    CHECK(its->keys == std::vector<std::string>{"A-7"});
    CHECK(its->tag == "new");
    CHECK(its->properties.at("region") == Property("EU"));
    CHECK_FALSE(its->id);
}

void ask(Opened& opened, core::Ask ask, std::shared_ptr<core::AskWaiter> waiter) {
    ask.waiter = std::move(waiter);
    opened.core.asking.ask(std::move(ask));
}

void check_queries(Page& page) {
    Opened opened(page);
    opened.welcome();
    opened.next_ref(Heard(page["query"][0]).fields.number("ref"));
    const auto some = std::make_shared<core::FoundPromise>(),
               none = std::make_shared<core::FoundPromise>();
    auto found = some->future();
    auto nothing = none->future();
    ask(opened, core::query_of("orders", Query::by_key("A-7").max(2)), some);
    opened.says("query");
    const MessageId id(Place{3, 42});
    ask(opened, core::query_of("orders", Query::by_id(id)), none);
    opened.says("query-id");
    opened.hears("found");
    opened.hears("found-nothing");
    CHECK(nothing.get().empty());
    const std::vector<Found> messages = found.get();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].offset == 40);
    CHECK(messages[0].id == id);
    CHECK(messages[0].stored == kTime);
    CHECK(messages[0].attributes->tag == "new");
    CHECK(messages[0].body() == "hello");
}

void check_done(Page& page) {
    Opened opened(page);
    opened.welcome();
    opened.next_ref(Heard(page["recall"][0]).fields.number("ref"));
    const auto done = std::make_shared<core::DonePromise>();
    auto future = done->future();
    ask(opened, core::recall_of(MessageId(Place{3, 42})), done);
    opened.says("recall");
    opened.hears("done");
    future.get();
    const auto to = [](const char* place) {
        return [place](Command& command) { command.text("to", place); };
    };
    ask(opened, core::reset_of("logistics", to("earliest")), std::make_shared<core::DonePromise>());
    opened.says("reset");
    ask(opened,
        core::reset_of(
            "logistics",
            [](Command& command) { command.number("time", core::milliseconds_since_1970(kTime)); }),
        std::make_shared<core::DonePromise>());
    opened.says("reset-time");
}

void check_checks(Page& page) {
    const Heard subscribe(page["subscribe-checks"][0]);
    core::Checking checking(subscribe.fields.number("sub"));
    const auto checks = std::make_shared<core::CheckSubscription>();
    checks->topic = "orders";
    checks->credit = 8;
    checking.add(checks);
    checking.begin_session();
    CHECK(checking.take_said()->header == page["subscribe-checks"][0]);
    checking.on_check(Heard(page["check"][0], block_of(page["check"][1])));
    const auto asked = core::Checking::take(*checks);
    REQUIRE(asked);
    CHECK(asked->body == "hello");
    CHECK(asked->number == 1);
    CHECK(asked->of == 15);
    checking.unknown(asked->token);
    CHECK(checking.take_said()->header == page["unknown"][0]);
}

}  // namespace

TEST_CASE("what is read, found and asked is what docs/PROTOCOL.md shows") {
    Page page;
    check_reading(page);
    check_attributes(page);
    check_queries(page);
    check_done(page);
    check_checks(page);
}

TEST_CASE("attributes are read as they were written") {
    Message message("x");
    message.id = "A-7";
    message.keys = {"k7", "all"};
    message.order_key = "c1";
    message.tag = "new";
    message.deliver_at = kTime;
    message.priority = 3;
    message.properties = {
        {"vip", true}, {"amount", int64_t{-120}}, {"rate", 0.5}, {"region", "EU"}};
    const std::string packed = core::attributes_of(message, {});
    const auto handle = core::unpack_header(packed);
    const AttributesPtr its = core::attributes_of(handle.get());
    REQUIRE(its != nullptr);
    CHECK(its->id == message.id);
    CHECK(its->keys == message.keys);
    CHECK(its->order_key == message.order_key);
    CHECK(its->tag == message.tag);
    CHECK(its->deliver_at == message.deliver_at);
    CHECK(its->priority == message.priority);
    CHECK(its->properties == message.properties);
    message.priority = 10;
    CHECK_THROWS_AS(core::attributes_of(message, {}), Invalid);
}

TEST_CASE("a reader goes on behind what was taken of it, not behind what had come") {
    core::Readings readings;
    const auto reading = std::make_shared<core::Reading>();
    reading->topic = "prices";
    reading->credit = 10;
    reading->earliest = true;
    readings.begin_session();
    readings.add(reading);
    const auto said = readings.take_said();
    const Heard first(said->header);
    CHECK(first.fields.text("start") == "earliest");
    Command subscribed("SUBSCRIBED");
    subscribed.number("sub", reading->sub).number("offset", 7);
    readings.on_subscribed(Heard(subscribed.header()).fields);
    Command deliver("DELIVER");
    deliver.number("sub", reading->sub).number("offset", 7).number("count", 3);
    readings.on_deliver(Heard(
        deliver.header(), block_of(core::body_of("a") + core::body_of("b") + core::body_of("c"))));
    CHECK(readings.take(*reading)->offset == 7);
    readings.end_session();
    CHECK_FALSE(readings.take(*reading));
    readings.begin_session();
    const auto said_again = readings.take_said();
    const Heard again(said_again->header);
    CHECK(again.fields.number("offset") == 8);
    CHECK(again.fields.find("start") == nullptr);
    readings.close(*reading);
    CHECK(Heard(readings.take_said()->header).name == "UNSUBSCRIBE");
    readings.on_deliver(Heard(deliver.header(), block_of(core::body_of("a"))));  // on its way yet
    readings.on_unsubscribed(reading->sub);
    CHECK_THROWS_AS(readings.on_deliver(Heard(deliver.header(), block_of(core::body_of("a")))),
                    Violation);
}
