#include "bridge/net/zmtp/handshake.h"

#include "bridge/model/message.h"
#include "bridge/net/zmtp/cut.h"

namespace zbridge::net::zmtp {

namespace {

constexpr size_t kSignatureBytes = 10, kGreetingBytes = 64, kMechanismAt = 12, kMechanismBytes = 20;
// A length of 1 in the signature is what a ZMTP 1.0 peer would read as an empty identity.
constexpr std::string_view kSignature("\xff\0\0\0\0\0\0\0\1\x7f", kSignatureBytes);
constexpr size_t kDetailBytesMax = 300;  // of what the peer said of itself, for the log
constexpr char kOurMajor = 3, kOurMinor = 0;

}  // namespace

Handshake::Handshake(std::string our_identity, Admit admit)
    : our_identity_(std::move(our_identity)), admit_(std::move(admit)) {
    out_ = kSignature;
    out_ += kOurMajor;
}

size_t Handshake::feed(std::string_view bytes) {
    size_t fed = 0;
    while (state_ == State::kGoing) {
        const std::string_view rest = bytes.substr(fed);
        size_t taken = 0;
        switch (stage_) {
            case Stage::kSignature:
                taken = read_signature(rest);
                break;
            case Stage::kVersion2:
                taken = read_socket_type_2(rest);
                break;
            case Stage::kIdentity2:
                taken = read_identity_2(rest);
                break;
            case Stage::kGreeting:
                taken = read_greeting(rest);
                break;
            case Stage::kMechanism:
                taken = read_command(rest);
                break;
        }
        if (taken == 0) break;
        fed += taken;
    }
    return fed;
}

size_t Handshake::read_signature(std::string_view bytes) {
    if (bytes.empty()) return 0;
    // ZMTP 1.0 begins with the length of an identity, or with 0xff and a length whose octet 9 is
    // even (RFC 15).
    const bool first_wrong = static_cast<unsigned char>(bytes[0]) != 0xff;
    const bool last_wrong =
        bytes.size() >= kSignatureBytes && (bytes[kSignatureBytes - 1] & 1) == 0;
    if (first_wrong || last_wrong) {
        return refuse(Refusal::kVersion, "no ZMTP greeting of version 2.0 or later");
    }
    if (bytes.size() < kSignatureBytes + 1) return 0;
    major_ = static_cast<uint8_t>(bytes[kSignatureBytes]);
    if (major_ == 0) return refuse(Refusal::kVersion, "ZMTP 1.0");
    if (major_ < 3) {
        major_ = 2;
        stage_ = Stage::kVersion2;
        return kSignatureBytes + 1;
    }
    out_ += kOurMinor;
    std::string rest(kGreetingBytes - kMechanismAt, '\0');
    rest.replace(0, 4, "NULL");
    rest[kMechanismBytes] = 1;  // as-server; NULL ignores it
    out_ += rest;
    stage_ = Stage::kGreeting;
    return kSignatureBytes + 1;
}

size_t Handshake::read_socket_type_2(std::string_view bytes) {
    if (bytes.empty()) return 0;
    const auto type = socket_type_numbered(static_cast<uint8_t>(bytes[0]));
    if (!type) return refuse(Refusal::kWrongType, "ZMTP 2.0 with an unknown socket type");
    claim_.type = *type;
    if (*type == SocketType::kPair)
        return refuse(Refusal::kWrongType, "ZMTP 2.0 with socket type PAIR");
    out_ += static_cast<char>(counterpart_of(*type));
    append_frame(out_, our_identity_, false);
    stage_ = Stage::kIdentity2;
    return 1;
}

size_t Handshake::read_identity_2(std::string_view bytes) {
    PeerLimits limits;
    limits.frame_bytes_max = 255;
    const Cut cut = cut_next(bytes, limits);
    if (cut.kind == Cut::Kind::kPartial) return 0;
    if (cut.kind != Cut::Kind::kMessage || cut.frames != 1) {
        return refuse(Refusal::kMalformed, "ZMTP 2.0 without an identity frame");
    }
    claim_.identity = frame_at(bytes, 0).body;
    if (!admit()) return cut.size;
    state_ = State::kDone;
    return cut.size;
}

size_t Handshake::read_greeting(std::string_view bytes) {
    const size_t seen = kSignatureBytes + 1;
    if (bytes.size() < kGreetingBytes - seen) return 0;
    minor_ = static_cast<uint8_t>(bytes[0]);
    std::string_view name = bytes.substr(kMechanismAt - seen, kMechanismBytes);
    name = name.substr(0, name.find('\0'));
    mechanism_ = make_mechanism(name);
    if (!mechanism_) {
        return refuse(Refusal::kMechanism,
                      "mechanism " + std::string(name) + "; this endpoint serves NULL");
    }
    stage_ = Stage::kMechanism;
    return kGreetingBytes - seen;
}

size_t Handshake::read_command(std::string_view bytes) {
    if (bytes.empty()) return 0;
    const Cut cut = cut_next(bytes, PeerLimits{});
    const bool is_command = (static_cast<unsigned char>(bytes[0]) & frame_flags::kCommand) != 0;
    if (!is_command)
        return refuse(Refusal::kMalformed, "a message before the end of the handshake");
    if (cut.kind == Cut::Kind::kPartial) {
        if (cut.size > kBytesMax)
            return refuse(Refusal::kMalformed, "a handshake command that is too long");
        return 0;
    }
    if (cut.kind != Cut::Kind::kCommand) return refuse(cut.refusal, "a command that is not one");
    const auto command = parse_command(bytes.substr(cut.command_body, cut.size - cut.command_body));
    if (!command) return refuse(Refusal::kMalformed, "a command without a name");
    switch (mechanism_->on_command(*command, out_)) {
        case Mechanism::Step::kMore:
            return cut.size;
        case Mechanism::Step::kFailed:
            return refuse(mechanism_->why(), mechanism_->detail());
        case Mechanism::Step::kReady:
            break;
    }
    const auto type = socket_type_named(mechanism_->socket_type());
    if (!type) {
        return refuse(Refusal::kWrongType,
                      "socket type " + mechanism_->socket_type() + " is not served");
    }
    if (*type == SocketType::kPair)
        return refuse(Refusal::kWrongType, "socket type PAIR is not served");
    claim_ = {*type, mechanism_->identity(), mechanism_->user(), ""};
    if (!admit()) return cut.size;
    out_ += mechanism_->ready(name_of(counterpart_of(*type)), our_identity_);
    state_ = State::kDone;
    return cut.size;
}

bool Handshake::admit() {
    const auto refusal = admit_(claim_);
    if (refusal) refuse(*refusal, claim_.denied);
    return !refusal;
}

size_t Handshake::refuse(Refusal why, std::string detail) {
    state_ = State::kRefused;
    why_ = why;
    detail_ = std::move(detail);
    if (detail_.size() > kDetailBytesMax) detail_.resize(kDetailBytesMax);
    // Said in the protocol's own words where it has any: libzmq shows it to a monitor.
    if (stage_ == Stage::kMechanism) out_ += error_frame(name_of(why));
    return 0;
}

}  // namespace zbridge::net::zmtp
