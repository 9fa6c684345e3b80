// A subscription of exactly 255 bytes, as the SUB of libzmq 4.3.4 (Debian 12) says it to a peer
// that greets with 3.0.
//
// Its encoder asks whether 255 fits a short frame, but the body is one byte longer: the eight
// octets of length are written and the flag that announces them is not.
//
//     00 | 00 00 00 00 00 00 01 00 | 01 or 00 | 255 bytes
//
// As it stands this reads: three empty messages, a cancel of the empty prefix, and nonsense.
// Safe:    A SUB can send nothing but subscriptions, so that no empty message comes from one
// otherwise; after one these bytes are waited for. An XSUB's application may send whatever it
// likes, and the XSUB of libzmq frames these subscriptions well: its bytes are always taken as they
// stand. Should a SUB of another make send these very ten bytes and mean them, it asks for a prefix
// of its own making in place of what it meant, and may lose its connection; what others get is not
// touched.
#pragma once

#include <cstddef>
#include <string_view>

namespace zbridge::net::zmtp {

struct LongSubscription {
    static constexpr size_t kHeaderBytes = 9;
    static constexpr size_t kBytes = kHeaderBytes + 256;

    enum class Kind : uint8_t {
        kNone,     // these are other bytes
        kPartial,  // they may still become one: at least `needed` bytes tell
        kWhole,    // kBytes of them are one
    };
    Kind kind = Kind::kNone;
    size_t needed = 0;
    std::string_view body;  // kWhole: 0x01 or 0x00, then the prefix
};

// `bytes` begin with an empty message of a SUB.
LongSubscription read_long_subscription(std::string_view bytes);

}  // namespace zbridge::net::zmtp
