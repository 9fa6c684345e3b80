#include "bridge/delivery/puller_request.h"

#include <doctest/doctest.h>

#include <string>

using namespace zbridge;
using namespace std::chrono_literals;
using delivery::PullerRequest;
using delivery::read_puller_request;
using Verb = PullerRequest::Verb;

namespace {

const LeaseToken kToken{uint64_t{2} << 56 | uint64_t{1} << 48 | 9, 4711};
const std::string kText = kToken.text();

PullerRequest right(const std::string& frame) {
    const auto read = read_puller_request(frame);
    CAPTURE(frame);
    CAPTURE(read.problem);
    REQUIRE(read.request);
    return *read.request;
}

bool wrong(const std::string& frame) {
    const auto read = read_puller_request(frame);
    return !read.request && !read.problem.empty();
}

}  // namespace

TEST_CASE("NEXT: a token, WAIT and HEADERS, in any case and order of options") {
    const auto bare = right("NEXT");
    CHECK(bare.verb == Verb::kNext);
    CHECK_FALSE(bare.token);
    CHECK(bare.wait == 30s);
    CHECK_FALSE(bare.headers);
    const auto full = right("next " + kText + " headers wait 500ms");
    CHECK(full.token == kToken);
    CHECK(full.headers);
    CHECK(full.wait == 500ms);
    CHECK(right("Next WAIT 0").wait == 0s);
    CHECK(right("NEXT  WAIT  1s ").wait == 1s);
    CHECK(right("NEXT WAIT 10m").wait == PullerRequest::kWaitMax);
    for (const auto* bad : {"NEXT banana", "NEXT WAIT", "NEXT WAIT banana", "NEXT WAIT -1s",
                            "NEXT WAIT 10", "NEXT HEADER", "NEXTWAIT 1s"})
        CHECK(wrong(bad));
    CHECK(wrong("NEXT HEADERS " + kText));  // a token comes first
}

TEST_CASE("ACK and EXTEND need their token") {
    CHECK(right("ACK " + kText).token == kToken);
    CHECK(right("eXtEnd " + kText + " 60s").delay == 60s);
    CHECK(right("EXTEND " + kText + " 12h").delay == PullerRequest::kExtendMax);
    for (const auto* bad : {"ACK", "ACK x", "EXTEND", "EXTEND 60s"})
        CHECK(wrong(bad));
    for (const auto* rest : {"", " banana", " 0", " 60s more", " 13h"})
        CHECK(wrong("EXTEND " + kText + rest));
    CHECK(wrong("ACK " + kText + " more"));
}

TEST_CASE("RETRY: a first word that is no token is an option") {
    CHECK_FALSE(right("RETRY").token);
    CHECK(right("RETRY DELAY 10s").delay == 10s);
    const auto full = right("RETRY " + kText + " delay 2m");
    CHECK(full.token == kToken);
    CHECK(full.delay == 2min);
    for (const auto* bad : {"RETRY x", "RETRY DELAY", "RETRY DELAY soon", "RETRY 10s"})
        CHECK(wrong(bad));
}

TEST_CASE("REJECT: a first word that is no token begins the reason, which is kept as it is") {
    CHECK(right("REJECT").reason == "");
    CHECK(right("REJECT no such  order").reason == "no such  order");
    const std::string frame =
        "REJECT " + kText + " No such order";  // which the reason is a part of
    const auto full = right(frame);
    CHECK(full.token == kToken);
    CHECK(full.reason == "No such order");
}

TEST_CASE("what is no request is none: an unknown verb, nothing, too much") {
    for (const auto* bad : {"", " ", "GET", "NEX", "\xff\xfe"})
        CHECK(wrong(bad));
    CHECK(wrong(std::string("NEXT\0", 5)));
    const std::string reject = "REJECT ";
    CHECK_FALSE(wrong(reject + std::string(PullerRequest::kRequestBytesMax - reject.size(), 'x')));
    CHECK(wrong(reject + std::string(PullerRequest::kRequestBytesMax - reject.size() + 1, 'x')));
}
