// To whom an answer goes after a restart: to the client that can be told from all others, when it
// waits for it; else to nobody.
#include "bridge/rpc/returning.h"

#include "tests/unit/rpc/lives.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

namespace {

constexpr Duration kSilence = ClientTable::kResumeSilence;

ServiceOptions options() {
    return {.timeout = 60s, .error_frames = {"{code}"}, .worker_credit = 100};
}

// As REQ_CORRELATE has it.
Frames correlated(const std::string& id, const std::string& body) {
    return {id, "", body};
}

// The request is in the worker's hands; the bridge is killed, and the worker replies to the next.
void executed_over_a_restart(Lives& life) {
    FakePeer& worker = life.worker(SocketType::kDealer);
    life.commit();
    life.commit();  // and that the worker has it
    const auto given = worker.read();
    life.restart();
    FakePeer& back = life->worker(SocketType::kDealer);
    for (const Frames& each : given)
        life->say(back, {each[0], "", "re " + each[2]});
}

}  // namespace

TEST_CASE("an anonymous client's request is executed, and its reply goes to nobody: unresumable") {
    Lives life(options());
    life->ask(life->client(), {"", "1"});
    life->ask(life->client(SocketType::kDealer), {"", "2"});
    executed_over_a_restart(life);
    FakePeer& req = life->client();
    FakePeer& dealer = life->client(SocketType::kDealer);
    life->advance(60s);
    CHECK(req.read().empty());
    CHECK(dealer.read().empty());
    CHECK(life.unresumable() == 2);
    CHECK(life->service->status().unanswered == 0);
    CHECK(life.store.open().empty());
}

TEST_CASE("an anonymous client's request that no worker had is executed as well") {
    Lives life(options());
    life->ask(life->client(), {"", "1"});
    life.commit();
    life.restart();
    FakePeer& worker = life.worker();
    life.commit();
    life->say(worker, {corr(only(worker)), "", "one"});
    CHECK(life.unresumable() == 1);
}

TEST_CASE("a routing id of another user, or on another endpoint, is another client") {
    Lives life(options());
    life->ask(life->client(SocketType::kReq, "me", "alice"), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& other_user = life->client(SocketType::kReq, "me", "bob");
    FakePeer& elsewhere = life->add(SocketType::kReq, "me", "alice", EndpointId(0));
    life->service->client_opened(elsewhere);
    life->advance(1s);
    CHECK(other_user.read().empty());
    CHECK(elsewhere.read().empty());
    FakePeer& client = life->client(SocketType::kReq, "me", "alice");
    life->advance(kSilence);
    CHECK(only(client) == Frames{"", "re 1"});
}

TEST_CASE("endpoints are known by their names: they may stand elsewhere in the file") {
    Lives life(options());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    life.commit();
    const auto note = read_request_note(life.store.notes[0].bytes);
    REQUIRE(note.ok());
    CHECK(note->endpoint == "clients");
    CHECK(life.journal->endpoint_named("clients") == EndpointId(1));
    CHECK(life.journal->endpoint_named("gone") == std::nullopt);
}

TEST_CASE(
    "a DEALER with a routing id gets all its answers, also if it speaks, if they name what "
    "they answer") {
    Lives life(options());
    FakePeer& client = life->client(SocketType::kDealer, "me");
    life->ask(client, {"a", "", "1"});
    life->ask(client, {"", "2"});
    life->ask(client, {"b", "", "3"});
    executed_over_a_restart(life);
    FakePeer& back = life->client(SocketType::kDealer, "me");
    CHECK(back.read().empty());
    SUBCASE("it is silent") {
        life->advance(kSilence);
        CHECK(back.read() ==
              std::vector<Frames>{{"a", "", "re 1"}, {"", "re 2"}, {"b", "", "re 3"}});
    }
    SUBCASE("it speaks") {
        life->ask(back, {"c", "", "4"});
        CHECK(back.read() == std::vector<Frames>{{"a", "", "re 1"}, {"b", "", "re 3"}});
        life->advance(1s);
        CHECK(back.read().empty());
        CHECK(life->service->status().ended.of(Refusal::kSuperseded) == 1);
    }
}

TEST_CASE("a DEALER that speaks does not get what comes later either, if it names nothing") {
    Lives life(options());
    FakePeer& client = life->client(SocketType::kDealer, "me");
    life->ask(client, {"", "1"});
    life->ask(client, {"a", "", "2"});
    FakePeer& worker = life.worker(SocketType::kDealer);
    life.commit();
    life.commit();
    const auto given = worker.read();
    life.restart();
    FakePeer& back = life->client(SocketType::kDealer, "me");
    life->ask(back, {"", "3"});
    FakePeer& late = life->worker(SocketType::kDealer);
    for (const Frames& each : given)
        life->say(late, {each[0], "", "re " + each[2]});
    CHECK(back.read() == std::vector<Frames>{{"a", "", "re 2"}});
}

TEST_CASE("a client with a routing id that does not come back is not waited for for ever") {
    Lives life(options());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    executed_over_a_restart(life);
    CHECK(life->service->status().clients_away == 1);
    life->advance(30s);
    CHECK(life->service->status().clients_away == 0);
    CHECK(life->service->status().ended.of(Refusal::kClientGone) == 1);
    CHECK(life.store.open().empty());
}

TEST_CASE("a client that was cut off again before it had its answer gets it when it is back") {
    Lives life(options());
    life->ask(life->client(SocketType::kReq, "me"), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& back = life->client(SocketType::kReq, "me");
    back.block();
    life->advance(kSilence);
    CHECK(back.outbox().messages() == 1);
    back.take_byte();
    life->leave(back);
    life.commit();
    CHECK(life.store.kinds(1) == "16 17 18");
    SUBCASE("in the same life") {
        FakePeer& again = life->client(SocketType::kReq, "me");
        life->advance(kSilence);
        CHECK(only(again) == Frames{"", "re 1"});
    }
    SUBCASE("in the next one") {
        life.restart();
        FakePeer& again = life->client(SocketType::kReq, "me");
        life->advance(kSilence);
        CHECK(only(again) == Frames{"", "re 1"});
    }
}

TEST_CASE("on ipc: the process that has one request pending, and one connection, is the client") {
    Lives life(options());
    life->ask(life->client_of("12 34 boot"), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& other = life->client_of("13 34 boot");
    FakePeer& client = life->client_of("12 34 boot");
    life->advance(kSilence - 1ms);
    CHECK(client.read().empty());
    life->advance(1ms);
    CHECK(only(client) == Frames{"", "re 1"});
    CHECK(other.read().empty());
    CHECK(life.unresumable() == 0);
    // From now on it is an anonymous client as any other.
    FakePeer& another = life->client_of("12 34 boot");
    life->advance(1s);
    CHECK(another.read().empty());
}

TEST_CASE("on ipc: a process that had two connections when it asked is nobody, whoever is back") {
    Lives life(options());
    life->client_of("12 34 boot");
    life->ask(life->client_of("12 34 boot"), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& client = life->client_of("12 34 boot");
    life->advance(10s);
    CHECK(client.read().empty());
    CHECK(life.unresumable() == 1);
}

TEST_CASE("on ipc: a socket of another kind is not the one that asked") {
    Lives life(options());
    life->ask(life->client_of("12 34 boot", SocketType::kDealer), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& req = life->client_of("12 34 boot");
    life->advance(10s);
    CHECK(req.read().empty());
    FakePeer& dealer = life->client_of("12 34 boot", SocketType::kDealer);
    life->advance(10s);
    CHECK(only(dealer) == Frames{"", "re 1"});
}

TEST_CASE("on ipc: two pending requests of one process are nobody's") {
    Lives life(options());
    FakePeer& dealer = life->client_of("12 34 boot", SocketType::kDealer);
    life->ask(dealer, {"", "1"});
    life->ask(dealer, {"", "2"});
    executed_over_a_restart(life);
    FakePeer& back = life->client_of("12 34 boot", SocketType::kDealer);
    life->advance(10s);
    CHECK(back.read().empty());
    CHECK(life.unresumable() == 2);
}

TEST_CASE("on ipc: the second connection of a process makes what waits for the first nobody's") {
    Lives life(options());
    life->ask(life->client_of("12 34 boot"), {"", "1"});
    FakePeer& worker = life.worker();
    life.commit();
    life.commit();
    const Frames given = only(worker);
    life.restart();
    FakePeer& one = life->client_of("12 34 boot");
    FakePeer& two = life->client_of("12 34 boot");
    life->advance(1s);
    FakePeer& back = life->worker();
    life->say(back, {given[0], "", "one"});
    CHECK(one.read().empty());
    CHECK(two.read().empty());
    CHECK(life.unresumable() == 1);
    life->ask(one, {"", "2"});  // clients as any other
    life.commit();
    life->say(back, {corr(only(back)), "", "two"});
    CHECK(only(one) == Frames{"", "two"});
}

TEST_CASE("on ipc: a client that is cut off before it was silent for long enough may come again") {
    Lives life(options());
    life->ask(life->client_of("12 34 boot"), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& first = life->client_of("12 34 boot");
    life->leave(first);
    FakePeer& second = life->client_of("12 34 boot");
    life->advance(kSilence);
    CHECK(only(second) == Frames{"", "re 1"});
}

TEST_CASE("on ipc: a client that speaks when it is back does not wait") {
    Lives life(options());
    life->ask(life->client_of("12 34 boot"), {"", "1"});
    executed_over_a_restart(life);
    FakePeer& client = life->client_of("12 34 boot");
    life->ask(client, {"", "2"});
    life->advance(1s);
    CHECK(client.read().empty());
    CHECK(life->service->status().ended.of(Refusal::kSuperseded) == 1);
}

TEST_CASE("a REQ that correlates: the answer is offered to each silent REQ of its host") {
    Lives life(options());
    life->ask(life->client(), correlated("\1\2\3\4", "1"));
    executed_over_a_restart(life);
    FakePeer& early = life->client();
    FakePeer& dealer = life->client(SocketType::kDealer);
    FakePeer& speaking = life->client();
    FakePeer& named = life->client(SocketType::kReq, "somebody");
    FakePeer& elsewhere = life->add(SocketType::kReq, {}, {}, EndpointId(0));
    life->service->client_opened(elsewhere);
    life->advance(kSilence - 1ms);
    life->ask(speaking, correlated("\1\2\3\5", "2"));
    life->advance(1ms);
    CHECK(only(early) == Frames{"\1\2\3\4", "", "re 1"});
    life->advance(5s);
    FakePeer& late = life->client();
    life->advance(kSilence);
    CHECK(only(late) == Frames{"\1\2\3\4", "", "re 1"});
    for (FakePeer* each : {&early, &dealer, &speaking, &named, &elsewhere})
        CHECK(each->read().empty());
    CHECK(life->service->status().answered == 1);
    CHECK(life.unresumable() == 0);
    CHECK(life.store.kinds(1) == "16 17 18");
    life->advance(30s);
    CHECK(life.store.kinds(1).empty());
    CHECK(life->service->status().dropped_gone == 0);
}

TEST_CASE("a REQ that correlates: a reply that comes later is offered to those that are silent") {
    Lives life(options());
    life->ask(life->client(), correlated("\1\2\3\4", "1"));
    FakePeer& worker = life.worker();
    life.commit();
    life.commit();
    const Frames given = only(worker);
    life.restart();
    FakePeer& silent = life->client();
    FakePeer& speaking = life->client();
    FakePeer& gone = life->client();
    life->advance(1s);
    life->ask(speaking, {"", "2"});
    life->leave(gone);
    FakePeer& too_new = life->client();
    FakePeer& back = life->worker();
    life->say(back, {given[0], "", "one"});
    CHECK(only(silent) == Frames{"\1\2\3\4", "", "one"});
    CHECK(speaking.read().empty());
    CHECK(too_new.read().empty());
    life->advance(kSilence);
    CHECK(only(too_new) == Frames{"\1\2\3\4", "", "one"});
}

TEST_CASE("two requests of one host with the same correlation are nobody's") {
    Lives life(options());
    life->ask(life->client(), correlated("\1\2\3\4", "1"));
    life->ask(life->client(), correlated("\1\2\3\4", "2"));
    executed_over_a_restart(life);
    FakePeer& client = life->client();
    life->advance(1s);
    CHECK(client.read().empty());
    CHECK(life.unresumable() == 2);
}

TEST_CASE("an envelope that is no correlation of a REQ tells nobody") {
    Lives life(options());
    life->ask(life->client(), {"12345", "", "1"});
    life->ask(life->client(), {"1234", "more", "", "2"});
    life->ask(life->client(SocketType::kDealer), {"1234", "", "3"});
    executed_over_a_restart(life);
    FakePeer& client = life->client();
    life->advance(1s);
    CHECK(client.read().empty());
    CHECK(life.unresumable() == 3);
}

TEST_CASE("no more than kCandidatesMax REQs of a host are offered what may be theirs") {
    Lives life(options());
    life->ask(life->client(), correlated("\1\2\3\4", "1"));
    executed_over_a_restart(life);
    std::vector<FakePeer*> clients;
    for (size_t i = 0; i < Returning::kCandidatesMax + 1; i++)
        clients.push_back(&life->client());
    life->advance(kSilence);
    size_t offered = 0;
    for (FakePeer* each : clients)
        offered += each->read().size();
    CHECK(offered == Returning::kCandidatesMax);
}
