#include "bridge/cli/plugin_check/subject.h"

#include <fmt/format.h>

namespace zbridge::cli {

Subject::Subject(const plugin::Declaration& declaration, const plugin::InstanceOptions& options,
                 const zb_host& host, const Clock& clock, Board& board)
    : declaration_(declaration),
      host_(host),
      clock_(clock),
      board_(board),
      services_{&clock, nullptr, &timers_, [] {}},
      context_(options, services_) {}

Subject::~Subject() {
    if (started_) stop();
    if (created_) destroy();
}

bool Subject::create(const std::string& place) {
    board_.at(place);
    const zb_result result = declaration_.plugin().create(&host_, &context_, &self_);
    created_ = result == ZB_OK;
    const auto& problems = context_.problems();
    if (!problems.empty()) {
        if (created_) destroy();
        error_ = problems.front().sentence;
        return false;
    }
    return answered(result, place);
}

bool Subject::start() {
    const bool alone = declaration_.step() == nullptr && declaration_.auth() == nullptr;
    const bool may_block =
        declaration_.step() != nullptr && (declaration_.step()->flags & ZB_STEP_MAY_BLOCK) != 0;
    if (!alone && !may_block) {
        context_.allow_reactor_calls([](void (*call)(void*), void* argument) { call(argument); });
    }
    board_.at("start");
    const auto start = declaration_.plugin().start;
    const zb_result result = start == nullptr ? zb_result{ZB_OK} : start(self_);
    started_ = result == ZB_OK;
    return answered(result, "start");
}

void Subject::drain() {
    board_.at("drain");
    if (declaration_.plugin().drain != nullptr)
        declaration_.plugin().drain(self_, ns_from_now(kDrainTime));
}

void Subject::stop() {
    started_ = false;
    board_.at("stop");
    if (declaration_.plugin().stop != nullptr) declaration_.plugin().stop(self_);
}

void Subject::destroy() {
    created_ = false;
    board_.at("destroy");
    declaration_.plugin().destroy(self_);
}

void Subject::turn() {
    context_.run_posted();
    timers_.run_due(clock_.now());
}

uint64_t Subject::ns_from_now(Duration time) const {
    return static_cast<uint64_t>((clock_.now() + time).time_since_epoch().count());
}

bool Subject::answered(zb_result result, const std::string& function) {
    if (result == ZB_OK) return true;
    error_ = context_.take_trouble().sentence;
    if (error_.empty()) {
        error_ = fmt::format("{} answered {}", function, result);
        board_.found(fmt::format("{} answered {} and did not say why: call set_error() first",
                                 function, result));
    }
    return false;
}

}  // namespace zbridge::cli
