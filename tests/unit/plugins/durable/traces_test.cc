// What became of a message: through all that groups can do with it, over restarts and the cleaner.
#include "plugins/durable/admin/traces.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"
#include "tests/unit/plugins/durable/transactions_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::hours, std::chrono::seconds;

using Said = AdminRig::Said;
using With = AdminRig::Options;
using Words = std::vector<std::string>;

namespace {

const std::string g = "g";

class TraceRig : public AdminRig {
 public:
    using AdminRig::AdminRig;

    std::string put_as(const std::string& producer_id, const std::string& body = "x",
                       Duration in = {}, const std::string& tag = "", size_t property_bytes = 0) {
        const std::string text(property_bytes, 'p');
        const zb_property property{view_of("p"), {ZB_STRING, 0, 0, 0, view_of(text)}};
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.id = view_of(producer_id);
        attributes.tag = view_of(tag);
        attributes.properties = &property;
        attributes.property_count = property_bytes > 0 ? 1 : 0;
        if (in > Duration(0))
            attributes.deliver_at_ms =
                now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(in).count();
        ZB_CHECK(publish("t", body, &attributes) == ZB_TAKEN, body);
        EngineRig::settle();
        return MessageId{receipt.id_epoch, receipt.id_sequence}.text();
    }
    Said trace(const std::string& id) { return ask("trace", {{"id", id}}); }
    int64_t now_ms() const { return clock.wall_us() / 1000; }
};

// "stored", "g:retry" ...
Words events(const Said& said) {
    REQUIRE_MESSAGE(said.result == ZB_OK, said.body);
    Words all;
    for (const msgpack::object& each : said.list("events")) {
        const msgpack::object group = Said::at(each, "group");
        all.push_back((group.type == msgpack::type::STR ? group.as<std::string>() + ":" : "") +
                      Said::at(each, "what").as<std::string>());
    }
    return all;
}

// "g:leased" ...
Words states(const Said& said) {
    Words all;
    for (const msgpack::object& each : said.list("now"))
        all.push_back(Said::at(each, "group").as<std::string>() + ":" +
                      Said::at(each, "state").as<std::string>());
    return all;
}

Words kinds(const Said& said) {
    Words all;
    for (const msgpack::object& each : said.list("copies"))
        all.push_back(Said::at(each, "kind").as<std::string>());
    return all;
}

}  // namespace

TEST_CASE("a message is traced from its store to its ack, by its own id and its producer's") {
    TraceRig rig;
    rig.group("h", {{"topic", "t"}, {"start", "earliest"}});
    rig.start();
    rig.put_as("other");
    const int64_t accepted_ms = rig.now_ms();
    const std::string id = rig.put_as("o-17");
    rig.put_as("o-18");
    rig.ack(rig.take_one());
    CHECK(states(rig.trace(id)) == Words{"g:not_given", "h:not_given"});
    rig.clock.advance(seconds(3));
    const Got got = rig.take_one(7);
    const Said given = rig.trace(id);
    CHECK(states(given) == Words{"g:leased", "h:not_given"});
    const msgpack::object lease = given.list("now")[0];
    CHECK(Said::at(lease, "consumer").as<int>() == 7);
    CHECK(Said::at(lease, "attempt").as<int>() == 1);
    CHECK(Said::at(lease, "since_ms").as<int64_t>() == rig.now_ms());
    CHECK(Said::at(lease, "until_ms").as<int64_t>() == rig.now_ms() + 60'000);
    rig.clock.advance(seconds(2));
    rig.ack(got);
    rig.commit();
    for (const std::string& asked : {id, std::string("o-17")}) {
        const Said said = rig.trace(asked);
        CHECK(events(said) == Words{"stored", "g:settled"});
        CHECK(states(said) == Words{"g:settled", "h:not_given"});
        const msgpack::object copy = said.list("copies")[0];
        CHECK(Said::at(copy, "topic").as<std::string>() == "t");
        CHECK(Said::at(copy, "offset").as<int>() == 1);
        CHECK(Said::at(copy, "id").as<std::string>() == id);
        CHECK(Said::at(copy, "producer_id").as<std::string>() == "o-17");
        CHECK(Said::at(copy, "stored_ms").as<int64_t>() == accepted_ms);
        CHECK(Said::at(copy, "kept").as<bool>());
        const auto at = [&](size_t event) {
            return Said::at(said.list("events")[event], "at_ms").as<int64_t>();
        };
        CHECK(at(0) == accepted_ms);
        CHECK(at(1) >= accepted_ms + 5'000);
        CHECK(at(1) <= rig.now_ms());
        CHECK(Said::at(said.list("events")[1], "batch").as<int>() >
              Said::at(said.list("events")[0], "batch").as<int>());
        CHECK(said.number("left_out") == 0);
    }
}

TEST_CASE("retries, a dead letter, and its way back are told in their order") {
    TraceRig rig(With{{"retry.backoff", "10s"}, {"retry.attempts", "1"}});
    rig.start();
    const std::string id = rig.put_as("o-1");
    rig.settle(ZB_SETTLE_RETRY, rig.take_one());
    rig.commit();
    Said said = rig.trace(id);
    CHECK(events(said) == Words{"stored", "g:retry"});
    CHECK(Said::at(said.list("events")[1], "attempts").as<int>() == 1);
    CHECK(states(said) == Words{"g:waits"});
    CHECK(Said::at(said.list("now")[0], "due_ms").as<int64_t>() ==
          Said::at(said.list("events")[1], "due_ms").as<int64_t>());
    rig.wait(seconds(10));
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one(), -1, "no such customer") == ZB_TAKEN);
    rig.commit();
    const auto is_dead = [&](const std::string& asked) {
        said = rig.trace(asked);
        CHECK(events(said) == Words{"stored", "g:retry", "stored", "g:dead"});
        CHECK(kinds(said) == Words{"message", "dead_letter"});
        CHECK(Said::at(said.list("copies")[1], "topic").as<std::string>() == "g-dead");
        CHECK(Said::at(said.list("copies")[1], "reason").as<std::string>() == "no such customer");
        CHECK(Said::at(said.list("events")[3], "attempts").as<int>() == 2);
        CHECK(Said::at(said.list("events")[3], "became").as<int>() == 1);
        CHECK(states(said) == Words{"g:settled", ":dead"});
    };
    is_dead(id);
    is_dead("o-1");
    rig.kill();
    is_dead(id);

    CHECK(rig.ask("dead redrive", {{"group", g}}).number("redriven") == 1);
    rig.put_many(0, 3);
    said = rig.trace(id);
    CHECK(events(said) == Words{"stored", "g:retry", "stored", "g:dead", "stored", "redriven"});
    CHECK(kinds(said) == Words{"message", "dead_letter", "redriven"});
    CHECK(Said::at(said.list("events")[5], "became").as<int>() == 2);
    CHECK(Said::at(said.list("copies")[2], "offset").as<int>() == 1);
    rig.wait(seconds(3));
    rig.ack(rig.take_one());
    rig.commit();
    said = rig.trace(id);
    CHECK(events(said).back() == "g:settled");
    CHECK(Said::at(said.list("events").back(), "copy").as<int>() == 2);
    CHECK(events(rig.trace("o-1")) == events(said));
}

TEST_CASE("a dead letter that was removed is done with, whatever was published beside it") {
    TraceRig rig;
    rig.start();
    rig.let_die("0");
    const Said letters = rig.ask("dead ls", {{"group", g}});
    const std::string id = Said::at(letters.list("letters")[0], "origin_id").as<std::string>();
    rig.publish("t", "beside");
    CHECK(rig.ask("dead rm", {{"group", g}, {"offset", 0UL}}).number("removed") == 1);
    CHECK(events(rig.trace(id)).back() == "letter_gone");
}

TEST_CASE("a message that waits for its time, then is delivered, or recalled") {
    TraceRig rig;
    rig.start();
    const std::string a = rig.put_as("a", "a", seconds(10));
    const std::string b = rig.put_as("b", "b", seconds(10));
    const Said waits = rig.trace(a);
    CHECK(events(waits) == Words{"stored", "waits"});
    CHECK(kinds(waits) == Words{"delayed"});
    CHECK(states(waits) == Words{":waits"});
    CHECK(rig.ask("delay reschedule", {{"id", a}, {"in_ms", 20'000UL}}).result == ZB_OK);
    CHECK(rig.ask("delay recall", {{"id", b}}).result == ZB_OK);
    CHECK(events(rig.trace(b)) == Words{"stored", "waits", "recalled"});
    rig.kill();
    rig.wait(seconds(20));
    rig.commit();
    rig.wait(seconds(2));
    rig.ack(rig.take_one());
    rig.commit();
    const Said said = rig.trace(a);
    CHECK(events(said) == Words{"stored", "waits", "waits", "stored", "delivered", "g:settled"});
    CHECK(kinds(said) == Words{"delayed", "message"});
    CHECK(states(said).back() == "g:settled");
    CHECK(events(rig.trace("a")) == events(said));
    CHECK(states(rig.trace(b)).empty());
}

TEST_CASE("what is parked, in doubt, filtered out, or passed by a reset is told") {
    TraceRig rig(With{{"filter", "express"}});
    rig.start();
    const std::string normal = rig.put_as("n");
    const std::string express = rig.put_as("e", "x", {}, "express");
    CHECK(rig.take_body() == "x");
    rig.commit();
    CHECK(states(rig.trace(normal)) == Words{"g:filtered"});
    CHECK(events(rig.trace(normal)) == Words{"stored", "g:settled"});
    rig.kill();
    CHECK(states(rig.trace(express)) == Words{"g:in_doubt"});
    CHECK(rig.ask("group reset", {{"group", g}, {"to", std::string("earliest")}}).result == ZB_OK);
    CHECK(events(rig.trace(express)) == Words{"stored", "g:reset"});
    CHECK(states(rig.trace(express)) == Words{"g:not_given"});
    rig.ask("group pause", {{"group", g}});
    CHECK(Said::at(rig.trace(express).list("now")[0], "held").as<std::string>() == "paused");

    TraceRig ordered(With{{"order", "per_key"}});
    ordered.start();
    ordered.put("first", "k");
    ordered.put("second", "k");
    const std::string second =
        MessageId{ordered.receipt.id_epoch, ordered.receipt.id_sequence}.text();
    const Got first = ordered.take_one();
    CHECK(ordered.take_body() == "");
    ordered.commit();
    CHECK(events(ordered.trace(second)) == Words{"stored", "g:parked"});
    CHECK(states(ordered.trace(second)) == Words{"g:parked"});
    ordered.ack(first);
    CHECK(states(ordered.trace(second)) == Words{"g:waits"});
}

TEST_CASE("a message that was moved, whose retries were written again, is told once") {
    TraceRig rig(With{{"retry.backoff", "24h"}});
    rig.option("segment_bytes", "1MiB");
    rig.topic("short", {{"retention.count", "10"}});
    rig.start();
    const std::string id = rig.put_as("o-1");
    rig.settle(ZB_SETTLE_RETRY, rig.take_one());
    rig.commit();
    for (size_t i = 0; i < 60; i++) {
        rig.publish("short", std::string(100'000, 's'));
        rig.EngineRig::settle();
    }
    for (int i = 0; i < 4000; i++)
        rig.turn();
    REQUIRE(rig.moved_bytes() > 0);
    const Said said = rig.trace(id);
    REQUIRE_MESSAGE(said.result == ZB_OK, said.body);
    CHECK(kinds(said) == Words{"message"});
    CHECK(states(said) == Words{"g:waits"});
    const Words all = events(said);
    CHECK(std::count(all.begin(), all.end(), "g:retry") == 1);
    CHECK(events(rig.trace("o-1")) == all);
}

TEST_CASE("records that the cleaner has written again, both of them there, are one thing") {
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.id = view_of("o-1");
    std::string encoded;
    encode_attributes(attributes, encoded);
    MsgHead head;
    head.count = head.frames = 1;
    head.attribute_bytes = static_cast<uint32_t>(encoded.size());
    std::string body(MsgHead::kRecordHeadBytes, 0);
    write_msg_head(body.data(), head, MsgHead::kBytes + encoded.size() + 3);
    body += encoded + wire_of("x");
    const GroupId group(1);
    const ExceptionRecord first{group, {0}, 1000, 0, 1}, second{group, {0}, 2000, 0, 2};
    for (const ExceptionRecord& each : {first, first, second, second})
        append_record(body, RecordType::kRetry, kPayloadVersion, write_exception(each));

    TraceSearch search("o-1", {});
    search.look_for_copies({}, body);
    REQUIRE(search.copies().size() == 1);
    search.follow({{}, {true, false, false, TopicId(0)}});
    search.look_for_events({}, body);
    REQUIRE(search.events().size() == 3);
    CHECK(search.events()[1].due_ms == 1000);
    CHECK(search.events()[2].due_ms == 2000);
}

TEST_CASE("over many segments, with digests and without, and attributes that these do not keep") {
    TraceRig rig;
    rig.option("segment_bytes", "1MiB");
    rig.start();
    std::vector<std::string> ids;
    for (int i = 0; i < 100; i++)
        ids.push_back(rig.put_as("o-" + std::to_string(i), std::string(30'000, 'x'), {}, "",
                                 i % 2 == 0 ? 0 : 2 * kAttributesMax));
    for (int i = 0; i < 100; i++)
        rig.turn();
    const auto check = [&] {
        for (const size_t each : {0, 1, 50, 99}) {
            CAPTURE(each);
            CHECK(events(rig.trace(ids[each])) == Words{"stored"});
            CHECK(events(rig.trace("o-" + std::to_string(each))) == Words{"stored"});
        }
    };
    check();
    rig.restart_clean();
    check();
    rig.stop();
    const auto names = rig.disk.list("/data/journal");
    for (const std::string& name : *names) {
        if (name.ends_with(".idx")) REQUIRE(rig.disk.remove("/data/journal/" + name).ok());
    }
    rig.runs_timers = false;
    rig.start();
    check();
}

TEST_CASE("a trace changes nothing, and what cannot be is refused with a sentence") {
    TraceRig rig;
    rig.start();
    const std::string id = rig.put_as("o-1");
    rig.commit();
    const uint64_t before = rig.segment_bytes();
    const auto next = rig.its_topics().bounds(TopicId(0)).head;
    rig.trace(id);
    CHECK(rig.segment_bytes() == before);
    CHECK(rig.its_topics().bounds(TopicId(0)).head == next);
    CHECK(rig.engine->idle(rig.self()) == 1);
    CHECK(rig.trace("").result == ZB_INVALID);
    CHECK(rig.trace("nobody").result == ZB_NOT_FOUND);
    CHECK(rig.trace("nobody").body ==
          "the journal has no message with the id `nobody`: there was none, or it is not kept any "
          "more");
    CHECK(rig.trace(MessageId{9, 9}.text()).result == ZB_NOT_FOUND);
    CHECK(rig.ask("topic purge", {{"topic", std::string("t")}}).result == ZB_OK);
    CHECK_FALSE(Said::at(rig.trace(id).list("copies")[0], "kept").as<bool>());
    CHECK(states(rig.trace(id)).empty());
}

TEST_CASE("traces have their limits: copies, events, how many at once, work in one turn") {
    TraceRig rig(With{{"retry.backoff", "0"}, {"retry.attempts", "254"}});
    for (int i = 0; i < 5; i++)
        rig.group("h" + std::to_string(i),
                  {{"topic", "t"}, {"start", "earliest"}, {"retry.backoff", "0"}});
    rig.start();
    for (size_t i = 0; i < TraceSearch::kCopiesMax + 3; i++)
        rig.put_as("same");
    const Said said = rig.trace("same");
    CHECK(said.list("copies").size() == TraceSearch::kCopiesMax);
    CHECK(said.number("left_out") == 3);

    // More than kEventsMax: each copy, over and over.
    for (int round = 0; round < 70; round++) {
        for (const Got& got : rig.take(TraceSearch::kCopiesMax))
            rig.settle(ZB_SETTLE_RETRY, got, round);
        rig.commit();
        rig.wait(seconds(1));
    }
    const Said many = rig.trace("same");
    CHECK(many.list("events").size() == TraceSearch::kEventsMax);
    CHECK(many.number("left_out") > 3);

    ValueWriter writer;
    writer.begin_map(1);
    writer.entry("id", std::string("same"));
    const std::string asked = writer.take();
    for (uint64_t i = 0; i <= Traces::kTracesMax; i++)
        rig.engine->admin(rig.self(), view_of("trace"), view_of(asked), 1000 + i);
    CHECK(rig.answers.at(1000 + Traces::kTracesMax).first == ZB_FULL);
    CHECK(rig.answers.at(1000 + Traces::kTracesMax).second ==
          "too many traces are under way: try again");
    // The disk is read elsewhere: nothing is known within the call.
    CHECK(rig.answers.count(1000) == 0);
    for (int i = 0; i < 1000; i++)
        rig.turn();
    for (uint64_t i = 0; i < Traces::kTracesMax; i++)
        CHECK(rig.answers.at(1000 + i).first == ZB_OK);
    CHECK(rig.trace("same").result == ZB_OK);
}

TEST_CASE("what is prepared is told as that, and what became of it") {
    TransactionsRig rig;
    rig.option("max_checks", "1");
    rig.start();
    const auto ask = [&](const std::string& id) { return rig.ask("trace", {{"id", id}}); };
    const zb_transaction first = rig.prepared("one", "o-1");
    Said said = ask("o-1");
    CHECK(kinds(said) == Words{"prepared"});
    CHECK(events(said) == Words{"stored", "prepared"});
    CHECK(states(said) == Words{":prepared"});
    CHECK(Said::at(said.list("now")[0], "due_ms").as<int64_t>() ==
          Said::at(said.list("events")[1], "due_ms").as<int64_t>());

    REQUIRE(rig.commit_it(first).taken == ZB_TAKEN);
    said = ask("o-1");
    CHECK(kinds(said) == Words{"prepared", "message"});
    CHECK(events(said) == Words{"stored", "prepared", "stored", "committed"});

    REQUIRE(rig.roll_back(rig.prepared("two", "o-2")).taken == ZB_TAKEN);
    said = ask("o-2");
    CHECK(events(said) == Words{"stored", "prepared", "rolled_back"});
    CHECK(states(said).empty());

    rig.prepared("three", "o-3");
    rig.wait(seconds(7));
    rig.wait(seconds(31));
    rig.commit();
    said = ask("o-3");
    CHECK(kinds(said) == Words{"prepared", "dead_letter"});
    CHECK(events(said) == Words{"stored", "prepared", "prepared", "stored", "unresolved"});
}

TEST_CASE("a trace that a stop comes upon, whenever, does not hold it up") {
    for (int turns = 0; turns < 40; turns++) {
        CAPTURE(turns);
        TraceRig rig;
        rig.option("segment_bytes", "1MiB");
        rig.start();
        for (int i = 0; i < 40; i++)
            rig.put_as("o-" + std::to_string(i), std::string(100'000, 'x'));
        ValueWriter writer;
        writer.begin_map(1);
        writer.entry("id", std::string("o-1"));
        rig.engine->admin(rig.self(), view_of("trace"), view_of(writer.take()), 1000);
        for (int i = 0; i < turns; i++)
            rig.turn();
        rig.instance->stop();
        if (rig.answers.count(1000) == 1 && rig.answers.at(1000).first != ZB_OK)
            CHECK(rig.answers.at(1000).second == "the bridge stops");
    }
}
