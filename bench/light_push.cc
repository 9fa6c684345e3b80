// A PUSH producer without libzmq: writes batches of encoded messages until the control page says
// stop.
#include "bench/control_page.h"
#include "bench/light_peer.h"
#include "bench/options.h"
#include "bench/payload.h"

using namespace zbridge::bench;

namespace {

// A run of encoded messages whose sequences are filled in for each sending.
class Batch {
 public:
    Batch(const Payload& payload, size_t messages) : messages_(messages) {
        std::string header;
        if (payload.size() < 256) {
            header = std::string(1, '\0') + static_cast<char>(payload.size());
        } else {
            header = std::string(1, static_cast<char>(kFrameLong));
            for (int shift = 56; shift >= 0; shift -= 8) {
                header += static_cast<char>((payload.size() >> shift) & 0xff);
            }
        }
        std::string body(payload.size(), '\0');
        payload.write(0, body.data());
        for (size_t i = 0; i < messages; ++i)
            bytes_ += header + body;
        sequence_at_ = header.size();
        stride_ = header.size() + body.size();
    }

    std::string_view numbered_from(uint64_t sequence) {
        for (size_t i = 0; i < messages_; ++i, ++sequence) {
            std::memcpy(bytes_.data() + i * stride_ + sequence_at_, &sequence, sizeof(sequence));
        }
        return bytes_;
    }

 private:
    std::string bytes_;
    size_t messages_, sequence_at_ = 0, stride_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    CLI::App app("PUSH producer without libzmq");
    add_peer_options(app, options);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const auto fd = open_light_peer(parse_address(options.address), "PUSH");
    if (!fd) {
        fmt::print(stderr, "no connection\n");
        return 1;
    }
    constexpr size_t kBatchBytes = 64 * 1024;
    const size_t batch_messages = std::max<size_t>(1, kBatchBytes / (options.message_bytes + 9));
    Batch batch(Payload(options.message_bytes), batch_messages);
    uint64_t sent = 0;
    while (!control.stopped()) {
        if (!send_all(*fd, batch.numbered_from(sent))) {
            fmt::print(stderr, "the bridge took nothing for five seconds, or closed\n");
            return 1;
        }
        sent += batch_messages;
    }
    control.producer_done(sent);
    fmt::print("{{\"sent\": {}}}\n", sent);
    while (control.consumers_done == 0)
        usleep(1000);  // a close would be the end of what is under way
}
