#include "tests/sim/document.h"

namespace zbridge::sim {

namespace {

std::string json(const Document& document, const std::string& label) {
    std::string text = R"({"id":")" + label + '"';
    if (document.n) text += R"(, "n": )" + std::to_string(*document.n);
    if (document.kind) text += R"(, "kind": ")" + *document.kind + '"';
    return text + R"(, "pad": ")" + std::string(document.pad, '.') + "\"}";
}

std::string text_of(const std::string& text) {  // fixstr
    return static_cast<char>(0xa0 | text.size()) + text;
}

std::string msgpack(const Document& document, const std::string& label) {
    const int entries = 2 + (document.n ? 1 : 0) + (document.kind ? 1 : 0);
    std::string bytes(1, static_cast<char>(0x80 | entries));
    bytes += text_of("id") + text_of(label);
    if (document.n) bytes += text_of("n") + static_cast<char>(*document.n);
    if (document.kind) bytes += text_of("kind") + text_of(*document.kind);
    bytes += text_of("pad") + '\xdb';
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(document.pad >> shift);
    return bytes.append(document.pad, '.');
}

}  // namespace

std::string Document::encode(const std::string& label) const {
    return codec == routing::Codec::kJson ? json(*this, label) : msgpack(*this, label);
}

}  // namespace zbridge::sim
