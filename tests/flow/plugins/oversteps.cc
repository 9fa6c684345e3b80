// A step that touches what is not its own: `does` says what. Only AddressSanitizer sees it.
#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

class Oversteps final : public zbridge::Step {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("does", ZB_OPTION_CHOICE, "What it does to a message.")
            .one_of("nothing|write_behind|read_behind|read_later")
            .by_default("nothing"),
    };

    explicit Oversteps(zbridge::Context& context)
        : Step(context), does_(context.options().text("does")) {}

    zbridge::Verdict on_message(zbridge::Message& message) override {
        if (does_ == "write_behind") write_behind(message.frame(0));
        if (does_ == "read_behind") read_at(message.frame(0), message.frame(0).size());
        if (does_ == "read_later" && !last_.empty()) read_at(last_, 0);
        last_ = message.frame(0);
        return pass();
    }

 private:
    [[gnu::noinline]] static void write_behind(std::string_view frame) {
        const_cast<volatile char*>(frame.data())[frame.size()] = 'x';
    }
    [[gnu::noinline]] static void read_at(std::string_view frame, size_t at) {
        (void)static_cast<const volatile char*>(frame.data())[at];
    }

    std::string does_;
    std::string_view last_;
};

}  // namespace

ZBRIDGE_PLUGIN(Oversteps, "oversteps", "1.0.0", "Touches what is not its own.")
