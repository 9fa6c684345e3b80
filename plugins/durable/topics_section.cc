#include "plugins/durable/topics_section.h"

#include <chrono>
#include <iterator>

namespace zbridge::durable {

namespace {

constexpr Option kRows[] = {
    Option("retention.age", ZB_OPTION_DURATION, "How long a message is kept; else for ever.")
        .at_least("1s")
        .such_as("72h"),
    Option("retention.size", ZB_OPTION_SIZE,
           "Bytes of messages that are kept; beyond it the oldest go.")
        .at_least("1KiB")
        .such_as("20GiB"),
    Option("retention.count", ZB_OPTION_COUNT,
           "Messages that are kept, and a batch more; beyond it the oldest go.")
        .at_least("1")
        .such_as("1000000"),
    Option("retention.unread", ZB_OPTION_CHOICE,
           "What becomes of messages that a group has not settled: they stay, and publishing is"
           " refused at `retention.size`; or they go.")
        .one_of("keep|drop")
        .by_default("keep"),
    Option("keep", ZB_OPTION_CHOICE,
           "Which messages are kept: all, or the last one of each key; the key is the first of a"
           " message's `keys`, one without any is kept as `retention` says.")
        .one_of("all|last_per_key")
        .by_default("all"),
    Option("max_keys", ZB_OPTION_COUNT,
           "Keys that `keep: last_per_key` knows; messages of further ones are all kept. 32 to 96"
           " bytes each.")
        .at_least("1")
        .at_most("100000000")
        .by_default("1000000"),
    Option("dedup.window", ZB_OPTION_DURATION,
           "How long the ids of producers are remembered: one that comes again is stored once; else"
           " they are not looked at.")
        .at_least("1s")
        .at_most("30d")
        .such_as("2m"),
    Option("dedup.max", ZB_OPTION_COUNT,
           "Ids that are remembered; beyond it the oldest is forgotten. About 48 bytes each.")
        .at_least("1")
        .at_most("100000000")
        .by_default("1000000"),
    Option("durability", ZB_OPTION_CHOICE,
           "When a message counts as stored: the disk has it (power may fail), or the system has it"
           " (the bridge may).")
        .one_of("fsync|os")
        .by_default("fsync"),
    Option("max_message", ZB_OPTION_SIZE,
           "The largest message, with its frames and attributes; else what the store takes.")
        .at_least("1B")
        .such_as("16MiB"),
};

}  // namespace

const zb_section kTopicsSection{"topics", "Named, durable sequences of messages.", kRows,
                                static_cast<uint32_t>(std::size(kRows)), sizeof(zb_option)};

DeclaredTopic read_topic(std::string_view name, const Options& given) {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    DeclaredTopic topic;
    topic.name = name;
    Retention& retention = topic.options.retention;
    if (given.has("retention.age"))
        retention.age_ms = duration_cast<milliseconds>(given.duration("retention.age")).count();
    if (given.has("retention.size"))
        retention.bytes = static_cast<uint64_t>(given.integer("retention.size"));
    if (given.has("retention.count"))
        retention.count = static_cast<uint64_t>(given.integer("retention.count"));
    retention.keep_unread = given.text("retention.unread") != "drop";
    if (given.text("keep") == "last_per_key") topic.options.keep = Keep::kLastPerKey;
    topic.options.keys_max = static_cast<uint32_t>(given.integer("max_keys"));
    if (given.has("dedup.window")) {
        topic.options.dedup.window_ms =
            duration_cast<milliseconds>(given.duration("dedup.window")).count();
        topic.options.dedup.max = static_cast<uint32_t>(given.integer("dedup.max"));
    }
    if (given.text("durability") == "os") topic.options.durability = Durability::kOs;
    if (given.has("max_message"))
        topic.options.message_bytes_max = static_cast<uint64_t>(given.integer("max_message"));
    return topic;
}

}  // namespace zbridge::durable
