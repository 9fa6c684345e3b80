#include "bridge/routing/found.h"

#include <fmt/format.h>

#include "bridge/base/check.h"

namespace zbridge::routing {

namespace {

struct Owned {
    Value operator()(std::monostate) const {
        ZB_CHECK(false, "nothing was found");
        return false;
    }
    Value operator()(std::string_view text) const { return std::string(text); }
    template <class Scalar>
    Value operator()(Scalar value) const {
        return value;
    }
};

}  // namespace

sql92::Value view_of(const Found& found) {
    switch (found.kind) {
        case Found::Kind::kBool:
            return found.boolean;
        case Found::Kind::kInteger:
            return found.integer;
        case Found::Kind::kLarge:
            return static_cast<double>(found.large);
        case Found::Kind::kDouble:
            return found.real;
        case Found::Kind::kText:
            return found.text;
        case Found::Kind::kNothing:
            break;
    }
    return {};
}

Value value_of(const Found& found) {
    return std::visit(Owned{}, view_of(found));
}

std::string text_of(const Found& found) {
    if (!found.text.empty()) return std::string(found.text);
    switch (found.kind) {
        case Found::Kind::kBool:
            return found.boolean ? "true" : "false";
        case Found::Kind::kInteger:
            return fmt::format("{}", found.integer);
        case Found::Kind::kLarge:
            return fmt::format("{}", found.large);
        case Found::Kind::kDouble:
            return fmt::format("{}", found.real);
        case Found::Kind::kText:
            return {};
        case Found::Kind::kNothing:
            break;
    }
    ZB_CHECK(found, "nothing was found");
    return {};
}

}  // namespace zbridge::routing
