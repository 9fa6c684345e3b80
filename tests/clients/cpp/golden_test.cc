// The client's bytes are those of docs/PROTOCOL.md: each block marked `hex` there is made, or
// understood, here.
#include <random>
#include <zbridge/message.hpp>

#include "tests/clients/cpp/opened.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Core;
using core::Heard;
using core::Place;

namespace {

const Place kToken{0x0201000100000001, 0x28};

core::LentPtr lent_under(uint32_t group, Place token, uint64_t n = 0) {
    auto made = std::make_shared<core::Lent>();
    made->key = {group, {1, n}};
    made->token = token;
    made->state = core::Lent::State::kHanded;
    return made;
}

Message with_frames(std::vector<std::string> frames) {
    Message message;
    message.frames = std::move(frames);
    return message;
}

void check_session(Page& page) {
    Options options;
    options.name = "till-7";
    options.client = "example 1.0";
    {
        Opened first(page, options);
        first.core.received(page["welcome"][0], {}, 0);
        CHECK(first.core.is_open());
        CHECK(first.core.bridge() == "shop");
        // What it lists never came here: it is given back.
        const auto said = first.core.take_output(0);
        REQUIRE(said.size() == 1);
        const Heard settle(said[0].header);
        CHECK(settle.fields.text("verdict") == "release");
        const core::List range = core::list_of(settle.fields.list("ranges")[0], 2);
        CHECK(Place::read(core::octets_of(range[0])) == kToken);
        CHECK(core::number_of(range[1]) == 2);
        // Once it was welcome it asks for what it had.
        first.core.lost("cut", 0);
        first.core.tick(*first.core.next_deadline());
        first.says("hello");
    }
    Opened second(page, options);
    CHECK(second.hello.size() == 1);
    second.welcome();
    CHECK(second.core.take_output(0).empty());
    const uint64_t due = *second.core.next_deadline();
    const auto said = second.core.take_output(due);
    REQUIRE(said.size() == 1);
    CHECK(said[0].header == page["heartbeat"][0]);
    second.core.close(0);
    second.says("bye");
    second.core.received(page["bye"][0], {}, 0);
    CHECK(second.core.state() == Core::State::kFailed);

    Opened ended(page);
    ended.welcome();
    ended.hears("bye-bridge");
    ended.says("bye");

    Opened refused(page);
    refused.welcome();
    refused.core.demands.subscribe(refused.logistics(), 1, {});
    const auto second_one = refused.core.demands.subscribe(refused.logistics(), 1, {});
    refused.hears("refused");
    CHECK(second_one->failure.code == "not_found");
}

void check_publishing(Page& page) {
    Opened first(page);
    first.welcome();
    const auto hello = first.publish("hello");
    first.publish(with_frames({"a", ""}));
    first.says("publish");

    Options options;
    options.name = "till-7";
    Opened second(page, options, 3);
    second.welcome();
    Message message("2");
    message.keys = {"A-7"};
    message.order_key = "c1";
    message.tag = "new";
    message.deliver_at = WallClock::time_point(milliseconds(1'700'000'000'000));
    // In the order of the page.
    const Heard heard(page["publish-once"][0]);
    const core::Value& attributes = heard.fields.list("attributes")[1];
    CHECK(core::milliseconds_since_1970(*message.deliver_at) ==
          core::Fields(attributes).number("deliver_at"));
    message.properties["region"] = std::string("EU");
    message.properties["amount"] = int64_t{120};
    message.properties["vip"] = true;
    message.properties["rate"] = 0.5;
    second.publish("1", true);
    second.publish(message, true);
    const auto said = second.core.take_output(0);
    REQUIRE(said.size() == 1);
    CHECK(said[0].block == page["publish-once"][1]);
    const Heard mine(said[0].header);
    CHECK(mine.fields.number("seq") == 3);
    CHECK(mine.fields.flag("once"));
    // A map has no order: its entries are compared by name.
    const core::Fields one(mine.fields.list("attributes")[1]), other(attributes);
    for (const char* each : {"order_key", "tag", "deliver_at", "keys"})
        CHECK(one.get(each) == other.get(each));
    for (const char* each : {"region", "amount", "vip", "rate"})
        CHECK(one.map("properties").get(each) == other.map("properties").get(each));

    Opened third(page);
    third.welcome();
    std::vector<FatePtr> fates;
    for (const char* each : {"1", "2", "3", "4"})
        fates.push_back(third.publish(each));
    third.core.take_output(0);
    third.core.flush(0);
    third.core.take_output(0);
    third.hears("receipt");
    CHECK(fates[1]->published.receipt.id.octets() ==
          Place::read(fates[0]->published.receipt.id.octets()).behind(1).octets());
    CHECK(fates[2]->published.receipt.duplicate);
    CHECK(fates[3]->published.failure.code == "topic_full");
}

void check_delivering(Page& page) {
    Opened first(page);
    first.welcome();
    const auto subscription = first.core.demands.subscribe(first.logistics(), 512, {});
    first.says("subscribe");
    first.hears("subscribed");
    CHECK(subscription->is_open);
    first.hears("deliver");
    const core::LentPtr one = core::Demands::take(*subscription);
    const core::LentPtr two = core::Demands::take(*subscription);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->body == "hello");
    CHECK(core::frames_of(two->message) == std::vector<std::string_view>{"a", ""});
    CHECK(one->token == kToken);
    CHECK(two->token == kToken.behind(1));
    CHECK(two->key.place == one->key.place.behind(1));
    first.core.demands.set_credit(*subscription, 0);
    first.says("credit");
    first.core.demands.unsubscribe(*subscription, 0);
    first.says("unsubscribe");
    first.hears("unsubscribed");

    Opened second(page);
    second.welcome();
    const auto fetch = std::make_shared<core::Fetch>();
    fetch->group = second.logistics();
    fetch->max = 10;
    fetch->deadline_ms = 30'000;
    fetch->lease.lease_ms = 60'000;
    second.next_ref(Heard(page["receive"][0]).fields.number("ref"));
    second.core.demands.fetch(fetch);
    second.says("receive");
    second.core.demands.on_deliver(Heard(page["deliver-nothing"][0]), false, 30'000);
    CHECK(fetch->done);
    CHECK(fetch->lent.empty());
}

void check_settling(Page& page) {
    Opened first(page);
    first.welcome();
    const Heard settle(page["settle"][0]);
    const uint64_t count = core::number_of(core::list_of(settle.fields.list("ranges")[0], 2)[1]);
    first.next_ref(settle.fields.number("ref"));
    std::vector<core::LentPtr> lent;
    for (uint64_t n = 0; n < count; n++)
        lent.push_back(lent_under(first.logistics(), kToken.behind(count - 1 - n), n));
    const auto told = std::make_shared<Told>();
    first.core.inbox.settle(lent, {first.logistics(), Verdict::kAck, {}, {}},
                            std::make_shared<core::Settlement>(told, lent.size()), 0);
    first.core.flush(0);
    first.says("settle");
    CHECK_FALSE(told->done);
    first.hears("settled");
    CHECK(told->done);
    CHECK_FALSE(told->failure);

    Opened second(page);
    second.welcome();
    const Heard retry(page["settle-retry"][0]);
    const auto token =
        Place::read(core::octets_of(core::list_of(retry.fields.list("ranges")[0], 2)[0]));
    second.core.inbox.settle({lent_under(second.logistics(), token)},
                             {0, Verdict::kRetry, 10'000, "no stock"}, nullptr, 0);
    second.core.flush(0);
    const auto said = second.core.take_output(0);
    REQUIRE(said.size() == 1);
    // But for its ref: this client asks to be told always.
    std::string with_ref = page["settle-retry"][0];
    with_ref[8]++;
    CHECK(said[0].header == with_ref + std::string("\xa3ref\x01"));

    Opened third(page);
    third.welcome();
    third.next_ref(Heard(page["extend"][0]).fields.number("ref"));
    const std::vector<core::LentPtr> extended{lent_under(third.logistics(), kToken, 0),
                                              lent_under(third.logistics(), kToken.behind(1), 1)};
    third.core.extending.extend({extended[1], extended[0]}, 60'000, nullptr);
    third.says("extend");
    third.hears("settled-extend");
    const Heard renewed(page["settled-extend"][0]);
    const auto new_token = Place::read(core::octets_of(renewed.fields.list("tokens")[0]));
    CHECK(extended[0]->token == new_token);
    CHECK(extended[1]->token == new_token.behind(1));
}

struct ReplyTold final : core::ReplyWaiter {
    Reply reply;
    Failure failure;
    void on_answered(const Reply& given, const Failure& why) override {
        reply = given;
        failure = why;
    }
};

void check_calling(Page& page) {
    for (const char* answer : {"reply", "refused-call"}) {
        Opened opened(page);
        opened.welcome();
        opened.next_ref(Heard(page["call"][0]).fields.number("ref"));
        const auto told = std::make_shared<ReplyTold>();
        opened.core.calling.call({"accounts", core::body_of("hello"), 2000, false, told, 0}, 0);
        opened.says("call");
        opened.hears(answer);
        if (told->failure)
            CHECK(told->failure.text == "no such account");
        else
            CHECK(told->reply.body() == "ok");
    }
}

core::Block block_of(const std::string& octets) {
    const auto kept = std::make_shared<const std::string>(octets);
    return {kept, *kept};
}

void check_serving(Page& page) {
    for (const char* answer : {"reply-worker", "reply-error"}) {
        const Heard subscribe(page["subscribe-service"][0]);
        core::Serving serving(subscribe.fields.number("sub"));
        const auto service = serving.serve("accounts", 8);
        serving.begin_session(0);
        CHECK(serving.take_said(0)->header == page["subscribe-service"][0]);
        (void)page["subscribed-service"];  // nothing is made of it
        serving.on_call(Heard(page["call-worker"][0], block_of(page["call-worker"][1])), 0);
        const auto work = serving.take(*service, 0);
        REQUIRE(work);
        CHECK(work->attempt == 1);
        if (page[answer].size() > 1)
            serving.reply(*work, page[answer][1]);
        else
            serving.fail(*work, "no such account");
        CHECK(serving.take_said(0)->header == page[answer][0]);
    }
}

struct AskTold final : core::AskWaiter {
    bool answered = false;
    void on_answered(const core::Heard& heard, uint64_t) override {
        answered = true;
        const core::Fields& fields = heard.fields;
        if (fields.find("report") != nullptr)
            CHECK(fields.map("report").number("messages") == 3);
        else
            CHECK(fields.list("ids").size == 2);
    }
    void on_failed(const Failure&) override {}
};

void check_asking(Page& page) {
    Opened admin(page);
    admin.welcome();
    const auto told = std::make_shared<AskTold>();
    admin.core.asking.ask({"ADMIN", "ANSWER",
                           [](core::Command& command) {
                               command.text("call", "topic show");
                               command.value("args", [](core::Packer& packer) {
                                   packer.pack_map(1);
                                   core::pack_text(packer, "topic");
                                   core::pack_text(packer, "orders");
                               });
                           },
                           false, told, 0});
    admin.says("admin");
    admin.hears("answer");
    CHECK(told->answered);
}

struct PreparedTold final : core::PublishWaiter {
    std::string token;
    Failure failure;
    void on_stored(const Receipt&) override {}
    void on_refused(const Refusal& refusal) override { failure = refusal.failure; }
    void on_prepared(const Receipt&, std::string_view given) override { token = given; }
};

void check_transactions(Page& page) {
    Opened prepared(page, {}, Heard(page["prepare"][0]).fields.number("seq"));
    prepared.welcome();
    const auto prepare = [](Opened& opened) {
        const auto told = std::make_shared<PreparedTold>();
        const Message hello("hello");
        core::Publication made =
            core::publication_of(hello, opened.core.outbox.topics.number_of("orders"));
        made.prepares = true;
        made.waiter = told;
        opened.core.publish(std::move(made), std::nullopt, 0);
        return told;
    };
    prepare(prepared);
    prepared.says("prepare");

    const Heard receipt(page["receipt-prepared"][0]);
    const core::List entry = core::list_of(receipt.fields.list("prepared")[0], 3);
    Opened told(page, {}, core::number_of(entry[0]));
    told.welcome();
    const auto one = prepare(told);
    told.core.take_output(0);
    told.hears("receipt-prepared");
    CHECK(one->token == core::octets_of(entry[2]));

    // One that was to be stored is not told so.
    Opened unasked(page, {}, core::number_of(entry[0]));
    unasked.welcome();
    const Message hello("hello");
    core::Publication made =
        core::publication_of(hello, unasked.core.outbox.topics.number_of("orders"));
    made.call = [](const Published&) {};
    unasked.core.publish(std::move(made), std::nullopt, 0);
    unasked.core.take_output(0);
    unasked.hears("receipt-prepared");
    REQUIRE(unasked.core.calls.answered.size() == 1);
    CHECK(unasked.core.calls.answered[0].published.failure.code == "violation");

    Opened resolved(page);
    resolved.welcome();
    resolved.next_ref(Heard(page["commit"][0]).fields.number("ref"));
    const auto answer = std::make_shared<AskTold>();
    const std::string token = one->token;
    resolved.core.asking.ask({"COMMIT", "RESOLVED",
                              [token](core::Command& command) {
                                  command.value("tokens", [&token](core::Packer& packer) {
                                      packer.pack_array(1);
                                      core::pack_octets(packer, token);
                                  });
                              },
                              true, answer, 0});
    const auto said = resolved.core.take_output(0);
    REQUIRE(said.size() == 1);
    const Heard commit(page["commit"][0]), mine(said[0].header);
    CHECK(mine.name == commit.name);
    CHECK(mine.fields.get("tokens") == commit.fields.get("tokens"));
    CHECK(mine.fields.number("ref") == commit.fields.number("ref"));
    CHECK(Heard(page["rollback"][0]).fields.get("tokens") == mine.fields.get("tokens"));
    resolved.hears("resolved");
    CHECK(answer->answered);
}

}  // namespace

TEST_CASE("what this client says and hears is what docs/PROTOCOL.md shows") {
    Page page;
    REQUIRE(page.size() > 15);
    check_session(page);
    check_publishing(page);
    check_delivering(page);
    check_settling(page);
    check_calling(page);
    check_serving(page);
    check_asking(page);
    check_transactions(page);
    // golden_asks_test.cc has these.
    const auto unseen =
        page.unseen({"subscribe-topic", "subscribed-topic", "deliver-topic", "credit-topic",
                     "deliver-attributes", "query", "query-id", "found", "found-nothing", "recall",
                     "done", "reset", "reset-time", "subscribe-checks", "check", "unknown"});
    for (const std::string& each : unseen)
        FAIL_CHECK("nobody looks at the block " << each);
}

TEST_CASE("a block is read as it was written") {
    std::mt19937_64 chance(1);
    for (int round = 0; round < 200; round++) {
        std::string block;
        std::vector<std::vector<std::string>> messages(chance() % 5);
        for (auto& frames : messages) {
            frames.resize(1 + chance() % 4);
            for (std::string& each : frames)
                each.assign(std::vector<size_t>{0, 1, 255, 256, 300}[chance() % 5], 'x');
            block += core::body_of(with_frames(frames));
        }
        core::BlockReader reader(block);
        for (const auto& frames : messages) {
            REQUIRE(reader.next());
            const auto found = core::frames_of(reader.message());
            CHECK(std::vector<std::string>(found.begin(), found.end()) == frames);
            CHECK(reader.last() == frames.back());
        }
        CHECK_FALSE(reader.next());
    }
}

TEST_CASE("a block that is cut or spoiled is a violation, or other messages") {
    std::mt19937_64 chance(2);
    const std::string block = core::body_of(with_frames({"a", std::string(300, 'b')})) +
                              core::body_of("") + core::body_of("c");
    for (size_t at = 0; at < block.size(); at++) {
        std::string spoiled = block;
        spoiled[at] = static_cast<char>(chance());
        for (const std::string& each : {block.substr(0, at), spoiled}) {
            try {
                core::BlockReader reader(each);
                while (reader.next())
                    (void)core::frames_of(reader.message());
            } catch (const Violation&) {
            }
        }
    }
}

TEST_CASE("a header that is none is a violation") {
    using namespace std::string_literals;
    for (const std::string& each :
         {""s, "\x93"s, "\xc1"s, "\x91\xa1"s + "A", "\x92\xa1"s + "A\x90", "\x92\x01\x80"s,
          "\x92\xa1"s + "A\x80\x00"s, "\xdd\xff\xff\xff\xff"s})
        CHECK_THROWS_AS(Heard{each}, Violation);
    const std::string twice = "\x92\xa1"s + "A\x82\xa1" + "a\x01\xa1" + "a\x02";
    CHECK_THROWS_AS(Heard(twice).fields.number("a"), Violation);
}

TEST_CASE("nil is left out, and unknown fields may be anything") {
    using namespace std::string_literals;
    const std::string header =
        "\x92\xa1"s + "A\x83\xa1" + "a\xc0\xa1" + "b\x01\xa1" + "c\x81\x81\x01\x02\x03";
    const Heard heard(header);
    CHECK(heard.fields.find("a") == nullptr);
    CHECK(heard.fields.number("b") == 1);
}

TEST_CASE("an id is printed as the bridge prints it") {
    const uint64_t all = ~uint64_t{0};
    CHECK(MessageId(Place{0, 0}).text() == std::string(26, '0'));
    CHECK(MessageId(Place{all, all}).text() == "7" + std::string(25, 'Z'));
    CHECK(MessageId(Place{0, 33}).text() == std::string(24, '0') + "11");
    CHECK((Place{1, all}.behind(1) == Place{1, 0}));
}
