#include "bridge/cli/top/asker.h"

#include <sstream>
#include <string_view>
#include <utility>

#include "bridge/cli/asked.h"

namespace zbridge::cli::top {

using telemetry::Report;

namespace {
constexpr std::string_view kOurName = "zbridge: ";  // before what commands say
}

Asker::Asker(std::string at, settings::Environment environment, const Clock& clock)
    : at_(std::move(at)), environment_(std::move(environment)), clock_(clock) {}

void Asker::go_on(bool peers) {
    if (answer_.valid() || clock_.now() < due_) return;
    due_ = clock_.now() + kEvery;
    answer_ = std::async(
        std::launch::async, [at = at_, environment = environment_, peers, &clock = clock_] {
            std::ostringstream said;
            Terminal quiet{.out = said, .err = said, .environment = environment};
            Report args = Report::map();
            args.add("peers", peers);
            auto [answer, exit] = ask_bridge(at, "status", std::move(args), quiet, kAnswerTime);
            if (answer) return Answer{*std::move(answer), peers, clock.now(), 0};
            std::string why = said.str();
            why = why.substr(0, why.find('\n'));
            if (why.starts_with(kOurName)) why.erase(0, kOurName.size());
            return Answer{Status(Code::kUnavailable, std::move(why)), peers, clock.now(),
                          static_cast<int>(exit)};
        });
}

std::optional<Asker::Answer> Asker::take() {
    if (!answer_.valid() || answer_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
        return std::nullopt;
    return answer_.get();
}

Asker::Answer Asker::wait() {
    return answer_.get();
}

}  // namespace zbridge::cli::top
