#include "plugins/durable/groups/filter.h"

#include "plugins/durable/topics/attributes.h"

namespace zbridge::durable {

namespace {

class View final : public sql92::Properties {
 public:
    using First = std::function<sql92::Value(std::string_view name)>;
    View(std::string_view attributes, const First& first)
        : attributes_(attributes), first_(first) {}

    sql92::Value value_of(std::string_view name) const override {
        const sql92::Value its = first_ ? first_(name) : sql92::Value();
        if (its.index() != 0) return its;
        if (name == "TAGS") {
            const std::string_view tag = text_in(attributes_, AttributeKind::kTag);
            return tag.empty() ? sql92::Value() : sql92::Value(tag);
        }
        const zb_value value = property_in(attributes_, name);
        switch (value.kind) {
            case ZB_BOOL:
                return value.flag != 0;
            case ZB_INTEGER:
                return value.integer;
            case ZB_NUMBER:
                return value.number;
            case ZB_STRING:
                return std::string_view(value.text.data, value.text.size);
            default:
                return {};
        }
    }

 private:
    std::string_view attributes_;
    const First& first_;
};

}  // namespace

Result<GroupFilter> GroupFilter::compile(std::string_view text) {
    if (auto tags = sql92::Tags::read(text)) {
        if (!tags->ok()) return std::move(*tags).error();
        return GroupFilter(std::move(*tags).value());
    }
    auto condition = sql92::Filter::compile(text);
    if (!condition.ok()) return std::move(condition).error();
    return GroupFilter(std::move(*condition));
}

bool GroupFilter::matches(std::string_view attributes,
                          const std::function<sql92::Value(std::string_view name)>& first) const {
    if (const auto* tags = std::get_if<sql92::Tags>(&its_))
        return tags->matches(text_in(attributes, AttributeKind::kTag));
    return std::get<sql92::Filter>(its_).matches(View(attributes, first));
}

}  // namespace zbridge::durable
