#include "bridge/cli/bench/stamp.h"

#include "bridge/cli/bench/payload.h"

using namespace zbridge;
using cli::bench::boot_of;
using cli::bench::find_stamp;
using cli::bench::Payload;
using cli::bench::same_boot;
using cli::bench::Stamp;
using std::chrono::seconds;

namespace {

const Stamp kStamp{.run = 0xfedcba98,
                   .producer = 4'095,
                   .number = 281'474'976'710'655,
                   .due = Instant(Duration(1'234'567'890'123'456)),
                   .boot = 1'790'000'000,
                   .kind = Stamp::Kind::kCounted};

}  // namespace

TEST_CASE("a stamp is found as it was written, wherever it stands") {
    Payload payload = *Payload::of_text("{\"order\": \"{{bench}}\", \"amount\": 7}");
    const std::string_view body = payload.with(kStamp);
    CHECK(body.starts_with("{\"order\": \"zbbench:"));
    CHECK(body.ends_with("\", \"amount\": 7}"));
    CHECK(body.size() == payload.size());
    CHECK(find_stamp(body) == kStamp);
    Stamp hello = kStamp;
    hello.kind = Stamp::Kind::kHello;
    hello.number = 0;
    CHECK(find_stamp(payload.with(hello)) == hello);
}

TEST_CASE("a payload is as long as it is to be, and a stamp at least") {
    CHECK(Payload::of_size(1'000).with(kStamp).size() == 1'000);
    CHECK(find_stamp(Payload::of_size(1'000).with(kStamp)) == kStamp);
    CHECK(Payload::of_size(1).with(kStamp).size() == Stamp::kBytes);
}

TEST_CASE("a text without a place for the stamp is refused, and says which") {
    const auto none = Payload::of_text("{\"order\": 1}");
    REQUIRE(!none.ok());
    CHECK(none.error().message().find("{{bench}}") != std::string::npos);
}

TEST_CASE("what is no stamp, or half of one, is none") {
    const std::string whole(Payload::of_size(Stamp::kBytes).with(kStamp));
    CHECK(!find_stamp(""));
    CHECK(!find_stamp("an order"));
    CHECK(!find_stamp(whole.substr(0, whole.size() - 1)));
    for (size_t i = 0; i < whole.size(); i++) {
        std::string damaged = whole;
        damaged[i] = '~';
        CHECK_MESSAGE(!find_stamp(damaged), i);
    }
    std::string other_kind = whole;
    other_kind.back() = '7';
    CHECK(!find_stamp(other_kind));
}

TEST_CASE("the times of one machine are told from another's") {
    ManualClock here, there;
    const uint32_t boot = boot_of(here);
    here.advance(seconds(5'000));
    CHECK(same_boot(boot, boot_of(here)));
    CHECK(same_boot(boot, boot + 2));  // its wall clock was set
    CHECK(same_boot(boot + 2, boot));
    CHECK(!same_boot(boot, boot + 3));
    CHECK(!same_boot(boot, 0));
}
