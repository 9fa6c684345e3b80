// A plugin's auth as the doorkeeper of endpoints.
#pragma once

#include "bridge/net/doorkeeper.h"
#include "bridge/plugin/instance.h"

namespace zbridge::app {

class Auth final : public net::Doorkeeper {
 public:
    // Both outlive it.
    Auth(plugin::Instance& instance, plugin::Pulse& pulse) : instance_(instance), pulse_(pulse) {}
    std::string why_not(const net::Introduction& peer, std::string& user) override;

 private:
    plugin::Instance& instance_;
    plugin::Pulse& pulse_;
};

}  // namespace zbridge::app
