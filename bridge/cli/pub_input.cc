#include "bridge/cli/pub_input.h"

#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "bridge/cli/option_values.h"

namespace zbridge::cli {

namespace {
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // as editors of Windows write it
}

std::optional<std::string> PubMessages::next_line() {
    std::string line;
    if (!std::getline(in_, line)) return std::nullopt;
    if (++line_ == 1 && input_.as == PubInput::As::kJsonLines && line.starts_with(kByteOrderMark))
        line.erase(0, kByteOrderMark.size());
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

Result<std::optional<MessageLine>> PubMessages::next() {
    if (input_.as == PubInput::As::kWhole) {
        if (given_++ == input_.count) return std::optional<MessageLine>();
        if (!body_) body_ = std::string(std::istreambuf_iterator<char>(in_), {});
        return std::optional(MessageLine{{*body_}, common_});
    }
    auto line = next_line();
    const bool is_json = input_.as == PubInput::As::kJsonLines;
    while (is_json && line && line->find_first_not_of(" \t") == std::string::npos)
        line = next_line();
    if (!line) return std::optional<MessageLine>();
    if (!is_json) return std::optional(MessageLine{{*std::move(line)}, common_});
    auto message = read_message_line(*line, common_, wall_ms());
    if (message.ok()) return std::optional(*std::move(message));
    return Status(Code::kInvalid,
                  fmt::format("{}:{}: {}", input_.name, line_, message.error().message()));
}

}  // namespace zbridge::cli
