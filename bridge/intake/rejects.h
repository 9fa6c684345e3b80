// What becomes of a message that a route refuses where nobody can be told: it goes to the route's
// `rejects`, if it has one, with the reason as properties (reject_reason, reject_detail,
// reject_route). One that the topic has no room for is counted: Route::rejects_dropped.
#pragma once

#include "bridge/intake/route.h"

namespace zbridge::intake {

void keep_refused(Route& route, const Message& body, Refusal why, std::string_view detail,
                  plugin::Engine* engine);

}  // namespace zbridge::intake
