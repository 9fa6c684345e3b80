#include "plugins/durable/admin/dead_letters.h"

#include <algorithm>
#include <utility>

#include "bridge/base/message_id.h"
#include "plugins/durable/admin/missing.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

constexpr std::string_view kSuffix = "-dead";

// Its last frame is another one.
std::string edited_wire(const zb_run& one, std::string_view body) {
    std::string wire;
    std::string_view rest(one.wire, one.bytes);
    for (uint32_t frame = 1; frame < one.frames; frame++)
        append_frame(wire, take_frame(rest), true);
    append_frame(wire, body, false);
    return wire;
}

// What a condition may name beside the message's own properties.
sql92::Value value_in(const ReadLetter& letter, std::string_view name) {
    if (name == "origin") return letter.topic;
    if (name == "reason") return letter.reason;
    if (name == "attempts") return letter.attempts;
    if (name == "stored_ms") return letter.stored_ms;
    if (name == "died_ms") return letter.died_ms;
    if (name == "redriven") return letter.times;
    return {};
}

}  // namespace

std::string DeadLetters::topic_of(const Group& group) {
    const std::string& its = group.options().dead_letter;
    return its.empty() ? group.name() + std::string(kSuffix) : its;  // it is not in the file
}

uint64_t DeadLetters::waiting_of(const Group& group) const {
    const Topic* topic = topics_.table().find(topic_of(group));
    return topic == nullptr ? 0 : waiting(*topic);
}

uint64_t DeadLetters::waiting(const Topic& topic) const {
    const uint64_t messages = topics_.messages_of(topic);
    const Group* marks = groups_.marks_of(topic.id);
    return messages - std::min(messages, marks == nullptr ? 0 : marks->marked(topic.floor));
}

void DeadLetters::ask(std::string_view verb, const Request& request, uint64_t cookie) {
    auto piece = piece_of(verb, request, cookie);
    if (!piece || try_piece(*piece)) return;
    if (pieces_.size() == kPiecesMax)
        return refuse(cookie, ZB_FULL, "too many wait for the disk: try again");
    pieces_.push_back(std::move(*piece));
}

void DeadLetters::on_loaded(TopicId topic) {
    pieces_.remove_if([&](const Piece& each) { return each.topic == topic && try_piece(each); });
}

// None: it was answered.
std::optional<DeadLetters::Piece> DeadLetters::piece_of(std::string_view verb,
                                                        const Request& request, uint64_t cookie) {
    Piece piece;
    piece.cookie = cookie;
    if (verb == "dead redrive") {
        piece.verb = Verb::kRedrive;
    } else if (verb == "dead rm") {
        piece.verb = Verb::kRemove;
    } else if (verb == "dead edit") {
        piece.verb = Verb::kEdit;
    } else if (verb != "dead ls") {
        refuse(cookie, ZB_UNSUPPORTED, "`" + std::string(verb) + "` is not there yet");
        return std::nullopt;
    }
    if (piece.verb != Verb::kList && !topics_.failure().empty()) {
        refuse(cookie, ZB_FAILED, "the journal failed: " + topics_.failure());
        return std::nullopt;
    }
    if (piece.verb == Verb::kEdit && (!request.offset || !request.body)) {
        refuse(cookie, ZB_INVALID, "which dead letter, and its new body, are not said");
        return std::nullopt;
    }
    if (!request.where.empty()) {
        auto where = GroupFilter::compile(request.where);
        if (!where.ok()) {
            refuse(cookie, ZB_INVALID, "`" + request.where + "`: " + where.error().message());
            return std::nullopt;
        }
        piece.where.emplace(std::move(*where));
    }
    const Group* group = groups_.find(request.group);
    // Of one that was removed: the topic that it had by itself. "orders-unresolved": what is there is
    // of no group, but of prepared messages.
    const Topic* topic = topics_.table().find(
        group != nullptr ? topic_of(*group) : request.group + std::string(kSuffix));
    if (topic == nullptr && group == nullptr && request.group.ends_with(Transactions::kUnresolved))
        topic = topics_.table().find(request.group);
    if (topic == nullptr) {
        if (group == nullptr)
            refuse(cookie, ZB_NOT_FOUND, no_group(groups_, request.group));
        else
            answer(piece, {}, true);  // none has died yet
        return std::nullopt;
    }
    piece.topic = topic->id;
    piece.group = request.group;
    piece.id = request.id.value_or("");
    piece.from = {request.offset.value_or(request.from.value_or(0))};
    piece.below = {topic->head};
    if (request.below) piece.below = std::min(piece.below, Offset{*request.below});
    if (request.offset) piece.below = std::min(piece.below, piece.from + 1);
    piece.max =
        static_cast<uint32_t>(std::min<uint64_t>(request.max.value_or(kLettersMax), kLettersMax));
    piece.dry_run = request.dry_run;
    piece.body = request.body.value_or("");
    return piece;
}

bool DeadLetters::try_piece(const Piece& piece) {
    std::vector<zb_run> runs(kLettersMax);
    uint32_t count = 0;
    const zb_taken taken =
        topics_.read(piece.topic, piece.from, kBytesMax, runs.data(), kLettersMax, count);
    if (taken == ZB_LATER) return false;
    if (taken != ZB_TAKEN) {
        refuse(piece.cookie, ZB_FAILED,
               taken == ZB_STORE_FAILED ? "the journal failed: " + topics_.failure()
                                        : "the topic of dead letters was removed");
        return true;
    }
    if (piece.verb != Verb::kList && !piece.dry_run && groups_.make_marks(piece.topic) == nullptr) {
        refuse(piece.cookie, ZB_FULL, "there are too many groups");
        return true;
    }
    Done done;
    done.next = piece.from;
    for (uint32_t i = 0; i < count && done.next < piece.below; i++) {
        const Offset end{runs[i].first_offset + runs[i].count};
        look_at(piece, runs[i], done);
        if (done.next < end) break;
    }
    answer(piece, done, count == 0 || done.next >= piece.below);
    return true;
}

// Up to done.next: as far as was asked for, and as can be.
void DeadLetters::look_at(const Piece& piece, const zb_run& run, Done& done) {
    const Group* marks = groups_.marks_of(piece.topic);
    zb_run rest = run;
    for (uint32_t left = run.count; left > 0 && done.matched < piece.max; left--) {
        const Offset at{rest.first_offset};
        if (at >= piece.below) {
            done.next = piece.below;
            return;
        }
        zb_run one = rest;
        ZB_CHECK(cut_back(one, 1, UINT64_MAX), at.number);
        const bool is_open = marks == nullptr || !marks->is_marked(at);
        const auto letter = is_open ? ReadLetter::read(one.attributes) : std::nullopt;
        if (letter && is_asked_for(piece, one, *letter) && !act_on(piece, one, *letter, done)) {
            done.next = at;
            return;
        }
        done.next = at + 1;
        if (left > 1) ZB_CHECK(cut_front(rest, 1), at.number);
    }
}

bool DeadLetters::is_asked_for(const Piece& piece, const zb_run& one,
                               const ReadLetter& letter) const {
    if (letter.group != piece.group) return false;
    if (!piece.id.empty() && letter.id != piece.id && letter.its.id != piece.id &&
        MessageId{one.id_epoch, one.first_sequence}.text() != piece.id)
        return false;
    return !piece.where ||
           piece.where->matches({one.attributes.data, one.attributes.size},
                                [&](std::string_view name) { return value_in(letter, name); });
}

bool DeadLetters::act_on(const Piece& piece, const zb_run& one, const ReadLetter& letter,
                         Done& done) {
    if (piece.verb == Verb::kList) {
        done.listed.push_back(one);
    } else if (piece.verb == Verb::kRemove && !piece.dry_run) {
        zb_receipt receipt{};
        const zb_taken taken =
            groups_.marks_of(piece.topic)->mark({one.first_offset}, nullptr, 0, receipt);
        done.stopped = taken != ZB_TAKEN;
        if (done.stopped) done.reason.assign(receipt.reason.data, receipt.reason.size);
        if (done.stopped) return false;
        done.done++;
        const Groups::Holder holder = groups_.holder_of(letter.group, {one.first_offset});
        if (holder.group != nullptr) holder.group->drop_held(holder.offset);
    } else if (!piece.dry_run && !redrive(piece, one, letter, done)) {
        return false;
    }
    done.matched++;
    return true;
}

// To the topic that it came from.
bool DeadLetters::redrive(const Piece& piece, const zb_run& one, const ReadLetter& letter,
                          Done& done) {
    const auto refused = [&](const std::string& why) {
        if (done.refused++ == 0)
            done.reason = "offset " + std::to_string(one.first_offset) + ": " + why;
    };
    const Groups::Holder holder = groups_.holder_of(letter.group, {one.first_offset});
    if (piece.verb == Verb::kRedrive && is_there(holder))
        return give_in_place(piece, {one.first_offset}, holder, done);
    const Topic* origin = topics_.table().find(letter.topic);
    if (origin == nullptr) {
        refused("its topic `" + std::string(letter.topic) + "` is not there any more");
        return true;
    }
    const std::string edited =
        piece.verb == Verb::kEdit ? edited_wire(one, piece.body) : std::string();
    const zb_view wire = piece.verb == Verb::kEdit ? zb_view{edited.data(), edited.size()}
                                                   : zb_view{one.wire, one.bytes};
    Redriven redriven(one.attributes, letter);
    const zb_publication again{origin->id.number(), one.frames, wire, &redriven.attributes()};
    zb_receipt receipt{};
    const zb_taken taken =
        groups_.marks_of(piece.topic)->mark({one.first_offset}, &again, 1, receipt);
    switch (taken) {
        case ZB_TAKEN:
            done.done++;
            if (holder.group != nullptr) holder.group->drop_held(holder.offset);
            return true;
        case ZB_LATER:  // the answer comes when there is room again
            return false;
        case ZB_TOPIC_FULL:
        case ZB_STORE_FULL:
        case ZB_STORE_FAILED:
            refused({receipt.reason.data, receipt.reason.size});
            done.stopped = true;
            return false;
        default:
            refused({receipt.reason.data, receipt.reason.size});
            return true;
    }
}

// Its message still stands where it stood.
bool DeadLetters::is_there(const Groups::Holder& holder) const {
    if (holder.group == nullptr) return false;
    const auto run = topics_.index().at_or_after(holder.group->topic(), holder.offset);
    return run && run->first <= holder.offset &&
           holder.offset >= Offset{topics_.bounds(holder.group->topic()).floor};
}

// What waits behind it comes after it: its group alone is given it, before those. In one batch with
// that the letter is done with.
bool DeadLetters::give_in_place(const Piece& piece, Offset at, const Groups::Holder& holder,
                                Done& done) {
    Group& marks = *groups_.marks_of(piece.topic);
    marks.write_gathered();
    topics_.keep_together(2 * Tenant::kDelayBytes);
    zb_receipt receipt{};
    done.stopped = marks.mark(at, nullptr, 0, receipt) != ZB_TAKEN;
    if (done.stopped) done.reason.assign(receipt.reason.data, receipt.reason.size);
    if (done.stopped) return false;
    marks.write_gathered();
    holder.group->give_held(holder.offset);
    done.done++;
    return true;
}

Offset DeadLetters::done_below(const Topic& topic, const Group& marks) const {
    // A gap between runs is nobody's: its offsets were never given, or what they had is gone.
    static constexpr int kGapsMax = 100;
    Offset below = std::max(topic.floor, marks.floor());
    for (int gaps = 0; gaps < kGapsMax; gaps++) {
        below = marks.settled().first_unset(below);
        const auto run = topics_.index().at_or_after(topic.id, below);
        if (!run) {
            below = topic.head;
            break;
        }
        if (run->first <= below) break;
        below = run->first;
    }
    for (const GroupId id : groups_.of(topic.id))
        below = std::min(below, groups_.find(id)->unread());
    return std::min(below, topic.head);
}

void DeadLetters::answer(const Piece& piece, const Done& done, bool all) {
    ValueWriter writer;
    writer.begin_map(piece.verb == Verb::kList ? 4 : 8);
    writer.entry("next", done.next.number);
    writer.entry("below", piece.below.number);
    writer.entry("done", all);
    if (piece.verb == Verb::kList) {
        writer.key("letters");
        write_letters(done.listed, writer);
        return listener_.on_admin_answer(piece.cookie, ZB_OK, writer.take());
    }
    writer.entry("stopped", done.stopped);
    writer.entry("matched", done.matched);
    writer.entry(piece.verb == Verb::kRemove ? "removed" : "redriven", done.done);
    writer.entry("refused", done.refused);
    writer.entry("reason", done.reason);
    Group* marks = groups_.marks_of(piece.topic);
    const Topic* topic = topics_.table().find(piece.topic);
    if (done.done > 0 && marks != nullptr && topic != nullptr) {
        marks->write_gathered();
        const Offset below = done_below(*topic, *marks);
        if (below > topic->floor) {
            marks->forget_below(below);
            return topics_.purge(topic->id, below, {piece.cookie, writer.take()});
        }
    }
    topics_.answer_when_durable({piece.cookie, writer.take()});
}

}  // namespace zbridge::durable
