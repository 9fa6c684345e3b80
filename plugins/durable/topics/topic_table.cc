#include "plugins/durable/topics/topic_table.h"

#include <algorithm>

#include "bridge/base/check.h"

namespace zbridge::durable {

bool TopicTable::is_name(std::string_view name) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%_.-";
    return !name.empty() && name.size() <= kNameBytesMax &&
           name.find_first_not_of(kLetters) == std::string_view::npos;
}

Topic* TopicTable::find(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : find(found->second);
}

Topic* TopicTable::make(std::string_view its_name) {
    ZB_CHECK(find(its_name) == nullptr, its_name);
    if (size_ == kTopicsMax || topics_.size() > kIdMax) return nullptr;
    Topic* topic = put(TopicId(static_cast<uint32_t>(topics_.size())));
    name(*topic, its_name);
    return topic;
}

Topic* TopicTable::at_replay(TopicId id) {
    if (Topic* topic = find(id)) return topic;
    return id.number() > kIdMax ? nullptr : put(id);
}

void TopicTable::name(Topic& topic, std::string_view its_name) {
    if (topic.name == its_name) return;
    if (!topic.name.empty()) names_.erase(topic.name);
    topic.name = its_name;
    names_.emplace(topic.name, topic.id);
}

std::unique_ptr<Topic> TopicTable::take(TopicId id) {
    Topic* topic = find(id);
    if (topic == nullptr) return nullptr;
    if (!topic->name.empty()) names_.erase(topic->name);
    size_--;
    return std::move(topics_[id.number()]);
}

void TopicTable::each(const std::function<void(Topic&)>& visit) const {
    for (const auto& topic : topics_) {
        if (topic) visit(*topic);
    }
}

Topic* TopicTable::put(TopicId id) {
    if (id.number() >= topics_.size()) topics_.resize(id.number() + size_t{1});
    auto& place = topics_[id.number()];
    place = std::make_unique<Topic>();
    place->id = id;
    size_++;
    return place.get();
}

}  // namespace zbridge::durable
