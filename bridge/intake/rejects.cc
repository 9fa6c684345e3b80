#include "bridge/intake/rejects.h"

namespace zbridge::intake {

void keep_refused(Route& route, const Message& body, Refusal why, std::string_view detail,
                  plugin::Engine* engine) {
    if (!route.rejects) return;
    Attributes attributes;
    attributes.properties = {{"reject_reason", std::string(name_of(why))},
                             {"reject_detail", std::string(detail)},
                             {"reject_route", route.name}};
    const plugin::Publication publication{*route.rejects, &body, &attributes};
    const bool kept = engine->has_room() && !engine->publish({&publication, 1}).why;
    (kept ? route.rejects_kept : route.rejects_dropped)++;
}

}  // namespace zbridge::intake
