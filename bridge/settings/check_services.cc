// Services that resume against the engine that has to be there for it.
#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

void check_services(Draft& draft) {
    for (size_t i = 0; i < draft.config.services.size(); i++) {
        const rpc::ServiceOptions& options = draft.config.services[i].options;
        const Value& service = *draft.service_values[i];
        const auto* restart = service.written_at("restart");
        if (options.resume && !draft.has_engine)
            draft.findings.error(restart->place,
                                 why_no_engine("`restart`: " + in_quotes("resume"), draft));
        const auto* durable = service.written_at("reply_durable");
        if (options.reply_durable && !options.resume && service.find("restart") != nullptr)
            draft.findings.error(durable->key_place,
                                 "`reply_durable` needs `restart: resume` beside it: nothing of "
                                 "the service is stored without");
    }
}

}  // namespace zbridge::settings
