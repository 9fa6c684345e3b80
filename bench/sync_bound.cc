// What the disk itself allows: a file of zeros, written over with so many bytes at a time, each
// followed by fdatasync. Messages of --bytes a second that would fit into it, and the time of one
// write with its sync (p50, p99). The file is made in the current folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "bench/percentile.h"
#include "bench/window.h"

using namespace zbridge::bench;

namespace {

constexpr size_t kFileBytes = 64 << 20;  // as a segment of the journal

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    size_t message_bytes = 100, write_bytes = 1 << 20;
    double seconds = 3;
    CLI::App app("bare writes and syncs");
    app.add_option("--bytes", message_bytes, "size of a message");
    app.add_option("--write", write_bytes, "bytes of one write");
    app.add_option("--seconds", seconds);
    CLI11_PARSE(app, argc, argv);

    const int file = open("sync_bound", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) fail("open");
    const std::string zeros(write_bytes, '\0'), bytes(write_bytes, 'x');
    for (size_t at = 0; at + write_bytes <= kFileBytes; at += write_bytes) {
        if (pwrite(file, zeros.data(), write_bytes, static_cast<off_t>(at)) < 0) fail("pwrite");
    }
    if (fdatasync(file) != 0) fail("fdatasync");

    std::vector<uint32_t> times_ns;
    const auto began = Monotonic::now();
    size_t at = 0;
    while (seconds_between(began, Monotonic::now()) < seconds) {
        const auto before = Monotonic::now();
        if (pwrite(file, bytes.data(), write_bytes, static_cast<off_t>(at)) < 0) fail("pwrite");
        if (fdatasync(file) != 0) fail("fdatasync");
        times_ns.push_back(static_cast<uint32_t>((Monotonic::now() - before).count()));
        at = at + 2 * write_bytes <= kFileBytes ? at + write_bytes : 0;
    }
    const double took = seconds_between(began, Monotonic::now());
    const auto count = static_cast<double>(times_ns.size()) * static_cast<double>(write_bytes) /
                       static_cast<double>(message_bytes);
    std::sort(times_ns.begin(), times_ns.end());
    fmt::print("{{\"count\": {:.0f}, \"rate\": {:.1f}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}\n",
               count, count / took, percentile_us(times_ns, 0.5), percentile_us(times_ns, 0.99));
}
