// What WELCOME lists: the messages that the new session holds, of those that were delivered on
// connections before it.
//
// Flow:    WELCOME -> read() -> token_of() of what is known here -> unknown(): what never came
// Limits:  the bridge lists `limits.ranges` at most: is_whole() says whether it is all.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "heard.hpp"
#include "names.hpp"

namespace zbridge::client::core {

class Held {
 public:
    // None: this bridge does not list it.
    static std::optional<Held> read(const Fields& fields, Groups& groups) {
        if (fields.find("held") == nullptr) return std::nullopt;
        const uint64_t resumed = fields.number("resumed");
        Held found;
        uint64_t left = resumed;
        for (const Value& each : fields.list("held")) {
            const List entry = list_of(each, 3);
            const uint64_t count = number_of(entry[2]);
            if (count == 0 || count > left) throw Violation("WELCOME lists more than it resumes");
            left -= count;
            const uint32_t group = groups.number_of(text_of(entry[0]));
            const Place first = Place::read(octets_of(entry[1]));
            for (uint64_t n = 0; n < count; n++)
                found.add({group, first.behind(n)});
        }
        found.whole_ = found.tokens_.size() == resumed;
        return found;
    }

    bool is_whole() const { return whole_; }
    bool has(const Key& token) const { return known_.count(token) > 0; }

    // Of the message that had this token: the one that it has now.
    std::optional<Place> token_of(const Key& token) const {
        if (has(token)) return token.place;
        const auto found = by_message_.find(message_of(token));
        if (found == by_message_.end()) return std::nullopt;
        return found->second;
    }

    // Those that are none of these, in the order in which they were listed.
    std::vector<Key> unknown(const std::unordered_set<Key, KeyHash>& known) const {
        std::vector<Key> found;
        for (const Key& each : tokens_)
            if (known.count(each) == 0) found.push_back(each);
        return found;
    }

 private:
    static constexpr uint64_t kOffsetMask = (uint64_t{1} << 48) - 1;

    // The message in one attempt: kind and attempt, and the offset. An extended lease has another
    // token of the same.
    static Key message_of(const Key& token) {
        return {token.group, {token.place.head >> 48, token.place.tail & kOffsetMask}};
    }
    void add(const Key& token) {
        if (!known_.insert(token).second) return;
        tokens_.push_back(token);
        by_message_[message_of(token)] = token.place;
    }

    std::vector<Key> tokens_;
    std::unordered_set<Key, KeyHash> known_;
    std::unordered_map<Key, Place, KeyHash> by_message_;
    bool whole_ = false;
};

}  // namespace zbridge::client::core
