#include "bridge/intake/route.h"

namespace zbridge::intake {

void Route::show_to_watch(const Message& body, const Attributes* attributes,
                          const net::Peer* from) const {
    Passing passing;
    passing.way = Passing::Way::kRouted;
    passing.wire = body.wire();
    passing.attributes = attributes;
    if (from != nullptr) {
        passing.peer = from->id();
        passing.address = from->info().address;
        passing.identity = from->info().identity;
        passing.user = from->info().user;
    }
    watch->on_passing(passing);
}

}  // namespace zbridge::intake
