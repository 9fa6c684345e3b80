// What the programs of one run tell each other beside the messages: a shared page, so that it costs
// the run nothing.
//
// Flow:    run.py creates the file (zeros) -> consumers say they are ready -> producers send -> the
//          consumer's window ends and it says stop -> each producer says how much it has sent ->
//          the consumer knows when it has all.
// Limits:  kConsumersMax consumers with a progress of their own.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace zbridge::bench {

inline constexpr uint32_t kConsumersMax = 1024;

struct ControlPage {
    std::atomic<uint32_t> stop;  // set by the consumer (or the clients) when the window has ended
    std::atomic<uint32_t> consumers_ready;  // consumers that have seen a message
    std::atomic<uint32_t> producers_done;
    std::atomic<uint32_t> consumers_done;  // they have all that will come: producers may close
    std::atomic<uint64_t> sent;            // by the producers that are done, together

    struct alignas(64) Progress {
        std::atomic<uint64_t> next;  // the sequence this consumer waits for
    };
    std::array<Progress, kConsumersMax> progress;

    bool stopped() const { return stop.load(std::memory_order_relaxed) != 0; }

    // The sequence that the slowest of the first `consumers` waits for.
    uint64_t slowest(uint32_t consumers) const {
        uint64_t least = ~uint64_t{0};
        for (uint32_t i = 0; i < consumers; ++i) {
            least = std::min(least, progress[i].next.load(std::memory_order_relaxed));
        }
        return least;
    }

    void producer_done(uint64_t count) {
        sent.fetch_add(count);
        producers_done.fetch_add(1);
    }
};
static_assert(std::atomic<uint64_t>::is_always_lock_free, "the page is shared by processes");

// Maps the page for the life of the process; throws std::system_error. An empty path: a page of its
// own.
inline ControlPage& map_control_page(const std::string& path) {
    const auto fail = [&](const char* what) {
        throw std::system_error(errno, std::generic_category(), what + (" " + path));
    };
    const int flags = path.empty() ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    int fd = -1;
    if (!path.empty()) {
        fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) fail("open");
        if (ftruncate(fd, sizeof(ControlPage)) != 0) fail("ftruncate");
    }
    void* page = mmap(nullptr, sizeof(ControlPage), PROT_READ | PROT_WRITE, flags, fd, 0);
    if (page == MAP_FAILED) fail("mmap");
    if (fd >= 0) close(fd);
    return *static_cast<ControlPage*>(page);
}

}  // namespace zbridge::bench
