#include "bridge/cli/bench/payload.h"

#include <algorithm>

namespace zbridge::cli::bench {

Payload Payload::of_size(size_t bytes) {
    std::string body(std::max(bytes, Stamp::kBytes), '.');
    // Not all alike: what compresses on its way is no measure.
    for (size_t i = Stamp::kBytes; i < body.size(); i++)
        body[i] = static_cast<char>('a' + i * i * 7 % 26);
    return {std::move(body), 0};
}

Result<Payload> Payload::of_text(std::string text) {
    const size_t at = text.find(kPlace);
    if (at == std::string::npos) {
        return Status(Code::kInvalid, "expected " + std::string(kPlace) +
                                          " in it, where the number of each message is to stand");
    }
    text.replace(at, kPlace.size(), Stamp::kBytes, '.');
    return Payload(std::move(text), at);
}

}  // namespace zbridge::cli::bench
