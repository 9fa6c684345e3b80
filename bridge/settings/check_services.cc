// Services that resume against the engine that has to be there for it.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

// It may be left out where clients of the bridge's own protocol can take its place.
void check_side(const Value& service, std::string_view key, const std::string& name,
                std::string_view example, Draft& draft) {
    const auto is_zbp = [](const EndpointConfig& each) { return each.role == Role::kZbp; };
    const auto& endpoints = draft.config.endpoints;
    if (service.mentions(key) || std::any_of(endpoints.begin(), endpoints.end(), is_zbp)) return;
    draft.findings.error(
        service.key_place,
        fmt::format(
            "`{}` is missing in {}: expected a reference, as {} (or `bridge.listen`: clients "
            "of the bridge's own protocol need none)",
            key, in_quotes(name), example));
}

}  // namespace

void check_services(Draft& draft) {
    for (size_t i = 0; i < draft.config.services.size(); i++) {
        const rpc::ServiceOptions& options = draft.config.services[i].options;
        const Value& service = *draft.service_values[i];
        check_side(service, "clients", options.name, "accounts", draft);
        check_side(service, "workers", options.name, "account-workers", draft);
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
