// Which messages of a topic a group is for: tags, or SQL92 over properties (TAGS is the tag).
#pragma once

#include <functional>
#include <string_view>
#include <variant>

#include "bridge/base/result.h"
#include "bridge/base/sql92/filter.h"
#include "bridge/base/sql92/tags.h"

namespace zbridge::durable {

class GroupFilter {
 public:
    // The error: "column 8: ...".
    static Result<GroupFilter> compile(std::string_view text);

    // `attributes`: as the topic keeps them.
    bool matches(std::string_view attributes) const { return matches(attributes, {}); }
    // What `first` has under a name is meant, before the property of that name.
    bool matches(std::string_view attributes,
                 const std::function<sql92::Value(std::string_view name)>& first) const;

 private:
    explicit GroupFilter(sql92::Tags tags) : its_(std::move(tags)) {}
    explicit GroupFilter(sql92::Filter condition) : its_(std::move(condition)) {}

    std::variant<sql92::Tags, sql92::Filter> its_;
};

}  // namespace zbridge::durable
