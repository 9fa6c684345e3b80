// The stage "life cycle", and what all stages share of it.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "bridge/cli/plugin_check/stages.h"
#include "bridge/cli/plugin_check/subject.h"

// There under AddressSanitizer alone: 1 where something has leaked, which it then prints.
extern "C" int __lsan_do_recoverable_leak_check() __attribute__((weak));

namespace zbridge::cli {

namespace {

constexpr int kLives = 2;
constexpr std::string_view kHint = "options that work here: --set KEY=VALUE";
constexpr Duration kStartMax = std::chrono::seconds(5);

size_t entries_of(const char* folder) {
    std::error_code ignored;
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder, ignored),
                                             std::filesystem::directory_iterator()));
}

// What the process has of the system.
struct Holdings {
    size_t files = entries_of("/proc/self/fd");
    size_t threads = entries_of("/proc/self/task");

    // "2 files and 1 thread" more than before; empty: no more.
    std::string beyond(const Holdings& before) const {
        std::string text;
        const auto add = [&](size_t now, size_t then, std::string_view noun) {
            if (now <= then) return;
            text += fmt::format("{}{} {}{}", text.empty() ? "" : " and ", now - then, noun,
                                now - then == 1 ? "" : "s");
        };
        add(files, before.files, "open file");
        add(threads, before.threads, "thread");
        return text;
    }
};

// False: it did not come to its end, and there is a finding.
bool live_once(const Checked& checked, const plugin::InstanceOptions& options) {
    Board& board = checked.board;
    const Holdings before;
    Subject subject(checked.declaration, options, plugin::host_table(), checked.clock, board);
    if (!subject.create()) {
        board.found(fmt::format("create failed: {} ({})", subject.error(), kHint));
        return false;
    }
    if (const std::string more = Holdings().beyond(before); !more.empty()) {
        board.found(
            fmt::format("create has side effects, {}: `zbridge check` calls it too; they "
                        "belong into start",
                        more));
    }
    const Instant begin = checked.clock.now();
    if (!subject.start()) {
        board.found(fmt::format("start failed: {} ({})", subject.error(), kHint));
        return false;
    }
    if (checked.clock.now() - begin > kStartMax) board.found("start took longer than 5 s");
    const Instant drained = checked.clock.now();
    subject.drain();
    if (checked.clock.now() - drained > Subject::kDrainTime + std::chrono::seconds(1))
        board.found("drain did not keep to its deadline");
    end_subject(subject, checked);
    if (const std::string more = Holdings().beyond(before); !more.empty())
        board.found(fmt::format("after stop and destroy there is still {}", more));
    return true;
}

}  // namespace

void check_life_cycle(const Checked& checked) {
    const auto options = sample_options(checked.declaration.declared(), checked.settings.given);
    if (!options.ok()) {
        for (const std::string& error : options.error())
            checked.board.found(error);
        return;
    }
    for (int life = 0; life < kLives; life++)
        if (!live_once(checked, *options)) return;
    checked.board.at("the search for leaks");
    if (__lsan_do_recoverable_leak_check != nullptr && __lsan_do_recoverable_leak_check() != 0)
        checked.board.found("it leaks memory: the report of AddressSanitizer says where");
    checked.board.say(fmt::format("create, start, drain, stop and destroy, {} times", kLives));
}

std::unique_ptr<Subject> started_subject(const Checked& checked, const zb_host& host) {
    const auto options = sample_options(checked.declaration.declared(), checked.settings.given);
    if (!options.ok()) return nullptr;  // a finding of the life cycle
    auto subject = std::make_unique<Subject>(checked.declaration, *options, host, checked.clock,
                                             checked.board);
    if (!subject->create() || !subject->start()) return nullptr;
    return subject;
}

void end_subject(Subject& subject, const Checked& checked) {
    subject.stop();
    subject.destroy();
    const size_t kept = subject.context().kept_messages();
    if (kept == 0) return;
    checked.board.found(fmt::format("{} message{} that it has made or copied {} never released",
                                    kept, kept == 1 ? "" : "s", kept == 1 ? "was" : "were"));
}

}  // namespace zbridge::cli
