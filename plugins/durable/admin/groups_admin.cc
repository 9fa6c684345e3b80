#include "plugins/durable/admin/groups_admin.h"

#include <algorithm>
#include <utility>

#include "plugins/durable/admin/missing.h"

namespace zbridge::durable {

void GroupsAdmin::ask(std::string_view verb, const Request& request, uint64_t cookie) {
    if (verb == "group ls") {
        ValueWriter writer;
        write_list(writer);
        return listener_.on_admin_answer(cookie, ZB_OK, writer.take());
    }
    if (verb != "group show" && verb != "group pending" && verb != "group reset" &&
        verb != "group pause" && verb != "group resume" && verb != "group rm") {
        return refuse(cookie, ZB_UNSUPPORTED, "`" + std::string(verb) + "` is not there yet");
    }
    Group* group = groups_.find(request.group);
    if (group == nullptr || !is_told(*group))
        return refuse(cookie, ZB_NOT_FOUND, no_group(groups_, request.group));
    if (!request.consumer.empty()) {
        Group* consumer = consumer_of(*group, request.consumer);
        if (consumer == nullptr) {
            return refuse(cookie, ZB_NOT_FOUND,
                          "`" + request.group + "` knows no consumer `" + request.consumer + "`");
        }
        group = consumer;
    }
    ask_of(*group, verb, request, cookie);
}

Group* GroupsAdmin::consumer_of(const Group& group, const std::string& consumer) const {
    Group* found = groups_.find(GroupPart::name_of(group.name(), consumer));
    const bool is_its = found != nullptr && groups_.consumers_of(group.id()).contains(found->id());
    return is_its ? found : nullptr;
}

void GroupsAdmin::ask_of(Group& group, std::string_view verb, const Request& request,
                         uint64_t cookie) {
    if (verb == "group show" || verb == "group pending") {
        ValueWriter writer;
        if (verb == "group show")
            write_group(group, writer, true);
        else
            write_pending(group, std::min(request.max.value_or(kPendingDefault), kPendingMax),
                          writer);
        return listener_.on_admin_answer(cookie, ZB_OK, writer.take());
    }
    if (!topics_.failure().empty())
        return refuse(cookie, ZB_FAILED, "the journal failed: " + topics_.failure());
    if (verb == "group reset") return reset(group, request, cookie);
    if (verb == "group rm") return remove(group, cookie);
    groups_.pause(group.id(), verb == "group pause");
    answer_durable(group.name(), cookie);
}

void GroupsAdmin::reset(Group& group, const Request& request, uint64_t cookie) {
    if (group.unconfigured) {
        return refuse(cookie, ZB_WRONG_STATE,
                      "`" + group.name() + "` is not in the file any more, it gives nothing");
    }
    const auto offset = wanted_offset(group, request, cookie);
    if (!offset) return;
    if (request.until_offset || request.until_ms)
        return give_again(group, *offset, request, cookie);
    groups_.reset(group.id(), *offset);
    ValueWriter writer;
    writer.begin_map(3);
    writer.entry("group", group.name());
    writer.entry("offset", offset->number);
    writer.entry("lag", group.lag());
    topics_.answer_when_durable({cookie, writer.take()});
}

// What was published before `until`, and was ever given: there is nothing to give again of the rest.
void GroupsAdmin::give_again(Group& group, Offset from, const Request& request, uint64_t cookie) {
    if (group.options().broadcast) {
        return refuse(cookie, ZB_INVALID,
                      "`" + group.name() + "` is `mode: broadcast`: expected one of its consumers");
    }
    const Offset head{topics_.bounds(group.topic()).head};
    const Offset wanted = request.until_offset
                              ? Offset{*request.until_offset}
                              : topics_.position(group.topic(), ZB_START_TIME,
                                                 static_cast<int64_t>(*request.until_ms));
    const Offset until = std::min({wanted, head, group.cursor()});
    if (until <= from) {
        return refuse(cookie, ZB_INVALID,
                      "there is nothing to give again: the group was given the offsets below " +
                          std::to_string(std::min(head, group.cursor()).number) + ", not " +
                          std::to_string(from.number) + " to " + std::to_string(wanted.number));
    }
    if (!groups_.give_again(group.id(), from, until))
        return refuse(cookie, ZB_FAILED, "there are too many groups");
    ValueWriter writer;
    writer.begin_map(3);
    writer.entry("group", group.name());
    writer.entry("offset", from.number);
    writer.entry("until", until.number);
    topics_.answer_when_durable({cookie, writer.take()});
}

std::optional<Offset> GroupsAdmin::wanted_offset(const Group& group, const Request& request,
                                                 uint64_t cookie) {
    if (request.to == "latest") return topics_.position(group.topic(), ZB_START_LATEST, 0);
    if (request.to == "earliest") return topics_.position(group.topic(), ZB_START_EARLIEST, 0);
    if (request.time_ms) {
        return topics_.position(group.topic(), ZB_START_TIME,
                                static_cast<int64_t>(*request.time_ms));
    }
    if (!request.offset) {
        refuse(cookie, ZB_INVALID, "where to is not said: latest, earliest, a time or an offset");
        return std::nullopt;
    }
    const zb_bounds bounds = topics_.bounds(group.topic());
    if (*request.offset >= bounds.floor && *request.offset <= bounds.head)
        return Offset{*request.offset};
    refuse(cookie, ZB_INVALID,
           "`" + topic_name(group) + "` has the offsets " + std::to_string(bounds.floor) + " to " +
               std::to_string(bounds.head) + ", not " + std::to_string(*request.offset));
    return std::nullopt;
}

void GroupsAdmin::remove(Group& group, uint64_t cookie) {
    const bool is_consumer = group.owner.kind == GroupPart::Kind::kConsumer;
    if (!group.unconfigured && !is_consumer) {
        return refuse(cookie, ZB_WRONG_STATE,
                      "`" + group.name() + "` is in the file: remove it there first");
    }
    if (group.attended > 0)
        return refuse(cookie, ZB_WRONG_STATE, "`" + group.name() + "` is connected");
    const std::string name = group.name();
    groups_.remove(group.id());
    answer_durable(name, cookie);
}

void GroupsAdmin::answer_durable(const std::string& group, uint64_t cookie) {
    ValueWriter writer;
    writer.begin_map(1);
    writer.entry("group", group);
    topics_.answer_when_durable({cookie, writer.take()});
}

}  // namespace zbridge::durable
