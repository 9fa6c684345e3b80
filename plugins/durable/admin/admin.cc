#include "plugins/durable/admin/admin.h"

#include "plugins/durable/admin/change_options.h"
#include "plugins/durable/admin/missing.h"

#include <algorithm>
#include <utility>

namespace zbridge::durable {

namespace {

std::string map_of(const std::string& topic) {
    ValueWriter writer;
    writer.begin_map(1);
    writer.entry("topic", topic);
    return writer.take();
}

// Why messages of a topic of the engine's own are not removed as others are; empty: it is none.
std::string_view kept_for(std::string_view topic) {
    if (topic == Delays::kName)
        return "holds what waits for its time: zbridge delay recall takes it back";
    if (topic == Transactions::kName) return "holds what is prepared: zbridge tx rollback ends it";
    return {};
}

}  // namespace

void Admin::ask(std::string_view verb, std::string_view body, uint64_t cookie) {
    const auto request = read_request(body);
    if (!request) return refuse(cookie, ZB_INVALID, "what is asked is no msgpack map of its kind");
    if (verb == "status") return answer(cookie, status());
    if (verb == "topic ls") return answer(cookie, list());
    if (verb.starts_with("group ")) return groups_admin_.ask(verb, *request, cookie);
    if (verb.starts_with("dead ")) return letters_.ask(verb, *request, cookie);
    if (verb == "trace") return traces_.begin(*request, cookie);
    if (verb.starts_with("delay ")) return delays_admin_.ask(verb, *request, cookie);
    if (verb.starts_with("tx ")) return transactions_admin_.ask(verb, *request, cookie);
    if (verb == "topic create") return create(*request, cookie);
    if (verb != "topic show" && verb != "topic set" && verb != "topic purge" &&
        verb != "topic rm" && verb != "topic browse" && verb != "topic query") {
        return refuse(cookie, ZB_UNSUPPORTED, "`" + std::string(verb) + "` is not there yet");
    }
    const Topic* topic = topics_.table().find(request->topic);
    if (topic == nullptr) return refuse(cookie, ZB_NOT_FOUND, no_topic(topics_, request->topic));
    ask_of(*topic, verb, *request, cookie);
}

void Admin::ask_of(const Topic& topic, std::string_view verb, const Request& request,
                   uint64_t cookie) {
    if (verb == "topic show") return answer(cookie, show(topic));
    if (verb == "topic browse") return browse(topic, request, cookie);
    if (verb == "topic query") return queries_.begin(topic, request, cookie);
    if (!topics_.failure().empty())
        return refuse(cookie, ZB_FAILED, "the journal failed: " + topics_.failure());
    if (verb == "topic purge") return purge(topic, request, cookie);
    if (verb == "topic set") return set(topic, request, cookie);
    remove(topic, cookie);
}

void Admin::create(const Request& request, uint64_t cookie) {
    const std::string& name = request.topic;
    if (!TopicTable::is_name(name)) {
        return refuse(cookie, ZB_INVALID,
                      "a topic's name is 1 to 127 of A-Z, a-z, 0-9, `%`, `_`, `.` and `-`");
    }
    if (topics_.table().find(name) != nullptr)
        return refuse(cookie, ZB_WRONG_STATE, "there is a topic `" + name + "` already");
    if (!topics_.failure().empty())
        return refuse(cookie, ZB_FAILED, "the journal failed: " + topics_.failure());
    const auto options = changed({}, request.options);
    if (!options.ok()) return refuse(cookie, ZB_INVALID, options.error().message());
    const auto made = topics_.topic(name);
    if (!made) return refuse(cookie, ZB_FULL, "there are too many topics");
    if (!request.options.empty())
        return topics_.set_options(*made, *options, {cookie, map_of(name)});
    topics_.answer_when_durable({cookie, map_of(name)});
}

void Admin::set(const Topic& topic, const Request& request, uint64_t cookie) {
    if (topic.origin == Origin::kDeclared) {
        return refuse(cookie, ZB_WRONG_STATE,
                      "`" + topic.name + "` " +
                          (topic.unconfigured ? "was in the file, which does not name it any more:"
                                                " say its options there, or remove it"
                                              : "is in the file: change it there"));
    }
    const auto options = changed(topic.options, request.options);
    if (!options.ok()) return refuse(cookie, ZB_INVALID, options.error().message());
    topics_.set_options(topic.id, *options, {cookie, map_of(topic.name)});
}

void Admin::purge(const Topic& topic, const Request& request, uint64_t cookie) {
    if (const std::string_view why = kept_for(topic.name); !why.empty()) {
        return refuse(cookie, ZB_WRONG_STATE,
                      "`" + topic.name + "` is the bridge's own, and " + std::string(why));
    }
    const Offset below{request.below.value_or(topic.head.number)};
    ValueWriter writer;
    writer.begin_map(2);
    writer.entry("topic", topic.name);
    writer.entry("floor", std::max(topic.floor, std::min(below, topic.head)).number);
    topics_.purge(topic.id, below, {cookie, writer.take()});
}

void Admin::remove(const Topic& topic, uint64_t cookie) {
    if (topic.origin == Origin::kDeclared && !topic.unconfigured) {
        return refuse(cookie, ZB_WRONG_STATE,
                      "`" + topic.name + "` is in the file: remove it there first");
    }
    const auto& readers = groups_.of(topic.id);
    if (!readers.empty()) {
        return refuse(cookie, ZB_WRONG_STATE,
                      "`" + topic.name + "` is read by the group `" +
                          groups_.find(readers.front())->name() + "`: remove that first");
    }
    groups_.let_keys_go(topic.id);
    groups_.remove_marks(topic.id);
    topics_.remove(topic.id, {cookie, map_of(topic.name)});
}

void Admin::browse(const Topic& topic, const Request& request, uint64_t cookie) {
    Browse browse;
    browse.cookie = cookie;
    browse.topic = topic.id;
    browse.from = {request.from.value_or(topic.floor.number)};
    browse.max =
        static_cast<uint32_t>(std::min<uint64_t>(request.max.value_or(kBrowseDefault), kBrowseMax));
    if (try_browse(browse)) return;
    if (browses_.size() == kBrowsesMax)
        return refuse(cookie, ZB_FULL, "too many wait for the disk: try again");
    browses_.push_back(browse);
}

void Admin::on_loaded(TopicId topic) {
    letters_.on_loaded(topic);
    delays_admin_.on_loaded(topic);
    transactions_admin_.on_loaded(topic);
    browses_.remove_if([&](const Browse& each) { return each.topic == topic && try_browse(each); });
    queries_.on_loaded(topic);
}

}  // namespace zbridge::durable
