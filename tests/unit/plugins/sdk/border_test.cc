// What a class throws is an answer of the C function around it.
#include <doctest/doctest.h>

#include "plugins/sdk/zbridge_fake_host.hpp"
#include "plugins/sdk/zbridge_plugin.hpp"

using namespace zbridge;
using namespace zbridge::testing;

namespace {

struct Speechless final : std::exception {
    const char* what() const noexcept override { return nullptr; }
};

// Throws at each message what its body names.
class Thrower final : public Step {
 public:
    using Step::Step;
    Verdict on_message(Message& message) override {
        if (message.frame(0) == "error") throw Error("no");
        if (message.frame(0) == "well") throw Error("it went well", false, ZB_OK);
        if (message.frame(0) == "speechless") throw Speechless();
        if (message.frame(0) == "number") throw 7;
        return pass();
    }
};

class NeverMade final : public Step {
 public:
    explicit NeverMade(Context& context) : Step(context) {
        throw Error("it went well", false, ZB_OK);
    }
    Verdict on_message(Message&) override { return pass(); }
};

}  // namespace

TEST_CASE("an exception is an error, whatever it is and whatever code it has") {
    const zb_plugin plugin = border::describe<Thrower>("thrower", "1.0.0", "A test's own.");
    FakeHost host;
    auto step = host.create(&plugin);
    for (const auto& [body, error] : std::vector<std::pair<std::string, std::string>>{
             {"error", "no"},
             {"well", "it went well"},
             {"speechless", ""},
             {"number", "an exception that is none of the standard's"}}) {
        const auto result = step.step({body});
        CHECK(result.verdict == ZB_ERROR);
        CHECK(result.error == error);
    }
    CHECK(step.step({"nothing"}).verdict == ZB_PASS);
}

TEST_CASE("a constructor that throws makes no instance, whatever code the error has") {
    const zb_plugin plugin = border::describe<NeverMade>("never", "1.0.0", "A test's own.");
    FakeHost host;
    CHECK_THROWS_WITH_AS(host.create(&plugin), "it went well", std::runtime_error);
}
