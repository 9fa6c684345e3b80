// What becomes of a message whose step has failed, where its `on_error` says dead_letter: it goes to
// the topic of the step's dead letters as it was before the step, with its attributes, and with what
// it died of as properties. It is due at once, whatever time it was meant for.
//
//   dead.route  dead.step  dead.reason  dead.died_ms
#pragma once

#include "bridge/base/clock.h"
#include "bridge/intake/route.h"

namespace zbridge::intake {

// REQUIRES: it has died. What it had of these names before, of another death, goes.
Attributes attributes_of_dead(const plugin::Item& item, const Route& route, const Clock& clock);

}  // namespace zbridge::intake
