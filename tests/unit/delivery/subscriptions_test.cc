#include "bridge/delivery/subscriptions.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>

#include "bridge/base/random.h"

using namespace zbridge;
using delivery::Subscriptions;

namespace {

class NoPeer final : public net::Peer {
 public:
    explicit NoPeer(uint64_t number)
        : Peer({PeerId(number), EndpointId(1), SocketType::kSub, "", "", ""}) {}
    void flush() override {}
    void close(Refusal) override {}
    void on_queued() override {}
};

struct Peers {
    std::vector<std::unique_ptr<NoPeer>> all;
    explicit Peers(size_t count) {
        for (size_t i = 0; i < count; i++)
            all.push_back(std::make_unique<NoPeer>(i + 1));
    }
    NoPeer& operator[](size_t i) { return *all[i]; }
};

// "1 2,3": the peers of each matching prefix, in the order they are visited.
std::string matched(const Subscriptions& subscriptions, std::string_view topic) {
    std::string text;
    subscriptions.match(topic, [&](const std::vector<net::Peer*>& peers) {
        if (!text.empty()) text += ",";
        for (size_t i = 0; i < peers.size(); i++)
            text += (i > 0 ? " " : "") + std::to_string(peers[i]->id().number());
    });
    return text;
}

}  // namespace

TEST_CASE("a topic matches the prefixes that it begins with, the shortest first") {
    Subscriptions subscriptions;
    Peers peers(4);
    subscriptions.add("news.sport", peers[0]);
    subscriptions.add("", peers[1]);
    subscriptions.add("news", peers[2]);
    subscriptions.add("newt", peers[3]);
    CHECK(matched(subscriptions, "news.sport.chess") == "2,3,1");
    CHECK(matched(subscriptions, "news.sport") == "2,3,1");
    CHECK(matched(subscriptions, "news.spor") == "2,3");
    CHECK(matched(subscriptions, "new") == "2");
    CHECK(matched(subscriptions, "") == "2");
    CHECK(matched(subscriptions, "newt") == "2,4");
}

TEST_CASE("peers of one prefix come in the order of their ids, however they subscribed") {
    Subscriptions subscriptions;
    Peers peers(3);
    for (const size_t i : {2, 0, 1})
        subscriptions.add("a", peers[i]);
    CHECK(matched(subscriptions, "abc") == "1 2 3");
    CHECK(subscriptions.count("a") == 3);
    CHECK(subscriptions.prefixes() == 1);
}

TEST_CASE("a prefix may hold any bytes, and be a long one") {
    Subscriptions subscriptions;
    Peers peers(3);
    const std::string zero("\0\xff\0", 3);
    subscriptions.add(zero, peers[0]);
    subscriptions.add(std::string(60'000, 'p'), peers[1]);
    subscriptions.add(std::string(59'999, 'p'), peers[2]);
    CHECK(matched(subscriptions, zero + "x") == "1");
    CHECK(matched(subscriptions, std::string("\0\xff", 2)).empty());
    CHECK(matched(subscriptions, std::string(60'000, 'p')) == "3,2");
}

TEST_CASE("removing what is not there changes nothing") {
    Subscriptions subscriptions;
    Peers peers(2);
    subscriptions.add("abc", peers[0]);
    for (const char* prefix : {"", "a", "ab", "abcd", "x", "abd"})
        subscriptions.remove(prefix, peers[0]);
    subscriptions.remove("abc", peers[1]);
    CHECK(matched(subscriptions, "abc") == "1");
    CHECK(subscriptions.prefixes() == 1);
}

TEST_CASE("thousands of prefixes inside each other come and go") {
    Subscriptions subscriptions;
    Peers peers(1);
    const std::string longest(3000, 'n');
    for (size_t i = 0; i <= longest.size(); i++)
        subscriptions.add(longest.substr(0, i), peers[0]);
    CHECK(subscriptions.prefixes() == 3001);
    size_t visits = 0;
    subscriptions.match(longest, [&](const auto&) { visits++; });
    CHECK(visits == 3001);
    for (size_t i = 0; i <= longest.size(); i++)
        subscriptions.remove(longest.substr(0, i), peers[0]);
    CHECK(subscriptions.prefixes() == 0);
    CHECK(matched(subscriptions, longest).empty());
}

TEST_CASE("any mix of subscribing and cancelling matches as a plain list of prefixes does") {
    for (const uint64_t alphabet : {2, 3, 256}) {
        SeededRandom random(alphabet);
        Subscriptions subscriptions;
        Peers peers(6);
        std::map<std::string, std::set<uint64_t>> model;
        const auto word = [&](size_t most) {
            std::string text(random.below(most + 1), ' ');
            for (char& c : text)
                c = static_cast<char>(random.below(alphabet));
            return text;
        };
        for (int step = 0; step < 20000; step++) {
            const std::string prefix = word(alphabet == 256 ? 2 : 8);
            NoPeer& peer = peers[random.below(6)];
            auto& there = model[prefix];
            if (random.below(100) < 55 && !there.contains(peer.id().number())) {
                subscriptions.add(prefix, peer);
                there.insert(peer.id().number());
            } else {
                subscriptions.remove(prefix, peer);
                there.erase(peer.id().number());
            }
            REQUIRE(subscriptions.count(prefix) == there.size());
            if (there.empty()) model.erase(prefix);
            REQUIRE(subscriptions.prefixes() == model.size());

            const std::string topic = word(10);
            std::string expected;
            for (size_t length = 0; length <= topic.size(); length++) {
                const auto found = model.find(topic.substr(0, length));
                if (found == model.end()) continue;
                if (!expected.empty()) expected += ",";
                for (bool first = true; const uint64_t number : found->second) {
                    expected += (first ? "" : " ") + std::to_string(number);
                    first = false;
                }
            }
            REQUIRE(matched(subscriptions, topic) == expected);
        }
        std::vector<std::string> prefixes, expected;
        subscriptions.each([&](const std::string& prefix, size_t count) {
            prefixes.push_back(prefix);
            CHECK(count == model[prefix].size());
        });
        for (const auto& [prefix, there] : model)
            expected.push_back(prefix);
        CHECK(prefixes == expected);  // std::string compares its bytes unsigned
    }
}
