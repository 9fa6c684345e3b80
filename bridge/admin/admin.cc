#include "bridge/admin/admin.h"

namespace zbridge::admin {

void Admin::ask(std::string_view call, const telemetry::Report& args, const Tell& tell) const {
    const auto found = answers_.find(call);
    if (found == answers_.end())
        return tell(
            Status(Code::kNotFound, "this bridge knows no call `" + std::string(call) + "`"));
    found->second(args, tell);
}

}  // namespace zbridge::admin
