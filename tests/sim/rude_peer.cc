#include "tests/sim/rude_peer.h"

namespace zbridge::sim {

std::string RudePeer::words() {
    const std::string proper = wire::greeting_3(Zmtp::k30) + wire::ready(type_, std::nullopt);
    switch (kind_) {
        case Kind::kSilent:
            return "";
        case Kind::kHalfGreeting:
            return wire::greeting_3(Zmtp::k30).substr(0, around_.random.below(64));
        case Kind::kGarbage: {
            std::string bytes(1 + around_.random.below(300), '\0');
            for (char& byte : bytes)
                byte = static_cast<char>(around_.random.next());
            bytes[0] = 'G';
            return bytes;
        }
        case Kind::kVersion1:
            return std::string("\1\0", 2) + "hello";
        case Kind::kLongCommand:
            return wire::greeting_3(Zmtp::k30) + std::string("\6\0\0\0\0\0\1\0\1", 9) +
                   std::string(70'000, 'x');
        case Kind::kMessageBeforeReady:
            return wire::greeting_3(Zmtp::k30) + wire::frame("too early", false);
        case Kind::kReservedFlags:
            return proper + std::string("\x40\1x", 3);
        case Kind::kHugeFrame:
            return proper + std::string("\2\x7f\0\0\0\0\0\0\0", 9);
        case Kind::kPair:
            return wire::greeting_3(Zmtp::k31) + wire::ready("PAIR", std::nullopt);
        case Kind::kTwoReadies:
            return proper + wire::ready(type_, std::nullopt);
        case Kind::kBadPing:
            return proper + wire::command("PING", "x");
        case Kind::kEndlessMessage: {
            std::string bytes = proper;
            for (int i = 0; i < 200; i++)
                bytes += wire::frame("more", true);
            return bytes;
        }
        case Kind::kHalfMessage:
            return proper + wire::frame("the first half", true);
    }
    return "";
}

void RudePeer::join() {
    link_ = around_.net.connect(port_, *this);
    if (link_ == SimNet::kRefused) {
        gone_ = true;
        return;
    }
    out_.append(words());
    write_some();
}

void RudePeer::write_some() {
    while (!gone_ && !out_.empty()) {
        const size_t taken = around_.net.app_write(link_, out_.view());
        out_.consume(taken);
        if (taken == 0) return;
    }
}

void RudePeer::on_arrived() {
    while (!gone_) {
        const SimNet::AppRead got = around_.net.app_read(link_, 1 << 20);
        reader_.feed(got.bytes);
        if (got.ended) return leave();
        if (got.bytes.empty()) return;
    }
}

std::vector<Frames> RudePeer::lost() {
    std::vector<Frames> frames;
    if (link_ == SimNet::kRefused) return frames;
    reader_.feed(around_.net.lost_by_app(link_));
    if (!reader_.greeted()) return frames;
    while (auto piece = reader_.next()) {
        if (!piece->is_command) frames.push_back(std::move(piece->frames));
    }
    return frames;
}

void RudePeer::leave() {
    if (gone_) return;
    gone_ = true;
    around_.net.app_close(link_);
}

}  // namespace zbridge::sim
