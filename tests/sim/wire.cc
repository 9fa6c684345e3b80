#include "tests/sim/wire.h"

namespace zbridge::sim::wire {

namespace {

std::string length_8(uint64_t length) {
    std::string octets(8, '\0');
    for (size_t i = 8; i-- > 0; length /= 256)
        octets[i] = static_cast<char>(length % 256);
    return octets;
}

std::string framed(char flags, std::string_view body) {
    std::string out;
    if (body.size() > 255) {
        out.push_back(static_cast<char>(flags + 2));
        out += length_8(body.size());
    } else {
        out.push_back(flags);
        out.push_back(static_cast<char>(body.size()));
    }
    return out.append(body);
}

uint64_t octet(const std::string& bytes, size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::string frame(std::string_view body, bool more) {
    return framed(more ? 1 : 0, body);
}

std::string message(const Frames& frames) {
    std::string out;
    for (size_t i = 0; i < frames.size(); i++)
        out += frame(frames[i], i + 1 != frames.size());
    return out;
}

std::string command(std::string_view name, std::string_view data) {
    std::string body(1, static_cast<char>(name.size()));
    body.append(name).append(data);
    return framed(4, body);
}

std::string ready(std::string_view socket_type, std::optional<std::string_view> identity) {
    const auto property = [](std::string_view name, std::string_view value) {
        std::string out(1, static_cast<char>(name.size()));
        return out.append(name).append(length_8(value.size()).substr(4)).append(value);
    };
    std::string data = property("Socket-Type", socket_type);
    if (identity) data += property("Identity", *identity);
    return command("READY", data);
}

std::string greeting_3(Zmtp zmtp) {
    std::string out("\xff\0\0\0\0\0\0\0\0\x7f\x03", 11);
    out.push_back(zmtp == Zmtp::k31 ? 1 : 0);
    out += "NULL";
    out.resize(64, '\0');
    return out;
}

std::string greeting_2(uint8_t socket_type, std::string_view identity) {
    std::string out("\xff\0\0\0\0\0\0\0\1\x7f\x01", 11);
    out.push_back(static_cast<char>(socket_type));
    return out + frame(identity, false);
}

bool Reader::greeted() {
    if (greeted_) return true;
    const size_t have = bytes_.size();
    if (have >= 10 && (octet(bytes_, 0) != 0xff || octet(bytes_, 9) != 0x7f))
        fault_ = "no signature";
    if (have >= 11 && octet(bytes_, 10) != 3) fault_ = "not version 3";
    if (zmtp_ == Zmtp::k20) {
        if (have < 14 || have < 14 + octet(bytes_, 13)) return false;
        socket_type_2_ = static_cast<uint8_t>(bytes_[11]);
        if (bytes_[12] != 0) fault_ = "no identity frame";
        identity_2_ = bytes_.substr(14, octet(bytes_, 13));
        at_ = 14 + identity_2_.size();
    } else {
        if (have < 64) return false;
        if (bytes_[11] != 0) fault_ = "not version 3.0";
        if (bytes_.substr(12, 20) != std::string("NULL").append(16, '\0')) fault_ = "not NULL";
        at_ = 64;
    }
    greeted_ = true;
    return true;
}

std::optional<Piece> Reader::next() {
    for (;;) {
        if (at_ > 64 * 1024 && at_ > bytes_.size() / 2) {
            bytes_.erase(0, at_);
            erased_ += at_;
            at_ = 0;
        }
        const size_t have = bytes_.size() - at_;
        if (have < 2) return std::nullopt;
        const uint64_t flags = octet(bytes_, at_);
        if (flags > 7 || flags == 5 || flags == 7) fault_ = "flags " + std::to_string(flags);
        uint64_t length = octet(bytes_, at_ + 1);
        size_t header = 2;
        if (flags & 2) {
            header = 9;
            if (have < header) return std::nullopt;
            length = 0;
            for (size_t i = 1; i < 9; i++)
                length = length * 256 + octet(bytes_, at_ + i);
        }
        if (length > (uint64_t{1} << 32)) fault_ = "a length out of this world";
        if (!fault_.empty() || have < header + length) return std::nullopt;
        std::string body = bytes_.substr(at_ + header, length);
        at_ += header + length;
        if (flags & 4) {
            Piece piece{true, {}, {}, {}};
            const size_t name = body.empty() ? 0 : octet(body, 0);
            if (zmtp_ == Zmtp::k20) fault_ = "a command to ZMTP 2.0";
            if (name == 0 || body.size() < 1 + name) {
                fault_ = "a command without a name";
                return std::nullopt;
            }
            if (!frames_.empty())
                fault_ = "a command between frames";  // libzmq's peers stand it; we never do it
            piece.name = body.substr(1, name);
            piece.data = body.substr(1 + name);
            return piece;
        }
        frames_.push_back(std::move(body));
        if (flags & 1) continue;
        Piece piece;
        piece.frames.swap(frames_);
        return piece;
    }
}

}  // namespace zbridge::sim::wire
