#include "bridge/cli/plugin_check/run_stage.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include <fmt/format.h>

#include "bridge/base/check.h"

// There under AddressSanitizer alone, whose own handlers tell more.
extern "C" void __asan_init() __attribute__((weak));

namespace zbridge::cli {

namespace {

// In the stage's process. Never returns.
[[noreturn]] void run(Board& board, const std::string& folder,
                      const std::function<void(Board&)>& stage) {
    const rlimit no_core{0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
        if (__asan_init == nullptr) (void)signal(number, SIG_DFL);
    }
    if (chdir(folder.c_str()) != 0) board.found("its folder is not there: " + folder);
    stage(board);
    board.end();
    _exit(0);
}

// True: the other end was closed, that is, the process has ended.
bool wait_for_end(int pipe, Duration limit) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
    pollfd ended{pipe, POLLIN, 0};
    int ready = 0;
    do {
        ready = poll(&ended, 1, static_cast<int>(ms));
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

// What became of the process, where it did not come to its end; empty: it did.
std::string fate(const Board& board, int status, bool in_time, Duration limit) {
    const std::string place = board.place();
    if (!in_time) {
        return fmt::format("it did not return from {} within {} s", place,
                           std::chrono::duration_cast<std::chrono::seconds>(limit).count());
    }
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        return fmt::format("it crashed in {} (signal {}: {})", place, number, strsignal(number));
    }
    if (!board.ended())
        return fmt::format(
            "it ended the process in {} (exit status {}): what it has printed says "
            "more",
            place, WEXITSTATUS(status));
    return "";
}

}  // namespace

StageReport run_stage(const std::string& name, const std::string& folder, Duration limit,
                      const std::function<void(Board&)>& stage) {
    void* shared =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    ZB_CHECK(shared != MAP_FAILED);
    ZB_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    Board& board = *new (shared) Board;
    board.at("its beginning");
    const pid_t child = fork();
    ZB_CHECK(child >= 0);
    if (child == 0) run(board, folder, stage);
    close(ends[1]);
    const bool in_time = wait_for_end(ends[0], limit);
    if (!in_time) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    close(ends[0]);
    StageReport report{name, board.said(), board.findings()};
    if (std::string sentence = fate(board, status, in_time, limit); !sentence.empty())
        report.findings.push_back(std::move(sentence));
    munmap(shared, sizeof(Board));
    return report;
}

}  // namespace zbridge::cli
