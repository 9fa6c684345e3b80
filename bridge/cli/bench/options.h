// What all kinds of `zbridge bench` take on the command line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/cli/bench/measured.h"
#include "bridge/cli/bench/payload.h"
#include "bridge/cli/bench/place.h"
#include "bridge/cli/bench/schedule.h"
#include "bridge/cli/command.h"

namespace zbridge::cli::bench {

inline constexpr uint32_t kConsumersMax = 4096;  // sockets

struct Common {
    std::string bench;  // "e2e"
    std::string at, save, compare;
    bool json = false;
};

// Of those that send.
struct Load {
    std::string rate, time, file, first_frame;
    uint64_t messages = 0;
    size_t bytes = 100;
    uint16_t producers = 1;
    std::optional<uint64_t> window;

    // Ten seconds where nothing is said.
    Schedule schedule() const;
    // As figures tell of it: two runs are alike if these are.
    std::vector<std::pair<std::string, std::string>> described(const Payload& payload) const;
    // kInvalid, kIo: what is wrong with the file.
    Result<Payload> payload() const;
};

void declare_common(CLI::App& app, Common& common);
void declare_load(CLI::App& app, Load& load);
void declare_producers(CLI::App& app, Load& load);
void declare_consumers(CLI::App& app, uint32_t& consumers, std::string& subscribe);
// Of an option that is a rate: empty, or what is wrong with it.
std::string wrong_rate(const std::string& text);

// Looks up what the user names; a running bridge is asked only where a name has to be found.
class Places {
 public:
    Places(const Common& common, Terminal& terminal) : common_(common), terminal_(terminal) {}

    // None: what is wrong stands on the terminal, exit() is how the command ends.
    std::optional<Place> find(const std::string& reference);
    // The addresses of a service; `workers_at`: of its workers, where it is none that the bridge knows.
    std::optional<ServicePlace> find_service(const std::string& service,
                                             const std::string& workers_at, bool needs_workers);
    Exit exit() const { return exit_; }

 private:
    const telemetry::Report* status();
    std::nullopt_t refuse(const std::string& why, Exit exit);

    const Common& common_;
    Terminal& terminal_;
    std::optional<telemetry::Report> status_;
    Exit exit_ = Exit::kOk;
};

// Shows it, keeps it, compares it, as the options say.
Exit tell(const Measured& measured, const Common& common, Terminal& terminal);
Exit usage(const Common& common, const std::string& sentence, Terminal& terminal);

// By chance: no two runs have the same.
uint32_t new_run();

}  // namespace zbridge::cli::bench
