#include "plugins/durable/admin/change_options.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kNsAMs = 1'000'000;

using Value = Request::Value;

// False: it is no such value.
template <class Number>
bool take(const Value& value, Number usual, Number& number) {
    number = usual;
    if (std::holds_alternative<std::monostate>(value)) return true;
    const auto* given = std::get_if<uint64_t>(&value);
    if (given == nullptr || *given == 0) return false;
    number = static_cast<Number>(*given);
    return static_cast<uint64_t>(number) == *given;
}

template <class Number>
bool take(const Value& value, std::optional<Number>& number) {
    number.reset();
    return std::holds_alternative<std::monostate>(value) || take(value, Number(), number.emplace());
}

// `other`: set if it says so, instead of `usual`.
template <class Choice>
bool take(const Value& value, const char* usual_name, Choice usual, const char* other_name,
          Choice other, Choice& choice) {
    choice = usual;
    if (std::holds_alternative<std::monostate>(value)) return true;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return false;
    if (*text == other_name) choice = other;
    return *text == other_name || *text == usual_name;
}

Value in_ms(const Value& value) {
    const auto* ns = std::get_if<uint64_t>(&value);
    return ns == nullptr ? value : Value(*ns / kNsAMs);
}

bool take(const std::string& name, const Value& value, TopicOptions& options) {
    const TopicOptions usual;
    if (name == "retention.age") return take(in_ms(value), options.retention.age_ms);
    if (name == "retention.size") return take(value, options.retention.bytes);
    if (name == "retention.count") return take(value, options.retention.count);
    if (name == "retention.unread")
        return take(value, "keep", true, "drop", false, options.retention.keep_unread);
    if (name == "keep")
        return take(value, "all", Keep::kAll, "last_per_key", Keep::kLastPerKey, options.keep);
    if (name == "max_keys") return take(value, usual.keys_max, options.keys_max);
    if (name == "dedup.window")
        return take(in_ms(value), usual.dedup.window_ms, options.dedup.window_ms);
    if (name == "dedup.max") return take(value, usual.dedup.max, options.dedup.max);
    if (name == "durability")
        return take(value, "fsync", Durability::kFsync, "os", Durability::kOs, options.durability);
    if (name == "max_message")
        return take(value, usual.message_bytes_max, options.message_bytes_max);
    return false;
}

}  // namespace

Result<TopicOptions> changed(TopicOptions options,
                             const std::map<std::string, Request::Value>& changes) {
    for (const auto& [name, value] : changes) {
        if (!take(name, value, options))
            return Status(Code::kInvalid, "`" + name + "` is no option of a topic, or not so");
    }
    return options;
}

}  // namespace zbridge::durable
