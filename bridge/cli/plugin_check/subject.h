// One instance of the plugin that is checked, driven by hand through its life.
#pragma once

#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/timers.h"
#include "bridge/cli/plugin_check/board.h"
#include "bridge/plugin/context.h"
#include "bridge/plugin/declaration.h"

namespace zbridge::cli {

class Subject {
 public:
    static constexpr Duration kDrainTime = std::chrono::milliseconds(200);

    // All outlive it.
    Subject(const plugin::Declaration& declaration, const plugin::InstanceOptions& options,
            const zb_host& host, const Clock& clock, Board& board);
    ~Subject();
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;

    // Each says on the board where it is. False: it failed; error() says why.
    bool create(const std::string& place = "create");  // `place`: what the board says
    bool start();
    void drain();
    void stop();
    void destroy();
    void turn();  // what the reactor would do between two messages

    zb_context& context() { return context_; }
    void* self() { return self_; }
    const std::string& error() const { return error_; }
    uint64_t ns_from_now(Duration time) const;

 private:
    bool answered(zb_result result, const std::string& function);

    const plugin::Declaration& declaration_;
    const zb_host& host_;
    const Clock& clock_;
    Board& board_;
    Timers timers_;
    plugin::Services services_;
    zb_context context_;
    void* self_ = nullptr;
    bool created_ = false;
    bool started_ = false;
    std::string error_;
};

}  // namespace zbridge::cli
