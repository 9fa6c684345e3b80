#include "bridge/routing/evaluator.h"

namespace zbridge::routing {

using Kind = ParsedExpression::Kind;

size_t Evaluator::source_of(std::optional<uint32_t> frame, bool decoded) {
    for (size_t i = 0; i < sources_.size(); i++) {
        const Source& source = *sources_[i];
        if (source.frame == frame && (source.decoder != nullptr) == decoded) return i;
    }
    auto source = std::make_unique<Source>();
    source->frame = frame;
    if (decoded) source->decoder = make_decoder(decode_.as);
    sources_.push_back(std::move(source));
    return sources_.size() - 1;
}

Result<Evaluator::Slot> Evaluator::add(std::string_view text) {
    auto parsed = parse_expression(text);
    if (!parsed.ok()) return std::move(parsed).error();
    Compiled compiled{.kind = parsed->kind, .literal = std::move(parsed->literal)};
    if (parsed->kind == Kind::kFrame) {
        compiled.source = source_of(parsed->frame, false);
    } else if (parsed->kind == Kind::kPath) {
        if (decode_.as == Codec::kNone) {
            return Status(Code::kInvalid, "a path needs `decode: json` or `decode: msgpack`");
        }
        compiled.source = source_of(parsed->frame ? parsed->frame : decode_.frame, true);
        Selector& selector = sources_[compiled.source]->selector;
        if (!selector.can_add(parsed->path)) {
            return Status(Code::kInvalid, "more than " + std::to_string(Selector::kPathsMax) +
                                              " paths into one frame");
        }
        compiled.path = selector.add(parsed->path);
    }
    slots_.push_back(std::move(compiled));
    return slots_.size() - 1;
}

void Evaluator::require_decode() {
    if (decode_.as == Codec::kNone) return;
    decode_required_ = true;
    source_of(decode_.frame, true);
}

// One walk over the frames, also of a message of many.
void Evaluator::find_frames(const Message& body) {
    for (auto& source : sources_)
        source->bytes = std::nullopt;
    const std::string_view wire = body.wire().bytes();
    uint32_t index = 0;
    for (size_t at = 0; at < wire.size(); index++) {
        const Frame frame = frame_at(wire, at);
        const bool last = frame.end == wire.size();
        for (auto& source : sources_) {
            if (source->frame ? *source->frame == index : last) source->bytes = frame.body;
        }
        at = frame.end;
    }
}

std::optional<Refusal> Evaluator::read(const Message& body, const PeerView& peer) {
    peer_ = peer;
    find_frames(body);
    for (auto& source : sources_) {
        if (source->decoder == nullptr) continue;
        if (!source->bytes) {
            source->selector.begin();
            // $frame[9].x is missing in a shorter message; the frame that `decode` names is not to
            // be missing.
            if (decode_required_ && source->frame == decode_.frame) return Refusal::kUndecodable;
            continue;
        }
        if (source->bytes->size() > Decoder::kFrameBytesMax) return Refusal::kTooLarge;
        if (!source->decoder->read(*source->bytes, source->selector)) return Refusal::kUndecodable;
    }
    return std::nullopt;
}

Found Evaluator::found(Slot slot) const {
    const auto text_or_nothing = [](std::string_view text) {
        return text.empty() ? Found{} : Found::of_text(text);
    };
    const Compiled& compiled = slots_[slot];
    switch (compiled.kind) {
        case Kind::kLiteral:
            return Found::of_text(compiled.literal);
        case Kind::kPath:
            return sources_[compiled.source]->selector.found(compiled.path);
        case Kind::kFrame: {
            const auto& bytes = sources_[compiled.source]->bytes;
            return bytes ? Found::of_text(*bytes) : Found{};
        }
        case Kind::kPeerUser:
            return text_or_nothing(peer_.user);
        case Kind::kPeerIdentity:
            return text_or_nothing(peer_.identity);
        case Kind::kPeerAddress:
            return text_or_nothing(peer_.address);
    }
    return {};
}

void Evaluator::trim() {
    for (auto& source : sources_) {
        if (source->decoder != nullptr) source->decoder->trim();
    }
}

std::optional<std::string> CompiledExpression::text_of(const Message& body,
                                                       const PeerView& peer) const {
    std::optional<std::string> text;
    if (!evaluator_->read(body, peer)) {
        const Found found = evaluator_->found(slot_);
        if (found && found.text.size() <= kTextBytesMax) text = routing::text_of(found);
    }
    evaluator_->trim();
    if (text && text->empty()) text.reset();
    return text;
}

Result<CompiledExpression> compile_expression(std::string_view text, const DecodeOptions& decode) {
    CompiledExpression compiled(std::make_unique<Evaluator>(decode));
    auto slot = compiled.evaluator_->add(text);
    if (!slot.ok()) return std::move(slot).error();
    compiled.slot_ = *slot;
    return compiled;
}

}  // namespace zbridge::routing
