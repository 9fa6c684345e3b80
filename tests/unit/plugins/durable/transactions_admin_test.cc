// What an operator asks of transactions, and does with them.
#include "plugins/durable/admin/transactions_admin.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/transactions_rig.h"

using namespace zbridge;
using namespace zbridge::durable;

using Bodies = std::vector<std::string>;

namespace {

using Said = AdminRig::Said;

std::string text_of_token(zb_transaction token) {
    return TransactionToken::from_c(token).value().text();
}

Bodies tokens(const Said& said) {
    Bodies all;
    for (const auto& each : said.list("transactions"))
        all.push_back(Said::at(each, "token").as<std::string>());
    return all;
}

}  // namespace

TEST_CASE("a token reads as it is written, and what is none does not") {
    const TransactionToken token{{5}, 77, 3};
    CHECK(token.text().size() == 26);
    CHECK(TransactionToken::parse(token.text())->offset == Offset{5});
    CHECK(TransactionToken::parse(token.text())->sequence == 77);
    CHECK(TransactionToken::parse(token.text())->epoch == 3);
    CHECK(token.names(MessageId{3 + 65536, 77}));
    CHECK_FALSE(token.names(MessageId{4, 77}));
    CHECK_FALSE(token.names(MessageId{3, 78}));
    CHECK_FALSE(TransactionToken::parse(MessageId{1, 2}.text()));
    CHECK_FALSE(TransactionToken::parse("x"));
}

TEST_CASE("what is prepared is listed, the oldest first, in pieces, and of one topic") {
    TransactionsRig rig;
    rig.topic("other");
    rig.start();
    CHECK(rig.ask("tx ls", {}).flag("done"));
    CHECK(tokens(rig.ask("tx ls", {})).empty());
    Bodies all;
    for (int i = 0; i < 5; i++)
        all.push_back(text_of_token(rig.prepared(std::to_string(i))));
    CHECK(rig.prepare("elsewhere", "", "other") == ZB_TAKEN);
    rig.EngineRig::settle();
    const std::string elsewhere = text_of_token(rig.transaction);

    const Said first = rig.ask("tx ls", {{"max", 3UL}});
    CHECK(tokens(first) == Bodies(all.begin(), all.begin() + 3));
    CHECK_FALSE(first.flag("done"));
    CHECK(first.number("prepared") == 6);
    const Said rest = rig.ask("tx ls", {{"from", first.number("next")}});
    CHECK(tokens(rest) == Bodies{all[3], all[4], elsewhere});
    CHECK(rest.flag("done"));
    CHECK(tokens(rig.ask("tx ls", {{"topic", std::string("other")}})) == Bodies{elsewhere});
    const Said none = rig.ask("tx ls", {{"topic", std::string("othre")}});
    CHECK(none.result == ZB_NOT_FOUND);
    CHECK(none.body == "there is no topic `othre`; did you mean \"other\"?");

    const auto one = rig.ask("tx ls", {}).list("transactions").front();
    CHECK(Said::at(one, "topic").as<std::string>() == "t");
    CHECK(Said::at(one, "checker").as<std::string>() == "shop");
    CHECK(Said::at(one, "checks").as<int>() == 0);
    CHECK(Said::at(one, "next_check_ms").as<int64_t>() -
              Said::at(one, "prepared_ms").as<int64_t>() ==
          6000);
    CHECK(Said::at(one, "id").as<std::string>().size() == 26);
}

TEST_CASE("what lies on the disk alone is read for the listing") {
    TransactionsRig rig;
    rig.option("hot_memory", "1MiB");
    rig.option("read_memory", "1MiB");
    rig.start();
    for (int i = 0; i < 30; i++)
        rig.prepared(std::string(100'000, '.'));
    rig.kill();
    Bodies all;
    for (uint64_t from = 0;;) {
        const Said said = rig.ask("tx ls", {{"from", from}, {"max", 1000UL}});
        REQUIRE(said.result == ZB_OK);
        for (const std::string& each : tokens(said))
            all.push_back(each);
        if (said.flag("done")) break;
        REQUIRE(said.number("next") > from);
        from = said.number("next");
    }
    CHECK(all.size() == 30);
}

TEST_CASE("an operator commits, and rolls back, once") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction one = rig.prepared("a");
    const std::string id = MessageId{rig.receipt.id_epoch, rig.receipt.id_sequence}.text();
    const zb_transaction two = rig.prepared("b");
    const Said said = rig.ask("tx commit", {{"token", text_of_token(one)}});
    REQUIRE(said.result == ZB_OK);
    CHECK(said.text("id") == id);
    CHECK(rig.there() == Bodies{"a"});
    CHECK(rig.ask("tx rollback", {{"token", text_of_token(two)}}).result == ZB_OK);
    const Said again = rig.ask("tx commit", {{"token", text_of_token(two)}});
    CHECK(again.result == ZB_WRONG_STATE);
    CHECK(again.body == "it is rolled back already");
    const Said wrong = rig.ask("tx commit", {{"token", std::string("x")}});
    CHECK(wrong.result == ZB_INVALID);
    CHECK(wrong.body == "`x` is no token of a transaction: `zbridge tx ls` shows them");
    CHECK(rig.ask("tx forget", {}).result == ZB_UNSUPPORTED);
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("status counts transactions") {
    TransactionsRig rig;
    rig.option("max_prepared", "9");
    rig.start();
    const auto counted = [&](const char* name) {
        const Said status = rig.ask("status", {});
        return Said::at(status.at("transactions"), name).as<uint64_t>();
    };
    CHECK(counted("prepared") == 0);
    CHECK(counted("max_prepared") == 9);
    CHECK(rig.commit_it(rig.prepared("a")).taken == ZB_TAKEN);
    CHECK(rig.roll_back(rig.prepared("b")).taken == ZB_TAKEN);
    rig.prepared("c");
    CHECK(counted("prepared") == 1);
    CHECK(counted("committed") == 1);
    CHECK(counted("rolled_back") == 1);
}

TEST_CASE("a purge of what is prepared is refused, and it can be committed after that") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction its = rig.prepared("one");
    const Said said = rig.ask("topic purge", {{"topic", std::string("%prepared")}});
    CHECK(said.result == ZB_WRONG_STATE);
    CHECK(said.body ==
          "`%prepared` is the bridge's own, and holds what is prepared: zbridge tx rollback ends "
          "it");
    CHECK(rig.commit_it(its).taken == ZB_TAKEN);
    CHECK(rig.there() == Bodies{"one"});
}
