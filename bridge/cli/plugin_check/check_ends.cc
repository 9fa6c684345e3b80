// The stages of what stands at the ends of a route: "reads" of a source, "batches" of a sink; and
// "peers" of an auth.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bridge/base/random.h"
#include "bridge/cli/plugin_check/loans.h"
#include "bridge/cli/plugin_check/random_message.h"
#include "bridge/cli/plugin_check/stages.h"
#include "bridge/cli/plugin_check/subject.h"

namespace zbridge::cli {

namespace {

constexpr uint32_t kReads = 20;
constexpr Duration kReadWait = std::chrono::milliseconds(50);
constexpr Duration kReadMax = std::chrono::seconds(1);
constexpr size_t kWindow = 64;

constexpr uint64_t kBatches = 200;
constexpr uint64_t kBatchMessagesMax = 64;

constexpr uint64_t kClaims = 1000;
constexpr size_t kUserBytesMax = 255;

struct Reads {
    uint64_t delivered = 0, failed = 0, hurried = 0, late = 0;
    std::string last_error;
};

// Every third message is refused: what was delivered must not be relied on to be taken.
void give_outcomes(const Checked& checked, Subject& subject, const plugin::ReadCall& call) {
    std::vector<zb_outcome> outcomes;
    for (const auto& delivered : call.delivered) {
        const bool refused = outcomes.size() % 3 == 2;
        const zb_view reason = refused ? plugin::to_c("no_route") : zb_view{nullptr, 0};
        outcomes.push_back({delivered.cookie,
                            static_cast<uint32_t>(refused ? ZB_REFUSED : ZB_ACCEPTED), 0, reason});
    }
    if (outcomes.empty()) return;
    checked.board.at("on_outcomes");
    checked.declaration.source()->on_outcomes(subject.self(), outcomes.data(),
                                              static_cast<uint32_t>(outcomes.size()));
}

void read_once(const Checked& checked, Subject& subject, Reads& reads) {
    plugin::ReadCall call;
    call.messages_max = kWindow;
    call.bytes_max = 1 << 20;
    subject.context().read_call = &call;
    checked.board.at("read");
    const Instant before = checked.clock.now();
    const zb_result result =
        checked.declaration.source()->read(subject.self(), subject.ns_from_now(kReadWait));
    const Duration time = checked.clock.now() - before;
    subject.context().read_call = nullptr;
    reads.delivered += call.delivered.size();
    if (time > kReadWait + kReadMax) reads.late++;
    if (result != ZB_OK) {
        reads.failed++;
        reads.last_error = subject.context().take_trouble().sentence;
        if (reads.last_error.empty())
            checked.board.found("read failed and did not say why: call set_error() first");
    } else if (call.delivered.empty() && time < kReadWait / 2) {
        reads.hurried++;
    }
    give_outcomes(checked, subject, call);
}

std::string text_of(Random& chance) {
    return random_message(chance).attributes.id.value_or("someone");
}

}  // namespace

void check_source(const Checked& checked) {
    if (checked.declaration.source() == nullptr) return;
    const auto subject = started_subject(checked, plugin::host_table());
    if (!subject) return;
    Reads reads;
    for (uint32_t i = 0; i < kReads; i++)
        read_once(checked, *subject, reads);
    subject->drain();
    end_subject(*subject, checked);
    if (reads.late > 0)
        checked.board.found(fmt::format("{} of {} reads took more than 1 s beyond their deadline",
                                        reads.late, kReads));
    if (reads.hurried > kReads / 2) {
        checked.board.found(
            fmt::format("{} of {} reads returned at once with nothing: the bridge "
                        "calls again at once, so a read with nothing waits until "
                        "its deadline",
                        reads.hurried, kReads));
    }
    std::string said =
        fmt::format("{} reads: {} messages, each was given its outcome", kReads, reads.delivered);
    if (reads.failed > 0)
        said += fmt::format("; {} failed (the last: {})", reads.failed, reads.last_error);
    checked.board.say(said);
}

void check_sink(const Checked& checked) {
    const zb_sink* sink = checked.declaration.sink();
    if (sink == nullptr) return;
    Loans loans;
    const auto subject = started_subject(checked, loans.host());
    if (!subject) return;
    SeededRandom chance(checked.settings.seed);
    const uint64_t largest = sink->batch_messages == 0
                                 ? kBatchMessagesMax
                                 : std::min<uint64_t>(sink->batch_messages, kBatchMessagesMax);
    std::array<uint64_t, 3> answered{};
    uint64_t unknown = 0, failed = 0;
    std::string last_error;
    bool wrote = false;
    for (uint64_t batch = 0; batch < kBatches; batch++) {
        std::vector<std::unique_ptr<zb_message>> messages;
        std::vector<zb_message*> handles;
        for (uint64_t i = 1 + chance.below(largest); i > 0; i--) {
            messages.push_back(std::make_unique<zb_message>());
            (void)messages.back()->own(random_message(chance), nullptr);  // on the check's account
            handles.push_back(messages.back().get());
            loans.begin(handles.back());
        }
        std::vector<uint32_t> answers(handles.size(), ZB_RETRY);
        checked.board.at(fmt::format("on_batch, batch {}", batch + 1));
        const zb_result result = sink->on_batch(
            subject->self(), handles.data(), static_cast<uint32_t>(handles.size()), answers.data());
        wrote = !loans.end() || wrote;
        for (const uint32_t answer : answers)
            (answer < answered.size() ? answered[answer] : unknown)++;
        if (result == ZB_OK) continue;
        failed++;
        last_error = subject->context().take_trouble().sentence;
        if (last_error.empty())
            checked.board.found("on_batch failed and did not say why: call set_error() first");
    }
    subject->drain();
    end_subject(*subject, checked);
    if (unknown > 0)
        checked.board.found(fmt::format("{} answers of on_batch are none that there is", unknown));
    if (wrote) checked.board.found("it writes into views that it was given to read");
    std::string said = fmt::format("{} batches: done {}, retry {}, reject {}", kBatches,
                                   answered[ZB_DONE], answered[ZB_RETRY], answered[ZB_REJECT]);
    if (failed > 0) said += fmt::format("; {} failed (the last: {})", failed, last_error);
    checked.board.say(said);
}

void check_auth(const Checked& checked) {
    const zb_auth* auth = checked.declaration.auth();
    if (auth == nullptr) return;
    Loans loans;
    const auto subject = started_subject(checked, loans.host());
    if (!subject) return;
    SeededRandom chance(checked.settings.seed);
    uint64_t allowed = 0;
    for (uint64_t i = 0; i < kClaims; i++) {
        checked.board.at("on_peer");
        checked.board.number(i + 1);
        const std::array<std::string, 4> texts{text_of(chance), text_of(chance), text_of(chance),
                                               text_of(chance)};
        const auto lent = [&](std::string_view text) { return loans.lend(plugin::to_c(text)); };
        const zb_peer_claim claim{sizeof(zb_peer_claim), 0,
                                  lent(texts[0]),        lent("REQ"),
                                  lent(texts[1]),        lent("tcp://127.0.0.1:41234"),
                                  lent(texts[2]),        lent("PLAIN"),
                                  lent(texts[3])};
        plugin::StepCall call;
        subject->context().step_call = &call;
        zb_view user = claim.user;
        const bool allows = auth->on_peer(subject->self(), &claim, &user) == ZB_ALLOW;
        subject->context().step_call = nullptr;
        if (allows && user.size > kUserBytesMax)
            checked.board.found("a user of more than 255 bytes: the peer is denied");
        allowed += allows ? 1 : 0;
        (void)loans.end();
        subject->turn();
    }
    checked.board.number(0);
    end_subject(*subject, checked);
    checked.board.say(fmt::format("{} peers: {} allowed", kClaims, allowed));
}

}  // namespace zbridge::cli
