// What a session asks as the command line does: ADMIN.
#include "bridge/protocol/report_codec.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

using telemetry::Report;

// An argument may be a message: as long as one may be.
size_t Session::header_bytes_max() const {
    return commons_.setup.admin ? commons_.setup.message_bytes_max : kHeaderBytesMax;
}

void Session::admin(const Command& command) {
    if (!commons_.setup.admin)
        return refuse(command, Refusal::kDenied, "it is answered at the admin socket alone");
    const auto args = command.args.empty() ? Result<Report>(Report::map()) : unpack(command.args);
    if (!args.ok())
        return refuse(command, Refusal::kMalformed, "ADMIN: `args`: " + args.error().message(),
                      true);
    if (const TellReport tell = begin_ask(command, &Session::say_answer))
        commons_.setup.admin(command.call, *args, tell);
}

void Session::say_answer(uint64_t ref, const Report& report) {
    send(pack_answer(ref, report));
}

}  // namespace zbridge::protocol
