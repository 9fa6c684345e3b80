// The step `throttle`: so many messages a second, of all or of each key. README.md tells its
// options.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>

#include "plugins/sdk/zbridge_plugin.hpp"
#include "plugins/throttle/buckets.h"

namespace zbridge {
namespace {

using throttle::Buckets;

class Throttle final : public Step {
 public:
    static constexpr Option options[] = {
        Option("rate", ZB_OPTION_NUMBER, "Messages a second, of each key in the long run.")
            .required()
            .short_form()
            .at_least("0.001")
            .at_most("1000000000")
            .such_as("100"),
        Option("burst", ZB_OPTION_COUNT,
               "Messages at once after a pause; else the rate, rounded up.")
            .at_least("1")
            .at_most("1000000000")
            .such_as("200"),
        Option("per", ZB_OPTION_CHOICE, "What messages have in common that share a rate.")
            .by_default("all")
            .one_of("all|user|address|order_key|tag|property"),
        Option("property", ZB_OPTION_TEXT, "Its name, with `per: property`.").such_as("customer"),
        Option("when_full", ZB_OPTION_CHOICE,
               "What becomes of a message above the rate: it waits, and its source with it, or is"
               " refused.")
            .by_default("hold")
            .one_of("hold|refuse"),
        Option("keys_max", ZB_OPTION_COUNT,
               "Keys that are counted; beyond it the one seen longest ago is forgotten.")
            .by_default("10000")
            .at_least("1")
            .at_most("1000000"),
    };

    explicit Throttle(Context& context) : Step(context) {
        const Options given = context.options();
        const double rate = given.number("rate");
        throttle::BucketOptions buckets;
        buckets.rate = rate;
        buckets.burst = std::ceil(rate);
        if (given.has("burst")) buckets.burst = static_cast<double>(given.integer("burst"));
        buckets.keys_max = static_cast<size_t>(given.integer("keys_max"));
        buckets_ = std::make_unique<Buckets>(buckets);

        per_ = given.text("per");
        property_ = given.text("property");
        if (per_ == "property" && property_.empty())
            given.refuse("per", "`per: property` needs `property: NAME`");
        if (per_ != "property" && !property_.empty())
            given.refuse("property", "`property` is for `per: property`");
        refuses_ = given.text("when_full") == "refuse";
        reason_ = "more than " + std::string(shown(rate)) + " a second" +
                  (per_ == "all" ? "" : " of its " + (per_ == "property" ? property_ : per_));
        held_ = context.counter("held", "times that a message had to wait");
        refused_ = context.counter("refused", "messages above the rate");
        keys_ = context.gauge("keys", "keys that are counted now");
        forgotten_ = context.gauge("forgotten", "keys forgotten because there were too many");
    }

    Verdict on_message(Message& message) override {
        const auto now_ns = static_cast<uint64_t>(context().now().count());
        const uint64_t wait_ns = buckets_->take(key_of(message), now_ns);
        keys_.set(static_cast<int64_t>(buckets_->size()));
        forgotten_.set(static_cast<int64_t>(buckets_->forgotten()));
        if (wait_ns == 0) return pass();
        if (refuses_) {
            refused_.add();
            return refuse(reason_);
        }
        held_.add();
        const std::chrono::nanoseconds wait(wait_ns);
        return hold(std::clamp<std::chrono::nanoseconds>(wait, kHoldLeast, kHoldMost));
    }

 private:
    static constexpr std::chrono::milliseconds kHoldLeast{1};
    static constexpr std::chrono::seconds kHoldMost{60};

    // Missing is a key too: messages without it share a rate.
    std::string_view key_of(const Message& message) {
        if (per_ == "all") return {};
        if (per_ == "user") return message.peer(ZB_PEER_USER);
        if (per_ == "address") return host_of(message.peer(ZB_PEER_ADDRESS));
        if (per_ == "order_key") return message.order_key();
        if (per_ == "tag") return message.tag();
        return words_of(message.property(property_));
    }

    // Without the port: who connects again, or twice, shares what it has.
    static std::string_view host_of(std::string_view address) {
        return address.starts_with("tcp://") ? address.substr(0, address.rfind(':')) : address;
    }

    std::string_view words_of(const PropertyValue& value) {
        if (const auto* text = std::get_if<std::string_view>(&value)) return *text;
        if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
        if (const auto* integer = std::get_if<int64_t>(&value)) return shown(*integer);
        if (const auto* number = std::get_if<double>(&value)) return shown(*number);
        return {};
    }
    template <class Number>
    std::string_view shown(Number number) {
        const char* const end = std::to_chars(digits_, digits_ + sizeof(digits_), number).ptr;
        return {digits_, static_cast<size_t>(end - digits_)};
    }

    std::unique_ptr<Buckets> buckets_;
    std::string per_, property_, reason_;
    bool refuses_ = false;
    Metric held_, refused_, keys_, forgotten_;
    char digits_[32];
};

}  // namespace

ZBRIDGE_PLUGIN(Throttle, "throttle", ZBRIDGE_VERSION,
               "Lets so many messages a second pass, of all or of each key.")
}  // namespace zbridge
