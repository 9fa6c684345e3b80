#include "bridge/net/zmtp/mechanism.h"

namespace zbridge::net::zmtp {

namespace {

class NullMechanism final : public Mechanism {
 public:
    Step on_command(const Command& command, std::string&) override {
        if (command.name == "READY") {
            if (take_metadata(command.data)) return Step::kReady;
            detail_ = "a READY that cannot be read";
            return Step::kFailed;
        }
        detail_ = command.name == "ERROR"
                      ? "the peer refused us: " + std::string(error_reason(command.data))
                      : "a command before READY: " + std::string(command.name);
        return Step::kFailed;
    }
    std::string ready(std::string_view socket_type, std::string_view identity) const override {
        return ready_frame(socket_type, identity);
    }
};

}  // namespace

bool Mechanism::take_metadata(std::string_view data) {
    const auto properties = parse_properties(data);
    if (!properties) return false;
    socket_type_ = property(*properties, "Socket-Type");
    identity_ = property(*properties, "Identity");
    return identity_.size() <= 255;
}

std::unique_ptr<Mechanism> make_mechanism(std::string_view name) {
    if (name == "NULL") return std::make_unique<NullMechanism>();
    return nullptr;
}

}  // namespace zbridge::net::zmtp
