// A step that does to each message what `does` says: most of it is what no step should.
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

class Unruly final : public zbridge::Step {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("does", ZB_OPTION_CHOICE, "What it does to a message.")
            .one_of("pass|mark|throw|nonsense|emit|keep|stay|dawdle|route|refuse")
            .by_default("pass"),
        zbridge::Option("mark", ZB_OPTION_TEXT, "What `mark` appends to it.").by_default("!"),
        zbridge::Option("only", ZB_OPTION_TEXT, "Only to messages that are this; others pass."),
        zbridge::Option("touches", ZB_OPTION_TEXT, "A file that start makes."),
        zbridge::Option("copies", ZB_OPTION_COUNT, "How many `emit` tries.").by_default("100"),
    };

    explicit Unruly(zbridge::Context& context)
        : Step(context),
          does_(context.options().text("does")),
          mark_(context.options().text("mark")),
          only_(context.options().text("only")) {}

    void start() override {
        if (!Step::options().has("touches")) return;
        const std::string path(Step::options().text("touches"));
        std::FILE* file = std::fopen(path.c_str(), "a");
        if (file == nullptr) throw zbridge::Error("cannot write " + path);
        std::fputs("started\n", file);
        std::fclose(file);
    }

    zbridge::Verdict on_message(zbridge::Message& message) override {
        if (!only_.empty() && message.frame(0) != only_) return pass();
        if (does_ == "mark") message.set_frame(0, std::string(message.frame(0)).append(mark_));
        if (does_ == "throw") throw std::runtime_error("it has thrown");
        if (does_ == "nonsense") return {4711};
        if (does_ == "emit") emit_all(message);
        if (does_ == "keep") return keep(message);
        if (does_ == "stay") wait(std::chrono::hours(1000));
        if (does_ == "dawdle") wait(std::chrono::milliseconds(200));
        if (does_ == "route") return route(message.frame(0));
        if (does_ == "refuse") return refuse("not this one");
        return pass();
    }

 private:
    void emit_all(zbridge::Message& message) {
        for (int64_t i = 0; i < Step::options().integer("copies"); i++)
            (void)emit(copy(message));
    }
    zbridge::Verdict keep(zbridge::Message& message) {
        zbridge::OwnMessage kept = copy(message);
        if (!kept) return refuse("it may keep no more");
        kept_.push_back(std::move(kept));
        return pass();
    }
    // For a condition that never comes true.
    void wait(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        never_.wait_for(lock, time, [] { return false; });
    }

    std::string_view does_, mark_, only_;
    std::vector<zbridge::OwnMessage> kept_;
    std::mutex mutex_;
    std::condition_variable never_;
};

}  // namespace

ZBRIDGE_PLUGIN(Unruly, "unruly", "1.0.0", "Does what a step should not.")
