// ZMTP as an application speaks it, written from the RFCs (15, 23, 37) and sharing nothing with the
// bridge's decoder: what both get wrong alike would not be seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::sim {

using Frames = std::vector<std::string>;

enum class Zmtp : uint8_t { k20, k30, k31 };

namespace wire {

std::string frame(std::string_view body, bool more);
std::string message(const Frames& frames);
std::string command(std::string_view name, std::string_view data);
std::string ready(std::string_view socket_type, std::optional<std::string_view> identity);
// All that a peer of ZMTP 3 says before READY; all that one of 2.0 says before its messages.
std::string greeting_3(Zmtp zmtp);
std::string greeting_2(uint8_t socket_type, std::string_view identity);

struct Piece {
    bool is_command = false;
    std::string name, data;  // of a command
    Frames frames;           // of a message
};

// Reads what the bridge says: greeting, handshake, then pieces.
class Reader {
 public:
    explicit Reader(Zmtp zmtp) : zmtp_(zmtp) {}

    void feed(std::string_view bytes) { bytes_ += bytes; }
    // The greeting has been read; for 2.0 the socket type and identity too.
    bool greeted();
    std::optional<Piece> next();  // REQUIRES: greeted()
    // Bytes that are no whole piece yet.
    std::string rest() const { return bytes_.substr(at_); }
    uint64_t consumed() const {
        return erased_ + at_;
    }  // bytes of whole pieces, and what came before
    const std::string& fault() const {
        return fault_;
    }  // what the bridge did that ZMTP does not allow
    uint8_t socket_type_2() const { return socket_type_2_; }
    const std::string& identity_2() const { return identity_2_; }

 private:
    Zmtp zmtp_;
    std::string bytes_;
    size_t at_ = 0;
    uint64_t erased_ = 0;
    bool greeted_ = false;
    uint8_t socket_type_2_ = 255;
    std::string identity_2_;
    Frames frames_;  // of the message that is being read
    std::string fault_;
};

}  // namespace wire
}  // namespace zbridge::sim
