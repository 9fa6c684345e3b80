// What a session asks as the command line does: of the bridge, and of the engine.
#include "bridge/protocol/report_codec.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

namespace {

using telemetry::Report;

Refusal refusal_of(Code code) {
    switch (code) {
        case Code::kNotFound:
            return Refusal::kNotFound;
        case Code::kBusy:
            return Refusal::kLineFull;
        case Code::kIo:
        case Code::kNoSpace:
            return Refusal::kStoreFailed;
        default:
            return Refusal::kUnable;
    }
}

}  // namespace

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
    if (asks_ >= kAsksMax)
        return refuse(command, Refusal::kLineFull, "as many calls have no answer yet as may");
    asks_++;
    const auto tell = [&ways = commons_.ways, id = peer_.id(),
                       ref = *command.ref](const Result<Report>& answer) {
        if (Session* its = ways.session(id)) its->answer(ref, answer);
    };
    commons_.setup.admin(command.call, *args, tell);
}

void Session::answer(uint64_t ref, const Result<Report>& answer) {
    asks_--;
    if (state_ == State::kGone) return;
    if (answer.ok()) {
        send(pack_answer(ref, *answer));
    } else {
        Command asked;
        asked.name = "ADMIN";
        asked.ref = ref;
        refuse(asked, refusal_of(answer.error().code()), answer.error().message());
    }
    end_bye_if_told();
}

}  // namespace zbridge::protocol
