// A step that does not come back from one function of its life, which `in` names, until nobody has
// the pipe `until` open for writing any more. From being loaded: with the pipe in LINGERS_UNTIL.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "plugins/sdk/zbridge_plugin.hpp"

namespace {

void linger(const std::string& pipe) {
    const int fd = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char byte = 0;
    // 0: nobody has it open.
    while (fd >= 0 && read(fd, &byte, 1) != 0) {
        pollfd waiting{fd, POLLIN, 0};
        (void)poll(&waiting, 1, -1);
    }
    if (fd >= 0) close(fd);
}

const bool kLoaded = [] {
    if (const char* pipe = std::getenv("LINGERS_UNTIL")) linger(pipe);
    return true;
}();

class Lingers final : public zbridge::Step {
 public:
    static constexpr zbridge::Option options[] = {
        zbridge::Option("in", ZB_OPTION_CHOICE, "The function that does not come back.")
            .one_of("nothing|create|start|drain|stop|destroy")
            .by_default("nothing"),
        zbridge::Option("until", ZB_OPTION_TEXT, "The pipe.").by_default("/dev/null"),
    };

    explicit Lingers(zbridge::Context& context)
        : Step(context),
          in_(context.options().text("in")),
          until_(context.options().text("until")) {
        linger_in("create");
    }
    ~Lingers() override { linger_in("destroy"); }
    Lingers(const Lingers&) = delete;
    Lingers& operator=(const Lingers&) = delete;

    void start() override { linger_in("start"); }
    void drain(std::chrono::nanoseconds) override { linger_in("drain"); }
    void stop() override { linger_in("stop"); }
    zbridge::Verdict on_message(zbridge::Message&) override { return pass(); }

 private:
    void linger_in(const char* function) const {
        if (in_ == function) linger(until_);
    }

    std::string in_, until_;
};

}  // namespace

ZBRIDGE_PLUGIN(Lingers, "lingers", "1.0.0", "Does not come back.")
