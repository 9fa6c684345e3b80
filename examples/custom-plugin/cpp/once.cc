// once: drops a message whose last frame is one of those that came before.
#include <deque>
#include <string>
#include <unordered_set>

#include <zbridge_plugin.hpp>

namespace {

class Once final : public zbridge::Step {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("last", ZB_OPTION_COUNT, "How many bodies are remembered.")
            .by_default("1000")
            .at_least("1")
            .at_most("100000"),
    };

    explicit Once(zbridge::Context& context)
        : zbridge::Step(context), last_(static_cast<size_t>(context.options().integer("last"))) {
        repeated_ = context.counter("repeated", "messages that had come before");
    }

    zbridge::Verdict on_message(zbridge::Message& message) override {
        const std::string body(message.frame(message.frame_count() - 1));
        if (body.size() > kBytesMax) return pass();
        if (!seen_.insert(body).second) {
            repeated_.add();
            return drop();
        }
        order_.push_back(body);
        if (order_.size() > last_) {
            seen_.erase(order_.front());
            order_.pop_front();
        }
        return pass();
    }

 private:
    static constexpr size_t kBytesMax = 64 << 10;

    size_t last_;
    std::unordered_set<std::string> seen_;
    std::deque<std::string> order_;
    zbridge::Metric repeated_;
};

}  // namespace

ZBRIDGE_PLUGIN(Once, "once", "1.0.0", "Drops a message that has come before.")
