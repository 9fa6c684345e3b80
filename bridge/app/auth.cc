#include "bridge/app/auth.h"

namespace zbridge::app {

std::string Auth::why_not(const net::Introduction& peer, std::string& user) {
    using plugin::to_c;
    const zb_peer_claim claim{sizeof(zb_peer_claim), 0,
                              to_c(peer.endpoint),   to_c(name_of(peer.type)),
                              to_c(peer.identity),   to_c(peer.address),
                              to_c(peer.user),       to_c(peer.mechanism),
                              {nullptr, 0}};
    instance_.counters.calls++;
    std::string why = instance_.on_peer(claim, user, pulse_);
    if (!why.empty()) instance_.counters.refused++;
    return why;
}

}  // namespace zbridge::app
