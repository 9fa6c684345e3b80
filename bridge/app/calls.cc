#include "bridge/app/calls.h"

#include "bridge/app/status_report.h"

namespace zbridge::app {

Calls::Calls(Bridge& bridge, const Clock& clock)
    : bridge_(bridge), clock_(clock), admin_(bridge.reactor().memory()) {
    admin_.serve("status", [this](const telemetry::Report& args) -> Result<telemetry::Report> {
        return status_report(bridge_, clock_.now(), args.at("peers").text() != "false");
    });
}

Status Calls::serve(const std::string& path) {
    net::Endpoint::Setup setup;
    setup.id = EndpointId(static_cast<uint32_t>(bridge_.config().endpoints.size()));
    setup.name = "admin";
    setup.our_identity = bridge_.config().bridge.name;
    setup.private_ipc = true;
    setup.reserved = true;  // a bridge whose places are all taken is worth a look
    setup.options.limits.peers_max = kCallersMax;
    setup.accepts = {SocketType::kReq, SocketType::kDealer};
    net::Address address;
    address.transport = net::Address::Transport::kIpc;
    address.path = path;
    return bridge_.add_endpoint(std::move(setup), admin_, address);
}

}  // namespace zbridge::app
