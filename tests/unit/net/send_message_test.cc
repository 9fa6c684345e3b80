#include "bridge/net/dialled/send_message.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace zbridge;

namespace {

// A socket as libzmq's: the frame numbered `fails_at`, of all that it is given, is refused as its
// connection ends, and the rest of that message is thrown away.
struct Socket {
    explicit Socket(size_t at) : fails_at(at) {}
    size_t fails_at;
    size_t frames = 0;
    bool dropping = false;
    std::string begun;
    std::vector<std::string> messages;

    bool operator()(std::string_view body, bool more) {
        if (dropping) {
            dropping = more;
            return true;
        }
        if (frames++ == fails_at) {
            dropping = more && !begun.empty();
            begun.clear();
            return false;
        }
        begun += body;
        if (more) return true;
        messages.push_back(std::move(begun));
        begun.clear();
        return true;
    }
};

std::string wire_of(const std::vector<std::string>& frames) {
    std::string wire;
    for (size_t i = 0; i < frames.size(); i++)
        append_frame(wire, frames[i], i + 1 < frames.size());
    return wire;
}

}  // namespace

TEST_CASE("a message whose connection ends in its middle does not take the next one with it") {
    for (size_t fails_at = 0; fails_at < 4; fails_at++) {
        Socket socket(fails_at);
        const net::Sent sent = net::send_message(wire_of({"a", "b", "c", "d"}), socket);
        CHECK(sent == (fails_at == 0 ? net::Sent::kLater : net::Sent::kLost));
        CHECK(net::send_message(wire_of({"e", "f"}), socket) == net::Sent::kSent);
        CHECK(socket.messages == std::vector<std::string>{"ef"});
    }
}

TEST_CASE("of a message that libzmq does not take now nothing is given") {
    Socket socket(0);
    CHECK(net::send_message(wire_of({"a", "b"}), socket) == net::Sent::kLater);
    CHECK(socket.frames == 1);
    CHECK(net::send_message(wire_of({"a", "b"}), socket) == net::Sent::kSent);
}
