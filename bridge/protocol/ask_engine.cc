#include "bridge/protocol/ask_engine.h"

#include <string>

#include "bridge/protocol/report_codec.h"

namespace zbridge::protocol {

namespace {

Code code_of(zb_result result) {
    switch (result) {
        case ZB_NOT_FOUND:
            return Code::kNotFound;
        case ZB_FULL:
            return Code::kBusy;
        case ZB_FAILED:
            return Code::kIo;
        default:
            return Code::kInvalid;
    }
}

}  // namespace

void ask_engine(plugin::Engine* engine, std::string_view verb, const telemetry::Report& args,
                const TellReport& tell) {
    if (engine == nullptr) {
        return tell(
            Status(Code::kNotFound, "this bridge has no topics: its file has none under `topics`"));
    }
    engine->admin(verb, pack(args), [tell](zb_result result, std::string_view body) {
        if (result != ZB_OK) return tell(Status(code_of(result), std::string(body)));
        tell(unpack(body));
    });
}

}  // namespace zbridge::protocol
