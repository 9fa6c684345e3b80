// A step with a thread of its own that needs a byte of a FIFO for each message: the test has the
// other end.
#include <fcntl.h>
#include <unistd.h>

#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

class Blocking final : public zbridge::Step {
 public:
    static constexpr bool may_block = true;
    static constexpr zbridge::Option options[] = {
        zbridge::Option("fifo", ZB_OPTION_TEXT, "Where the bytes come from.").required()};
    using Step::Step;

    void start() override {
        const std::string path(Step::options().text("fifo"));
        fifo_ = open(path.c_str(), O_RDWR);
        if (fifo_ < 0) throw zbridge::Error("cannot open " + path);
    }
    void stop() override { close(fifo_); }
    zbridge::Verdict on_message(zbridge::Message& message) override {
        char byte = 0;
        if (read(fifo_, &byte, 1) != 1) throw zbridge::Error("the FIFO has ended");
        message.set_frame(0, std::string(message.frame(0)) + "'");
        return pass();
    }

 private:
    int fifo_ = -1;
};

}  // namespace

ZBRIDGE_PLUGIN(Blocking, "blocking", "1.0.0", "Waits for a byte for each message.")
