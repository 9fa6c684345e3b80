#include "plugins/durable/groups/section.h"

#include <charconv>
#include <iterator>

#include "bridge/base/time_text.h"
#include "plugins/durable/topics/topic_table.h"

namespace zbridge::durable {

namespace {

constexpr std::string_view kTopicKind = "topic/";
constexpr const char* kBackoff[] = {"10s", "30s", "1m", "2m",  "3m",  "4m",  "5m", "6m",
                                    "7m",  "8m",  "9m", "10m", "20m", "30m", "1h", "2h"};

constexpr Duration kFirst = std::chrono::seconds(10), kLongest = std::chrono::hours(2);
constexpr double kFactor = 2;

constexpr Option kRows[] = {
    Option("topic", ZB_OPTION_TEXT, "The topic that it reads; it gets every message of it.")
        .required()
        .such_as("orders"),
    Option(
        "filter", ZB_OPTION_TEXT,
        "Which messages it is for: tags (express || night), or SQL92 over properties (TAGS is the"
        " tag); the others count as settled. Else all.")
        .such_as("region = 'EU' AND amount > 100"),
    Option("start", ZB_OPTION_TEXT,
           "Where it begins when it is new: latest, earliest, a time (RFC 3339) or an offset.")
        .by_default("latest"),
    Option("lease", ZB_OPTION_DURATION,
           "How long a consumer has to settle a message, before another one gets it.")
        .at_least("100ms")
        .at_most("12h")
        .by_default("60s"),
    Option("retry.attempts", ZB_OPTION_COUNT,
           "How often a message is given again after the first time; then it is a dead letter.")
        .at_most("254")
        .by_default("16"),
    Option("retry.backoff", ZB_OPTION_DURATION,
           "How long before the first retry, the second, and so on; the last one goes on. Else 10s"
           " 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h.")
        .at_most("365d")
        .many()
        .such_as("10s"),
    Option("retry.backoff.first", ZB_OPTION_DURATION,
           "In place of a list: how long before the first retry, else 10s; each further one waits"
           " `factor` times as long, up to `max`.")
        .at_least("1ms")
        .at_most("365d")
        .such_as("1s"),
    Option("retry.backoff.factor", ZB_OPTION_NUMBER,
           "So many times as long before each further retry; else 2.")
        .at_least("1")
        .at_most("100")
        .such_as("2"),
    Option("retry.backoff.max", ZB_OPTION_DURATION, "No retry waits longer than this; else 2h.")
        .at_least("1ms")
        .at_most("365d")
        .such_as("10m"),
    Option("dead_letter", ZB_OPTION_TEXT,
           "The topic of its dead letters; else its own name with -dead behind it.")
        .such_as("topic/logistics-dead"),
    Option("order", ZB_OPTION_CHOICE,
           "per_key: of the messages of one order key one at a time, in order. priority: of those"
           " that wait the highest priority first. Else as they come.")
        .one_of("none|per_key|priority")
        .by_default("none"),
    Option("on_dead", ZB_OPTION_CHOICE,
           "Of `order: per_key`, when a message becomes a dead letter. pass: its key goes on. park:"
           " what stands behind it waits until it is given again, or removed (zbridge dead).")
        .one_of("pass|park")
        .by_default("pass"),
    Option("mode", ZB_OPTION_CHOICE,
           "share: its consumers share the messages. broadcast: each consumer, by its routing id,"
           " gets all of them, from where it was.")
        .one_of("share|broadcast")
        .by_default("share"),
    Option("max_consumers", ZB_OPTION_COUNT,
           "Of `mode: broadcast`: names that it knows; another one is refused at its handshake.")
        .at_least("1")
        .at_most("5000")
        .by_default("1000"),
    Option(
        "forget", ZB_OPTION_DURATION,
        "Of `mode: broadcast`: a consumer that was not connected for so long is given up, and holds"
        " the topic's retention no longer.")
        .at_least("1m")
        .at_most("3650d")
        .by_default("7d"),
    Option(
        "look_ahead", ZB_OPTION_COUNT,
        "Of `order: priority`: the highest of the first so many that wait goes first. Each of them"
        " is read before any is given.")
        .at_least("1")
        .at_most("100000")
        .by_default("10000"),
    Option("max_in_flight", ZB_OPTION_COUNT, "Messages that all its consumers have at once.")
        .at_least("1")
        .at_most("100000")
        .by_default("10000"),
    Option("max_in_flight_bytes", ZB_OPTION_SIZE,
           "Likewise, their bytes: the message that reaches it is the last. Else any.")
        .at_least("1B")
        .at_most("1TiB")
        .such_as("64MiB"),
    Option("max_exceptions", ZB_OPTION_COUNT,
           "Messages that wait for a retry, or for their key; beyond it nothing new is given. About"
           " 48 bytes each.")
        .at_least("1")
        .at_most("100000000")
        .by_default("1000000"),
    Option("max_parked", ZB_OPTION_COUNT,
           "Of these, those that wait for their key (`order: per_key`).")
        .at_least("1")
        .at_most("100000000")
        .by_default("100000"),
    Option(
        "resume_grace", ZB_OPTION_DURATION,
        "After a start that follows no orderly end: so long may consumers that are at work settle"
        " what they have, before others get it.")
        .at_most("1h")
        .by_default("2s"),
};

void read_start(const Options& given, GroupOptions& options) {
    const std::string_view start = given.text("start");
    int64_t number = 0;
    const auto [end, error] = std::from_chars(start.data(), start.data() + start.size(), number);
    if (start == "latest") {
        options.start = ZB_START_LATEST;
    } else if (start == "earliest") {
        options.start = ZB_START_EARLIEST;
    } else if (error == std::errc() && end == start.data() + start.size() && number >= 0) {
        options.start = ZB_START_OFFSET;
        options.start_value = number;
    } else if (const auto time = parse_rfc3339_ms(start)) {
        options.start = ZB_START_TIME;
        options.start_value = *time;
    } else {
        given.refuse("start", "\"" + std::string(start) +
                                  "\" is no place in a topic: expected latest, earliest, a time "
                                  "such as 2026-11-24T10:00:00Z, or an offset");
    }
}

std::string read_topic_name(const Options& given, const char* key) {
    std::string_view name = given.text(key);
    if (name.starts_with(kTopicKind)) name.remove_prefix(kTopicKind.size());
    if (!TopicTable::is_name(name))
        given.refuse(key, "expected a topic's name: 1 to 127 of A-Z, a-z, 0-9, %, _, . and -");
    return std::string(name);
}

// first, first * factor ... longest: as many as there are retries, at most.
std::vector<Duration> read_growing(const Options& given, uint32_t retries) {
    const auto or_else = [&](const char* key, Duration otherwise) {
        return given.has(key) ? Duration(given.duration(key)) : otherwise;
    };
    const bool has_first = given.has("retry.backoff.first");
    const Duration first = or_else("retry.backoff.first", kFirst);
    const Duration longest = or_else("retry.backoff.max", kLongest);
    const double factor =
        given.has("retry.backoff.factor") ? given.number("retry.backoff.factor") : kFactor;
    if (longest < first) {
        given.refuse(given.has("retry.backoff.max") ? "retry.backoff.max" : "retry.backoff.first",
                     has_first ? "expected `max` to be as long as `first`, or longer (it is 2h"
                                 " where it is left out)"
                               : "expected `max` to be as long as `first`, which is 10s where it is"
                                 " left out");
    }
    std::vector<Duration> all{first};
    for (auto next = static_cast<double>(first.count()); all.size() < retries;) {
        next *= factor;
        const bool ends = next >= static_cast<double>(longest.count());
        const Duration its = ends ? longest : Duration(static_cast<int64_t>(next));
        if (its == all.back()) break;
        all.push_back(its);
    }
    return all;
}

std::vector<Duration> read_backoff(const Options& given, uint32_t retries) {
    if (given.has("retry.backoff.first") || given.has("retry.backoff.factor") ||
        given.has("retry.backoff.max"))
        return read_growing(given, retries);
    std::vector<Duration> all;
    for (uint32_t i = 0; i < given.count_of("retry.backoff"); i++)
        all.push_back(given.duration("retry.backoff", i));
    if (all.empty()) {
        for (const char* each : kBackoff)
            all.push_back(parse_duration(each).value());
    }
    return all;
}

}  // namespace

const zb_section kGroupsSection{"groups", "Durable subscriptions, whose consumers share a topic.",
                                kRows, static_cast<uint32_t>(std::size(kRows)), sizeof(zb_option)};

DeclaredGroup read_group(std::string_view name, const Options& given) {
    DeclaredGroup group;
    GroupOptions& options = group.options;
    group.name = name;
    group.topic = read_topic_name(given, "topic");
    if (given.has("filter")) {
        auto filter = GroupFilter::compile(given.text("filter"));
        if (!filter.ok()) given.refuse("filter", filter.error().message());
        options.filter = std::make_shared<const GroupFilter>(std::move(*filter));
    }
    read_start(given, options);
    options.lease = given.duration("lease");
    options.retries = static_cast<uint32_t>(given.integer("retry.attempts"));
    options.backoff = read_backoff(given, options.retries);
    options.dead_letter =
        given.has("dead_letter") ? read_topic_name(given, "dead_letter") : group.name + "-dead";
    if (!TopicTable::is_name(options.dead_letter))
        given.refuse("dead_letter",
                     "expected one: with -dead behind it the group's name is no name"
                     " of a topic");
    options.ordered = given.text("order") == "per_key";
    options.dead_holds_key = given.text("on_dead") == "park";
    if (options.dead_holds_key && !options.ordered)
        given.refuse("on_dead",
                     "expected `order: per_key` with it: else no message waits for another");
    options.by_priority = given.text("order") == "priority";
    options.look_ahead = static_cast<uint64_t>(given.integer("look_ahead"));
    if (given.has("max_in_flight_bytes"))
        options.in_flight_bytes_max = static_cast<uint64_t>(given.integer("max_in_flight_bytes"));
    options.in_flight_max = static_cast<uint32_t>(given.integer("max_in_flight"));
    options.exceptions_max = static_cast<uint32_t>(given.integer("max_exceptions"));
    options.parked_max = static_cast<uint32_t>(given.integer("max_parked"));
    options.broadcast = given.text("mode") == "broadcast";
    options.consumers_max = static_cast<uint32_t>(given.integer("max_consumers"));
    options.forget = given.duration("forget");
    options.resume_grace = given.duration("resume_grace");
    return group;
}

}  // namespace zbridge::durable
