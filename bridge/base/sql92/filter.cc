#include "bridge/base/sql92/filter.h"

#include "bridge/base/sql92/node.h"
#include "bridge/base/sql92/parser.h"

namespace zbridge::sql92 {

Filter::Filter(std::string text, std::unique_ptr<Node> root, std::vector<std::string> names)
    : text_(std::move(text)), root_(std::move(root)), names_(std::move(names)) {}
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
    return Filter(std::string(text), std::move(*root), parser.take_names());
}

Truth Filter::evaluate(const Properties& properties) const {
    return truth_of(*root_, properties);
}

}  // namespace zbridge::sql92
