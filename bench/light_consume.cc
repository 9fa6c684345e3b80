// PULL or SUB consumers without libzmq: many sockets, one thread, large reads. Measures what all of
// them receive. Exit 1: a message was damaged, out of order, or lost on a PULL.
#include <sys/epoll.h>

#include <thread>

#include "bench/light_peer.h"
#include "bench/options.h"
#include "bench/reception.h"

using namespace zbridge::bench;

namespace {

constexpr size_t kReadBytes = 128 * 1024;

class LightConsumer {
 public:
    LightConsumer(int fd, const Reception& reception) : fd_(fd), reception_(reception) {}

    // One read, and each whole frame in it. False: the bridge has closed.
    bool take(std::vector<unsigned char>& buffer) {
        std::copy(rest_.begin(), rest_.end(), buffer.begin());
        const ssize_t got =
            recv(fd_, buffer.data() + rest_.size(), buffer.size() - rest_.size(), MSG_DONTWAIT);
        if (got <= 0) return got < 0 && errno == EAGAIN;
        const size_t size = rest_.size() + static_cast<size_t>(got);
        size_t at = 0;
        while (const size_t frame = frame_bytes(buffer.data() + at, size - at)) {
            on_frame(buffer.data() + at, frame);
            at += frame;
        }
        rest_.assign(buffer.begin() + static_cast<std::ptrdiff_t>(at),
                     buffer.begin() + static_cast<std::ptrdiff_t>(size));
        reception_.on_batch_end();
        return true;
    }

 private:
    static size_t header_bytes(const unsigned char* at) {
        return (at[0] & kFrameLong) != 0 ? 9 : 2;
    }

    // Of the whole frame at `at`, its header included; 0 when it is not all there.
    static size_t frame_bytes(const unsigned char* at, size_t size) {
        if (size < 2 || size < header_bytes(at)) return 0;
        uint64_t body = at[1];
        if ((at[0] & kFrameLong) != 0) {
            body = 0;
            for (int i = 1; i <= 8; ++i)
                body = body << 8 | at[i];
        }
        const uint64_t whole = header_bytes(at) + body;
        return whole <= size ? whole : 0;
    }

    void on_frame(const unsigned char* frame, size_t size) {
        if ((frame[0] & kFrameCommand) != 0) return;
        const size_t header = header_bytes(frame);
        reception_.on_message(frame + header, size - header);
    }

    int fd_;
    Reception reception_;
    std::vector<unsigned char> rest_;  // the beginning of a frame
};

void receive(std::vector<LightConsumer>& consumers, int poller, const Totals& totals) {
    std::vector<unsigned char> buffer(kReadBytes);
    std::array<epoll_event, 256> events;
    while (!totals.end) {
        const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < ready; ++i) {
            if (consumers[events[static_cast<size_t>(i)].data.u32].take(buffer)) continue;
            fmt::print(stderr, "the bridge closed a consumer\n");
            _exit(1);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    std::string type = "SUB";
    uint32_t count = 1;
    CLI::App app("Consumers without libzmq");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    app.add_option("--type", type)->check(CLI::IsMember({"SUB", "PULL"}));
    app.add_option("--consumers", count)->check(CLI::Range(1u, kConsumersMax));
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    Totals totals;
    Window window(window_options);
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    std::vector<LightConsumer> consumers;
    for (uint32_t i = 0; i < count; ++i) {
        const auto fd = open_light_peer(parse_address(options.address), type);
        if (!fd) {
            fmt::print(stderr, "no connection\n");
            return 1;
        }
        consumers.emplace_back(*fd, Reception(payload, control, totals, i));
        epoll_event event{.events = EPOLLIN, .data = {.u32 = i}};
        epoll_ctl(poller, EPOLL_CTL_ADD, *fd, &event);
    }
    std::thread receiver([&] { receive(consumers, poller, totals); });
    const uint32_t copies = type == "SUB" ? count : 1;  // PULLs share
    oversee(window, control, totals, copies);
    receiver.join();
    control.consumers_done = 1;
    return conclude(window, control, totals, copies, type == "PULL");
}
