// Computes expressions of one message: compiled once, then read() for each message and found() for
// each expression.
//
// Thread:  one at a time.
// Promise: each frame that is needed is decoded once, and only if a path leads into it, or
//          all_decode() asked for it.
// Limits:  Selector::kPathsMax paths into one frame, Decoder::kFrameBytesMax a decoded frame.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/model/message.h"
#include "bridge/model/refusal.h"
#include "bridge/routing/decoder.h"
#include "bridge/routing/expression.h"
#include "bridge/routing/options.h"

namespace zbridge::routing {

// What expressions can know of the peer that sent the message. Empty is missing.
struct PeerView {
    std::string_view user, identity, address;
};

class Evaluator {
 public:
    using Slot = size_t;  // names a compiled expression

    explicit Evaluator(const DecodeOptions& decode) : decode_(decode) {}

    // The error says what is wrong with the expression and what would be right.
    Result<Slot> add(std::string_view expression);
    // The frame that `decode` names is decoded, and must be decodable, even if no path leads into
    // it.
    void require_decode();
    bool empty() const { return slots_.empty() && sources_.empty(); }

    // `body` is the message after its envelope. None, or why it cannot be read: kUndecodable,
    // kTooLarge.
    std::optional<Refusal> read(const Message& body, const PeerView& peer);
    // Of the message read last. It lives as long as that message and peer, and until the next
    // read() or trim().
    Found found(Slot slot) const;
    // Gives back what a large message took.
    void trim();

 private:
    struct Source {                        // a frame that is needed
        std::optional<uint32_t> frame;     // none: frame 0 when there is one frame, else the last
        std::unique_ptr<Decoder> decoder;  // none: its bytes as they are
        Selector selector;
        std::optional<std::string_view> bytes;  // of the message read last
    };
    struct Compiled {
        ParsedExpression::Kind kind;
        std::string literal;
        size_t source = 0;
        size_t path = 0;
    };

    size_t source_of(std::optional<uint32_t> frame, bool decoded);
    void find_frames(const Message& body);

    DecodeOptions decode_;
    std::vector<std::unique_ptr<Source>> sources_;
    std::vector<Compiled> slots_;
    PeerView peer_;
    bool decode_required_ = false;
};

// One expression, as a text: the key by which a service knows a repeated request.
class CompiledExpression {
 public:
    // None when the path is missing, the frame cannot be decoded, or the text is empty or above
    // kTextBytesMax.
    std::optional<std::string> text_of(const Message& body, const PeerView& peer = {}) const;

    static constexpr size_t kTextBytesMax = 64 << 10;

 private:
    friend Result<CompiledExpression> compile_expression(std::string_view, const DecodeOptions&);
    explicit CompiledExpression(std::unique_ptr<Evaluator> evaluator)
        : evaluator_(std::move(evaluator)) {}

    std::unique_ptr<Evaluator> evaluator_;
    Evaluator::Slot slot_ = 0;
};

Result<CompiledExpression> compile_expression(std::string_view text,
                                              const DecodeOptions& decode = {.as = Codec::kJson,
                                                                             .frame = {}});

}  // namespace zbridge::routing
