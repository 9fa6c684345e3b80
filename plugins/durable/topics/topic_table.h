// All topics, by number and by name.
//
// Promise: a number is never given to another topic while something of the first is in the log.
// Limits:  kTopicsMax topics; beyond it make() answers none.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/topics/topic.h"

namespace zbridge::durable {

class TopicTable {
 public:
    static constexpr size_t kTopicsMax = 10'000;
    static constexpr uint32_t kIdMax = 10'000'000;
    static constexpr size_t kNameBytesMax = 127;

    // [A-Za-z0-9%_.-]{1,127}
    static bool is_name(std::string_view name);

    // Null: there is none.
    Topic* find(TopicId id) const {
        return id.number() < topics_.size() ? topics_[id.number()].get() : nullptr;
    }
    Topic* find(std::string_view name) const;
    // Null: there are too many. REQUIRES: there is none of this name.
    Topic* make(std::string_view name);
    // Of this number, at the start; made without a name, if it is not there. Null: no such number
    // was ever given.
    Topic* at_replay(TopicId id);
    void name(Topic& topic, std::string_view name);
    void remove(TopicId id) { (void)take(id); }
    // It is there no longer. Null: it was not.
    std::unique_ptr<Topic> take(TopicId id);

    // In the order of their numbers.
    void each(const std::function<void(Topic&)>& visit) const;
    size_t size() const { return size_; }
    // One past the highest number.
    uint32_t ids_end() const { return static_cast<uint32_t>(topics_.size()); }

 private:
    Topic* put(TopicId id);

    std::vector<std::unique_ptr<Topic>> topics_;         // by number; null: none, or removed
    std::map<std::string, TopicId, std::less<>> names_;  // of those that have one
    size_t size_ = 0;
};

}  // namespace zbridge::durable
