// Many idle peers: opens TCP connections, goes through the ZMTP 3.0 handshake on each (and
// subscribes, as a SUB), then measures what the watched process has grown by. Raw sockets, so that
// 10,000 of them cost this side nothing.
//   bench_connections 127.0.0.1:PORT --type SUB --count 10000 --watch PID
// Exit 1: a connection was refused or its handshake did not end.
#include <sys/resource.h>

#include <thread>

#include "bench/light_peer.h"
#include "bench/options.h"

using namespace zbridge::bench;

int main(int argc, char** argv) {
    std::string address, type = "SUB";
    uint32_t count = 10'000;
    int watch_pid = 0;
    double settle_seconds = 1;
    CLI::App app("Many idle ZMTP peers");
    app.add_option("address", address, "127.0.0.1:PORT")->required();
    app.add_option("--type", type)
        ->check(CLI::IsMember({"SUB", "PUSH", "PULL", "REQ", "REP", "DEALER"}));
    app.add_option("--count", count);
    app.add_option("--watch", watch_pid)->required();
    app.add_option("--settle", settle_seconds, "seconds to wait before each look at the memory");
    CLI11_PARSE(app, argc, argv);

    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    const sockaddr_in to = parse_address(address);
    const auto settle = [&] {
        std::this_thread::sleep_for(std::chrono::duration<double>(settle_seconds));
    };
    settle();
    const uint64_t before_kib = rss_kib_of(watch_pid);
    const auto began = Monotonic::now();
    uint32_t opened = 0;
    while (opened < count && open_light_peer(to, type, "t"))
        ++opened;
    const double took = seconds_between(began, Monotonic::now());
    settle();
    const uint64_t after_kib = rss_kib_of(watch_pid);

    const double bytes_each =
        opened == 0
            ? 0
            : (static_cast<double>(after_kib) - static_cast<double>(before_kib)) * 1024 / opened;
    fmt::print(
        "{{\"connections\": {}, \"rss_before_kib\": {}, \"rss_after_kib\": {}, "
        "\"bytes_a_connection\": {:.0f}, "
        "\"connections_a_second\": {:.0f}}}\n",
        opened, before_kib, after_kib, bytes_each, opened / took);
    return opened == count ? 0 : 1;
}
