// Messages that are prepared: seen once they are committed, gone once they are rolled back.
#include "plugins/durable/groups/transactions.h"

#include <doctest/doctest.h>

#include "plugins/durable/topics/attributes.h"
#include "tests/unit/plugins/durable/transactions_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::hours, std::chrono::seconds;

using Bodies = std::vector<std::string>;

TEST_CASE("a prepared message is seen by nobody before its commit, and then at the next offset") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction token = rig.prepared("a");
    const MessageId id{rig.receipt.id_epoch, rig.receipt.id_sequence};
    CHECK(rig.told.committed == rig.receipt.number);
    CHECK(rig.there().empty());
    CHECK(rig.its().prepared() == 1);
    rig.put("b");
    const auto said = rig.commit_it(token);
    CHECK(said.taken == ZB_TAKEN);
    CHECK(said.id == id);
    CHECK(rig.there() == Bodies{"b", "a"});
    CHECK(rig.its().prepared() == 0);
    CHECK(rig.its().counters().committed == 1);
    rig.kill();
    CHECK(rig.there() == Bodies{"b", "a"});
    CHECK(rig.its().prepared() == 0);
}

TEST_CASE("what is rolled back is gone") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction token = rig.prepared("a");
    CHECK(rig.roll_back(token).taken == ZB_TAKEN);
    CHECK(rig.its().prepared() == 0);
    CHECK(rig.its().counters().rolled_back == 1);
    const auto late = rig.commit_it(token);
    CHECK(late.taken == ZB_STALE);
    CHECK(late.reason == "it is rolled back already");
    CHECK(rig.there().empty());
    rig.kill();
    CHECK(rig.commit_it(token).taken == ZB_STALE);
    CHECK(rig.there().empty());
}

TEST_CASE("a second commit is refused, also after a restart") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction token = rig.prepared("a");
    CHECK(rig.commit_it(token).taken == ZB_TAKEN);
    const auto second = rig.commit_it(token);
    CHECK(second.taken == ZB_STALE);
    CHECK(second.reason == "it is committed already");
    CHECK(rig.roll_back(token).taken == ZB_STALE);
    rig.kill();
    const auto third = rig.commit_it(token);
    CHECK(third.taken == ZB_STALE);
    CHECK(third.reason == "nothing that is prepared has this token, or not any more");
    CHECK(rig.there() == Bodies{"a"});
    CHECK(rig.its().counters().stale == 1);  // of this life
}

TEST_CASE("a token holds over a restart and a kill") {
    for (const bool clean : {true, false}) {
        CAPTURE(clean);
        TransactionsRig rig;
        rig.start();
        const zb_transaction token = rig.prepared("a"), other = rig.prepared("b");
        if (clean)
            rig.restart_clean();
        else
            rig.kill();
        CHECK(rig.there().empty());
        CHECK(rig.its().prepared() == 2);
        CHECK(rig.commit_it(token).taken == ZB_TAKEN);
        CHECK(rig.roll_back(other).taken == ZB_TAKEN);
        CHECK(rig.there() == Bodies{"a"});
    }
}

TEST_CASE("a token of nothing names nothing") {
    TransactionsRig rig;
    rig.start();
    CHECK(rig.commit_it({uint64_t{3} << 56, 0}).taken == ZB_STALE);  // none was ever prepared
    zb_transaction token = rig.prepared("a");
    CHECK(rig.commit_it({uint64_t{2} << 56, token.low}).taken == ZB_STALE);  // of a delivery
    CHECK(rig.commit_it({token.high, token.low + 7}).taken == ZB_STALE);
    // Of the same place in another store: its message had another id.
    CHECK(rig.commit_it({token.high + 1, token.low}).taken == ZB_STALE);
    CHECK(rig.roll_back({token.high, token.low ^ uint64_t{1} << 48}).taken == ZB_STALE);
    CHECK(rig.there().empty());
    CHECK(rig.commit_it(token).taken == ZB_TAKEN);
}

TEST_CASE("a commit is answered once it is durable, and so is that it was done before") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction token = rig.prepared("a");
    CHECK(rig.engine->resolve(rig.self(), token, ZB_COMMIT, 1001) == ZB_TAKEN);
    CHECK(rig.engine->resolve(rig.self(), token, ZB_COMMIT, 1002) == ZB_TAKEN);
    CHECK(rig.resolved.empty());
    rig.lose_power();
    for (const auto& [cookie, its] : rig.resolved)
        CHECK(its.taken == ZB_STORE_FAILED);
    rig.start();
    CHECK(rig.there().empty());
    CHECK(rig.commit_it(token).taken == ZB_TAKEN);
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("a commit that comes before its prepare is durable waits for it") {
    TransactionsRig rig;
    rig.start();
    CHECK(rig.prepare("a") == ZB_TAKEN);
    CHECK(rig.commit_it(rig.transaction).taken == ZB_TAKEN);
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("a message that is long on the disk alone is read for its commit") {
    TransactionsRig rig;
    rig.option("hot_memory", "1MiB");
    rig.option("read_memory", "1MiB");
    rig.start();
    std::vector<zb_transaction> tokens;
    for (int i = 0; i < 40; i++)
        tokens.push_back(rig.prepared(std::to_string(i) + std::string(100'000, '.')));
    rig.kill();
    // The last ones first: nothing is read ahead.
    for (size_t i = 0; i < tokens.size(); i++)
        CHECK(rig.engine->resolve(rig.self(), tokens[tokens.size() - 1 - i],
                                  i % 2 == 0 ? ZB_COMMIT : ZB_ROLLBACK, 100 + i) == ZB_TAKEN);
    for (int i = 0; i < 1000 && rig.resolved.size() < tokens.size(); i++)
        rig.turn();
    REQUIRE(rig.resolved.size() == tokens.size());
    for (const auto& [cookie, its] : rig.resolved)
        CHECK(its.taken == ZB_TAKEN);
    CHECK(rig.there().size() == 20);
    CHECK(rig.there().front().starts_with("39."));
}

TEST_CASE("a producer's id counts at the commit") {
    TransactionsRig rig;
    rig.topics.front().second = {{"dedup.window", "1h"}};
    rig.start();
    const zb_transaction first = rig.prepared("a", "id"), again = rig.prepared("a again", "id");
    CHECK(rig.commit_it(first).taken == ZB_TAKEN);
    const MessageId id = rig.resolved.rbegin()->second.id;
    CHECK(rig.commit_it(again).taken == ZB_TAKEN);
    CHECK(rig.resolved.rbegin()->second.id == id);
    CHECK(rig.its().counters().duplicates == 1);
    const zb_transaction rolled = rig.prepared("b", "other");
    CHECK(rig.roll_back(rolled).taken == ZB_TAKEN);
    rig.kill();
    const zb_transaction third = rig.prepared("a, a third time", "id");
    CHECK(rig.commit_it(third).taken == ZB_TAKEN);
    CHECK(rig.commit_it(rig.prepared("c", "other")).taken == ZB_TAKEN);
    CHECK(rig.there() == Bodies{"a", "c"});
}

TEST_CASE("no more are prepared than may be: a further one is refused") {
    TransactionsRig rig;
    rig.option("max_prepared", "2");
    rig.start();
    const zb_transaction token = rig.prepared("a");
    rig.prepared("b");
    CHECK(rig.prepare("c") == ZB_TOPIC_FULL);
    CHECK(rig.reason() == "t: as many messages are prepared as may");
    rig.kill();
    CHECK(rig.prepare("c") == ZB_TOPIC_FULL);
    CHECK(rig.roll_back(token).taken == ZB_TAKEN);
    CHECK(rig.prepare("c") == ZB_TAKEN);
}

TEST_CASE("what no topic would take is refused when it is prepared") {
    TransactionsRig rig;
    rig.topic("small", {{"max_message", "100B"}});
    rig.topic(std::string(120, 'n'));
    rig.start();
    CHECK(rig.prepare(std::string(200, '.'), "", "small") == ZB_TOO_LARGE);
    CHECK(rig.prepare("a", "", std::string(120, 'n')) == ZB_UNABLE);
    CHECK(rig.reason().starts_with("the topic's name is too long"));
    CHECK(rig.prepare("a", "", "t", rig.clock.wall_us() / 1000 + 5000) == ZB_UNABLE);
    CHECK(rig.reason() == "t: a prepared message cannot wait for its time too (deliver_at)");
    CHECK(rig.engine->bounds(rig.self(), rig.handle("%prepared")).head == 0);
}

TEST_CASE("a topic that is full refuses the commit, and the message stays prepared") {
    TransactionsRig rig;
    rig.topics.front().second = {{"retention.size", "1KiB"}};
    rig.start();
    const zb_transaction token = rig.prepared("a");
    rig.put(std::string(2000, '.'));  // nobody has read it
    const auto refused = rig.commit_it(token);
    CHECK(refused.taken == ZB_TOPIC_FULL);
    CHECK(refused.reason == "t: 1KiB reached");
    CHECK(rig.its().prepared() == 1);
    CHECK(rig.its().counters().refused == 1);
    CHECK(rig.roll_back(token).taken == ZB_TAKEN);
}

TEST_CASE("as many resolutions wait for the disk as may: a further one is refused") {
    TransactionsRig rig;
    rig.start();
    CHECK(rig.prepare("a") == ZB_TAKEN);  // not durable: all wait for it
    for (size_t i = 0; i < Transactions::kWaitingMax; i++)
        REQUIRE(rig.engine->resolve(rig.self(), rig.transaction, ZB_COMMIT, i + 1) == ZB_TAKEN);
    CHECK(rig.engine->resolve(rig.self(), rig.transaction, ZB_COMMIT, 0) == ZB_BUSY);
    for (int i = 0; i < 100 && rig.resolved.size() < Transactions::kWaitingMax; i++)
        rig.turn();
    CHECK(rig.resolved.size() == Transactions::kWaitingMax);
    CHECK(rig.resolved.at(1).taken == ZB_TAKEN);
    CHECK(rig.resolved.at(2).taken == ZB_STALE);
    CHECK(rig.there() == Bodies{"a"});
}

TEST_CASE("after the journal has failed all that waits is answered, and nothing is taken") {
    TransactionsRig rig;
    rig.start();
    const zb_transaction token = rig.prepared("a");
    CHECK(rig.engine->resolve(rig.self(), token, ZB_COMMIT, 1) == ZB_TAKEN);
    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    rig.EngineRig::settle();
    REQUIRE(rig.resolved.count(1) == 1);
    CHECK(rig.resolved.at(1).taken == ZB_STORE_FAILED);
    CHECK(rig.engine->resolve(rig.self(), token, ZB_COMMIT, 2) == ZB_STORE_FAILED);
    CHECK(rig.prepare("b") == ZB_STORE_FAILED);
}
