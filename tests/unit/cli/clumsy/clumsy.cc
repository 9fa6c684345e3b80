// A plugin that makes one mistake, as its option says: what `zbridge plugin check` must find.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

volatile char sink;  // what is read must be read

class Clumsy final : public zbridge::Step {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("mistake", ZB_OPTION_TEXT, "Which one.").by_default("none"),
        zbridge::Option("name", ZB_OPTION_TEXT, "A text of some length.").by_default("five!"),
    };

    explicit Clumsy(zbridge::Context& context)
        : Step(context), mistake_(context.options().text("mistake")) {
        const std::string_view name = context.options().text("name");
        if (mistake_ == "no_nul") sink = name.data()[name.size()];
        if (mistake_ == "create_opens") (void)dup(0);
        if (mistake_ == "create_crashes" && name.size() > 1000) std::abort();
    }

    void start() override {
        if (mistake_ == "thread_stays") std::thread([] { pause(); }).detach();
        if (mistake_ == "no_start") throw zbridge::Error("the device is not there");
    }

    zbridge::Verdict on_message(zbridge::Message& message) override {
        const std::string_view first = message.frame(0);
        calls_++;
        if (mistake_ == "reads_beyond") sink = first.data()[first.size()];
        if (mistake_ == "reads_later" && calls_ == 100 && !last_.empty()) sink = last_[0];
        if (!first.empty()) last_ = first;
        if (mistake_ == "writes" && !first.empty()) *const_cast<char*>(first.data()) = '!';
        if (mistake_ == "crashes" && calls_ == 12) raise(SIGSEGV);
        if (mistake_ == "exits" && calls_ == 12) _exit(3);
        if (mistake_ == "nonsense") return {42};
        if (mistake_ == "silent") return {ZB_ERROR};
        if (mistake_ == "aimless") return {ZB_ROUTE};
        if (mistake_ == "keeps")
            kept_.push_back(context().host().copy(context().handle(), message.handle()));
        return pass();
    }

 private:
    std::string mistake_;
    uint64_t calls_ = 0;
    std::string_view last_;
    std::vector<zb_message*> kept_;
};

}  // namespace

ZBRIDGE_PLUGIN(Clumsy, "clumsy", "1.0.0", "Makes a mistake.")
