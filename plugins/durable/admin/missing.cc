#include "plugins/durable/admin/missing.h"

#include <vector>

#include "bridge/base/nearest.h"

namespace zbridge::durable {

std::string no_topic(const Topics& topics, std::string_view name) {
    std::vector<std::string_view> known;
    topics.table().each([&](const Topic& topic) {
        if (known.size() < kNearestWordsMax) known.push_back(topic.name);
    });
    return there_is_no("topic", name, known);
}

std::string no_group(const Groups& groups, std::string_view name) {
    std::vector<std::string_view> known;
    groups.each([&](const Group& group) {
        if (known.size() < kNearestWordsMax && group.origin == Origin::kDeclared)
            known.push_back(group.name());
    });
    return there_is_no("group", name, known);
}

}  // namespace zbridge::durable
