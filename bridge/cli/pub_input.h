// What `pub` reads: a text, the bytes of a stream, its lines, or its lines as JSON.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include "bridge/base/result.h"
#include "bridge/cli/message_line.h"

namespace zbridge::cli {

struct PubInput {
    enum class As : uint8_t { kWhole, kLines, kJsonLines };

    As as = As::kWhole;
    std::optional<std::string> body{};  // all that is read, in place of a stream
    uint64_t count = 1;                 // how often it comes; of lines: once
    std::string name{};                 // of the stream, where a line of it is wrong
};

class PubMessages {
 public:
    // All of them outlive it.
    PubMessages(const PubInput& input, const Attributed& common, std::istream& in)
        : input_(input), common_(common), in_(in), body_(input.body) {}

    // None: there are no more. Failure: "orders.jsonl:7: ..."; the next call goes on behind that line.
    Result<std::optional<MessageLine>> next();

 private:
    std::optional<std::string> next_line();

    const PubInput& input_;
    const Attributed& common_;
    std::istream& in_;
    std::optional<std::string> body_;
    uint64_t given_ = 0;
    uint64_t line_ = 0;  // its number
};

}  // namespace zbridge::cli
