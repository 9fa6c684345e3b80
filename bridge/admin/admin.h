// The calls of the command line, by their names: what answers each. They come to the admin endpoint as
// ADMINs of ZBP/1.
//
// Answers: at once, or later: of a call that has to ask the disk first.
// Limits:  protocol/limits.h says how many of a session may wait; a call does a bounded piece of work.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/protocol/commons.h"
#include "bridge/telemetry/report.h"

namespace zbridge::admin {

class Admin final {
 public:
    using Answer = std::function<Result<telemetry::Report>(const telemetry::Report& args)>;
    using Tell = protocol::TellReport;
    using LaterAnswer = std::function<void(const telemetry::Report& args, const Tell& tell)>;

    // What a call of this name is answered by. Before the first peer.
    void serve(std::string name, Answer answer) {
        serve_later(std::move(name),
                    [answer = std::move(answer)](const telemetry::Report& args, const Tell& tell) {
                        tell(answer(args));
                    });
    }
    // `tell` is called once, in the call or later.
    void serve_later(std::string name, LaterAnswer answer) {
        answers_.emplace(std::move(name), std::move(answer));
    }

    void ask(std::string_view call, const telemetry::Report& args, const Tell& tell) const;

 private:
    std::map<std::string, LaterAnswer, std::less<>> answers_;
};

}  // namespace zbridge::admin
