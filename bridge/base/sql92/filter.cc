#include "bridge/base/sql92/filter.h"

#include <charconv>

#include "bridge/base/sql92/node.h"
#include "bridge/base/sql92/parser.h"

namespace zbridge::sql92 {

namespace {

constexpr std::string_view kColumn = "column ";

}  // namespace

Filter::Filter(std::string text, std::unique_ptr<Node> root, std::vector<std::string> names,
               std::vector<size_t> name_columns)
    : text_(std::move(text)),
      root_(std::move(root)),
      names_(std::move(names)),
      name_columns_(std::move(name_columns)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::compile(std::string_view text) {
    if (text.size() > kTextBytesMax) {
        return Status(Code::kInvalid,
                      "a filter has at most " + std::to_string(kTextBytesMax) + " bytes");
    }
    Parser parser(text);
    auto root = parser.parse();
    if (!root.ok()) return std::move(root).error();
    return Filter(std::string(text), std::move(*root), parser.take_names(),
                  parser.take_name_columns());
}

Truth Filter::evaluate(const Properties& properties) const {
    return truth_of(*root_, properties);
}

Status error_at(size_t column, const std::string& what) {
    return {Code::kInvalid, std::string(kColumn) + std::to_string(column) + ": " + what};
}

Complaint complaint_of(const Status& error) {
    const std::string_view message = error.message();
    Complaint whole{.column = 0, .what = error.message()};
    if (!message.starts_with(kColumn)) return whole;
    size_t column = 0;
    const char* const end = message.data() + message.size();
    const auto read = std::from_chars(message.data() + kColumn.size(), end, column);
    const std::string_view rest(read.ptr, static_cast<size_t>(end - read.ptr));
    if (read.ec != std::errc() || !rest.starts_with(": ")) return whole;
    return {.column = column, .what = std::string(rest.substr(2))};
}

}  // namespace zbridge::sql92
