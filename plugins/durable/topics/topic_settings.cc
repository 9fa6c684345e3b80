#include "plugins/durable/topics/topic_settings.h"

namespace zbridge::durable {

namespace {

using Kind = TopicSetting::Kind;

template <class Number>
bool take(int64_t value, int64_t least, Number& number) {
    number = static_cast<Number>(value);
    return value >= least && static_cast<int64_t>(number) == value;
}

template <class Number>
bool take(int64_t value, int64_t least, std::optional<Number>& number) {
    return take(value, least, number.emplace());
}

bool take(const TopicSetting& setting, TopicOptions& options) {
    const int64_t value = setting.value;
    switch (setting.kind) {
        case Kind::kRetentionAge:
            return take(value, 1, options.retention.age_ms);
        case Kind::kRetentionSize:
            return take(value, 1, options.retention.bytes);
        case Kind::kRetentionCount:
            return take(value, 1, options.retention.count);
        case Kind::kDropUnread:
            options.retention.keep_unread = false;
            return value == 1;
        case Kind::kKeep:
            options.keep = static_cast<Keep>(value);
            return value == static_cast<int64_t>(Keep::kLastPerKey);
        case Kind::kMaxKeys:
            return take(value, 1, options.keys_max);
        case Kind::kDedupWindow:
            return take(value, 1, options.dedup.window_ms);
        case Kind::kDedupMax:
            return take(value, 1, options.dedup.max);
        case Kind::kMaxMessage:
            return take(value, 1, options.message_bytes_max);
    }
    return false;
}

}  // namespace

std::vector<TopicSetting> settings_of(const TopicOptions& options) {
    std::vector<TopicSetting> settings;
    const TopicOptions usual;
    const auto add = [&](Kind kind, uint64_t value) {
        settings.push_back({kind, static_cast<int64_t>(value)});
    };
    const Retention& retention = options.retention;
    if (retention.age_ms) add(Kind::kRetentionAge, static_cast<uint64_t>(*retention.age_ms));
    if (retention.bytes) add(Kind::kRetentionSize, *retention.bytes);
    if (retention.count) add(Kind::kRetentionCount, *retention.count);
    if (!retention.keep_unread) add(Kind::kDropUnread, 1);
    if (options.keep != usual.keep) add(Kind::kKeep, static_cast<uint64_t>(options.keep));
    if (options.keys_max != usual.keys_max) add(Kind::kMaxKeys, options.keys_max);
    if (options.dedup.window_ms > 0)
        add(Kind::kDedupWindow, static_cast<uint64_t>(options.dedup.window_ms));
    if (options.dedup.max != usual.dedup.max) add(Kind::kDedupMax, options.dedup.max);
    if (options.message_bytes_max != usual.message_bytes_max)
        add(Kind::kMaxMessage, options.message_bytes_max);
    return settings;
}

std::optional<TopicOptions> options_of(const std::vector<TopicSetting>& settings) {
    TopicOptions options;
    for (const TopicSetting& each : settings) {
        if (!take(each, options)) return std::nullopt;
    }
    return options;
}

}  // namespace zbridge::durable
