// docs/PROTOCOL.md is what clients are written from: its bytes are those of the code.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "bridge/protocol/answer.h"
#include "bridge/protocol/command.h"
#include "bridge/protocol/message_block.h"
#include "bridge/protocol/report_codec.h"
#include "tests/unit/support/protocol_page.h"

using namespace zbridge;
using namespace zbridge::protocol;
using namespace std::chrono_literals;

namespace {

struct Page {
    testing::PageBlocks blocks = testing::read_page(PROTOCOL_PAGE);
    std::map<std::string, bool> seen;

    const std::string& frame(const std::string& name, size_t number = 0) {
        REQUIRE_MESSAGE(blocks.contains(name), name);
        seen[name] = true;
        REQUIRE(blocks[name].size() > number);
        return blocks[name][number];
    }
    Command command(const std::string& name) {
        ReadCommand read = read_command(frame(name));
        REQUIRE_MESSAGE(read.ok(), read.problem);
        return read.command;
    }
    void says(const std::string& name, const std::string& packed) {
        CHECK_MESSAGE(frame(name) == packed, name);
    }
};

LeaseToken token_at(uint64_t offset, uint64_t attempt = 1, uint64_t grant = 0) {
    return {uint64_t{2} << 56 | attempt << 48 | uint64_t{1} << 32 | 1, grant << 48 | offset};
}

Attributes a_new_one() {
    Attributes its;
    its.keys = {"A-7"};
    its.tag = "new";
    return its;
}

void check_publishing(Page& page) {
    const Command hello = page.command("hello");
    CHECK(hello.verb == Verb::kHello);
    CHECK(hello.versions == std::vector<uint32_t>{1});
    CHECK(hello.client_name == "till-7");
    CHECK(hello.resume);
    CHECK(hello.heartbeat == 2s);
    CHECK(hello.client == "example 1.0");
    const Command publish = page.command("publish");
    CHECK(publish.topic == "orders");
    CHECK(publish.seq == 1);
    CHECK(count_messages(page.frame("publish", 1)) == publish.count);
    const Command once = page.command("publish-once");
    CHECK(once.once);
    CHECK(once.count == 2);
    CHECK_FALSE(once.attributes[0]);
    const Attributes& its = *once.attributes[1];
    CHECK(its.keys == std::vector<std::string>{"A-7"});
    CHECK(its.order_key == "c1");
    CHECK(its.tag == "new");
    CHECK(its.deliver_at_ms == 1'700'000'000'000);
    CHECK(its.properties == decltype(its.properties){{"region", Value("EU")},
                                                     {"amount", Value(int64_t{120})},
                                                     {"vip", Value(true)},
                                                     {"rate", Value(0.5)}});
}

void check_consuming(Page& page) {
    const Command subscribe = page.command("subscribe");
    CHECK(subscribe.sub == 1);
    CHECK(subscribe.group == "logistics");
    CHECK(subscribe.credit == 512);
    const Command receive = page.command("receive");
    CHECK(receive.ref == 9);
    CHECK(receive.max == 10);
    CHECK(receive.wait == 30s);
    CHECK(receive.lease == 60s);
    CHECK(receive.attempt == 1U);
    const Command settle = page.command("settle");
    CHECK(settle.verdict == "ack");
    CHECK(settle.ranges == std::vector<TokenRange>{{token_at(40), 2}});
    CHECK(settle.ref == 5);
    const Command retry = page.command("settle-retry");
    CHECK(retry.verdict == "retry");
    CHECK(retry.ranges == std::vector<TokenRange>{{token_at(50, 2), 1}});
    CHECK(retry.delay == 10s);
    CHECK(retry.reason == "no stock");
    CHECK_FALSE(retry.ref);
    const Command extend = page.command("extend");
    CHECK(extend.verb == Verb::kExtend);
    CHECK(extend.lease == 60s);
    const Command reader = page.command("subscribe-topic");
    CHECK(reader.topic == "prices");
    CHECK(reader.offset == 4100);
    CHECK(page.command("credit-topic").offset == 4600);
    CHECK(page.command("credit").verb == Verb::kCredit);
    CHECK(page.command("unsubscribe").verb == Verb::kUnsubscribe);
    CHECK(page.command("heartbeat").verb == Verb::kHeartbeat);
    CHECK(page.command("bye").verb == Verb::kBye);
}

constexpr Corr kCall{Corr::Kind::kRequest, 1, Epoch(7), 42};

void check_calling(Page& page) {
    const Command call = page.command("call");
    CHECK(call.verb == Verb::kCall);
    CHECK(call.ref == 7U);
    CHECK(call.service == "accounts");
    CHECK(call.timeout == 2s);
    CHECK(has_block(call));
    CHECK(count_messages(page.frame("call", 1)) == 1U);
    page.says("reply", pack_reply(7));
    CHECK(count_messages(page.frame("reply", 1)) == 1U);
    page.says(
        "refused-call",
        pack(Refused{.re = "CALL", .ref = 7, .code = Refusal::kFailed, .text = "no such account"}));
    const Command subscribe = page.command("subscribe-service");
    CHECK(subscribe.service == "accounts");
    CHECK(subscribe.credit == 8);
    page.says("subscribed-service", pack_subscribed(3));
    page.says("call-worker", pack(GivenCall{.sub = 3, .id = kCall, .left = 2s}));
    CHECK(count_messages(page.frame("call-worker", 1)) == 1U);
    const Command reply = page.command("reply-worker");
    CHECK(reply.verb == Verb::kReply);
    CHECK(reply.sub == 3U);
    CHECK(reply.call_id == kCall);
    CHECK(has_block(reply));
    CHECK(count_messages(page.frame("reply-worker", 1)) == 1U);
    const Command error = page.command("reply-error");
    CHECK(error.error == "no such account");
    CHECK_FALSE(has_block(error));
}

void check_transactions(Page& page) {
    const TransactionToken token{uint64_t{3} << 56 | 43, uint64_t{3} << 48 | 40};
    const Command prepare = page.command("prepare");
    CHECK(prepare.verb == Verb::kPrepare);
    CHECK(prepare.seq == 5);
    CHECK(count_messages(page.frame("prepare", 1)) == 1U);
    const Command commit = page.command("commit");
    CHECK(commit.tokens == std::vector{token});
    CHECK(commit.ref == 6U);
    CHECK(page.command("rollback").tokens == std::vector{token});
    CHECK(page.command("unknown").verb == Verb::kUnknownYet);
    CHECK(page.command("subscribe-checks").checks == "orders");
    const Outcome outcomes[] = {{.seq = 5, .id = {3, 43}, .token = token}};
    page.says("receipt-prepared", pack_receipt(outcomes));
    ResolvedTokens resolved{.ref = 6, .resolved = {{.id = {3, 43}}, {}}};
    resolved.resolved[1].why = Refusal::kStale;
    resolved.resolved[1].text = "it was rolled back";
    page.says("resolved", pack(resolved));
    page.says(
        "check",
        pack(AskedCheck{.sub = 3, .token = token, .number = 1, .number_max = 15, .id = {3, 43}}));
    CHECK(count_messages(page.frame("check", 1)) == 1U);
}

void check_asking(Page& page) {
    const Command admin = page.command("admin");
    CHECK(admin.verb == Verb::kAdmin);
    CHECK(admin.ref == 1U);
    CHECK(admin.call == "topic show");
    const auto args = unpack(admin.args);
    REQUIRE(args.ok());
    CHECK(args->at("topic").text() == "orders");
    const Command query = page.command("query");
    CHECK(query.ref == 7U);
    CHECK(query.topic == "orders");
    CHECK(query.key == "A-7");
    CHECK(query.max == 2U);
    CHECK(page.command("query-id").message == MessageId{3, 42});
    CHECK(page.command("recall").message == MessageId{3, 42});
    const Command reset = page.command("reset");
    CHECK(reset.group == "logistics");
    CHECK(reset.to == "earliest");
    CHECK(page.command("reset-time").time_ms == 1'700'000'000'000);
    check_transactions(page);
    const FoundMessage found[] = {{40, {3, 42}, 1'700'000'000'000, a_new_one()}};
    page.says("found", pack_found(7, found));
    CHECK(count_messages(page.frame("found", 1)) == 1U);
    page.says("found-nothing", pack_found(8, {}));
    page.says("done", pack_done(9));
}

void check_answers(Page& page) {
    page.says("welcome",
              pack(Welcome{.version = 1,
                           .bridge = "shop",
                           .epoch = 7,
                           .features = {"publish", "once", "groups", "topics", "calls", "resume"},
                           .heartbeat_ms = 2000,
                           .resumed = 2,
                           .held = {{"logistics", token_at(40), 2}},
                           .calls = {7},
                           .message_bytes = 16 << 20,
                           .frames = 64}));
    const Outcome outcomes[] = {
        {.seq = 1, .count = 2, .id = {3, 42}},
        {.seq = 3, .id = {3, 7}, .duplicate = true},
        {.seq = 4, .why = Refusal::kTopicFull, .text = "orders: 20GiB reached"}};
    page.says("receipt", pack_receipt(outcomes));
    page.says("subscribed", pack_subscribed(1, {}, 60s));
    page.says("unsubscribed", pack_unsubscribed(1));
    page.says("deliver", pack(Delivered{.sub = 1, .runs = {{token_at(40), 2, 1, {3, 42}}}}));
    CHECK(count_messages(page.frame("deliver", 1)) == 2U);
    Attributes attributes = a_new_one();
    attributes.properties = {{"region", Value("EU")}};
    page.says("deliver-attributes", pack(Delivered{.sub = 1,
                                                   .runs = {{token_at(40), 2, 1, {3, 42}}},
                                                   .with_attributes = true,
                                                   .attributes = {attributes}}));
    CHECK(count_messages(page.frame("deliver-attributes", 1)) == 2U);
    page.says("subscribed-topic", pack_subscribed(2, 4100));
    page.says("deliver-topic", pack(Delivered{.sub = 2, .offset = 4100, .messages = 2}));
    CHECK(count_messages(page.frame("deliver-topic", 1)) == 2U);
    page.says("deliver-nothing", pack(Delivered{.ref = 9}));
    page.says("settled", pack(SettledRanges{.ref = 5, .stale = {0}}, false));
    page.says("settled-extend",
              pack(SettledRanges{.ref = 6, .stale = {0}, .tokens = {token_at(40, 1, 1)}}, true));
    page.says("refused", pack(Refused{.re = "SUBSCRIBE",
                                      .sub = 2,
                                      .code = Refusal::kNotFound,
                                      .text = "no group is named `logistic`"}));
    telemetry::Report topic = telemetry::Report::map();
    topic.add("name", "orders");
    topic.add("messages", 3);
    page.says("answer", pack_answer(1, topic));
    page.says("heartbeat", pack_heartbeat());
    page.says("bye", pack_bye(std::nullopt));
    page.says("bye-bridge", pack_bye(Refusal::kShuttingDown));
}

}  // namespace

TEST_CASE("the bytes of docs/PROTOCOL.md are what is said and understood") {
    Page page;
    check_publishing(page);
    check_consuming(page);
    check_calling(page);
    check_asking(page);
    check_answers(page);
    for (const auto& [name, frames] : page.blocks)
        CHECK_MESSAGE(page.seen[name], name << " is checked by nobody");
}
