#include "plugins/durable/admin/delays_admin.h"

#include <algorithm>
#include <utility>

#include "plugins/durable/admin/messages.h"
#include "plugins/durable/admin/missing.h"
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

void DelaysAdmin::ask(std::string_view verb, const Request& request, uint64_t cookie) {
    if (verb == "delay ls") return list(request, cookie);
    if (verb == "delay recall" || verb == "delay reschedule") return change(verb, request, cookie);
    refuse(cookie, ZB_UNSUPPORTED, "`" + std::string(verb) + "` is not there yet");
}

void DelaysAdmin::list(const Request& request, uint64_t cookie) {
    const Topic* topic = topics_.table().find(request.topic);
    if (topic == nullptr) return refuse(cookie, ZB_NOT_FOUND, no_topic(topics_, request.topic));
    Piece piece;
    piece.verb = Verb::kList;
    piece.cookie = cookie;
    piece.target = topic->id;
    piece.at = {request.due_ms.value_or(0), {request.offset.value_or(0)}};
    piece.max = std::min(request.max.value_or(kListMax), kListMax);
    begin(std::move(piece));
}

void DelaysAdmin::change(std::string_view verb, const Request& request, uint64_t cookie) {
    if (!topics_.failure().empty())
        return refuse(cookie, ZB_FAILED, "the journal failed: " + topics_.failure());
    const std::string text = request.id.value_or("");
    const auto id = MessageId::parse(text);
    if (!id) {
        return refuse(cookie, ZB_INVALID,
                      "`" + text + "` is no id of a receipt: it has " +
                          std::to_string(MessageId::kTextBytes) + " characters");
    }
    Piece piece;
    piece.cookie = cookie;
    piece.id = *id;
    piece.verb = verb == "delay recall" ? Verb::kRecall : Verb::kReschedule;
    if (piece.verb == Verb::kReschedule) {
        const auto due_ms = wanted_due(request, cookie);
        if (!due_ms) return;
        piece.due_ms = *due_ms;
    }
    if (groups_.delayed() == nullptr) return refuse_late(piece, false);
    const zb_bounds bounds = topics_.bounds(groups_.delayed()->topic());
    piece.low = {bounds.floor};
    piece.high = {bounds.head};
    begin(std::move(piece));
}

// None: it was refused.
std::optional<int64_t> DelaysAdmin::wanted_due(const Request& request, uint64_t cookie) {
    if (!request.time_ms && !request.in_ms) {
        refuse(cookie, ZB_INVALID, "its new time is not said");
        return std::nullopt;
    }
    const auto now = static_cast<uint64_t>(now_ms());
    const uint64_t due =
        request.time_ms ? *request.time_ms : now + std::min(*request.in_ms, Exception::kDueEnd);
    // Long ago is now; 0 is no time at all.
    if (due < Exception::kDueEnd) return static_cast<int64_t>(std::max<uint64_t>(due, 1));
    refuse(cookie, ZB_INVALID, "its new time is too far ahead: at most in the year 2527");
    return std::nullopt;
}

void DelaysAdmin::begin(Piece piece) {
    if (try_piece(piece)) return;
    if (pieces_.size() == kPiecesMax)
        return refuse(piece.cookie, ZB_FULL, "too many wait for the disk: try again");
    pieces_.push_back(std::move(piece));
}

void DelaysAdmin::on_loaded(TopicId topic) {
    if (groups_.delayed() == nullptr || topic != groups_.delayed()->topic()) return;
    pieces_.remove_if([&](Piece& each) { return try_piece(each); });
}

bool DelaysAdmin::try_piece(Piece& piece) {
    return piece.verb == Verb::kList ? try_list(piece) : try_change(piece);
}

DelaysAdmin::Read DelaysAdmin::read(const Piece& piece, Offset offset, zb_run& one) {
    uint32_t count = 0;
    const zb_taken taken = topics_.read(groups_.delayed()->topic(), offset, 1, &one, 1, count);
    if (taken == ZB_LATER) return Read::kLater;
    if (taken == ZB_TAKEN) return count == 0 ? Read::kNone : Read::kHere;
    refuse(piece.cookie, ZB_FAILED,
           topics_.failure().empty() ? "where messages wait for their time was removed"
                                     : "the journal failed: " + topics_.failure());
    return Read::kFailed;
}

// ---- one message ----

bool DelaysAdmin::try_change(Piece& piece) {
    std::vector<Delayed> waiting;
    std::vector<std::string> names;
    bool was_there = false;
    Read found = find(piece);
    // It, and what was published with it.
    for (Offset at = piece.low; found == Read::kHere; at = at + 1) {
        zb_run one{};
        found = read(piece, at, one);
        if (found != Read::kHere || one.first_offset < at.number) break;
        at = {one.first_offset};
        if (MessageId{one.id_epoch, one.first_sequence} != piece.id) break;
        was_there = true;
        const Exception* its = groups_.delayed()->group().exceptions().find(at);
        if (its == nullptr || !its->waits()) continue;
        ZB_CHECK(cut_back(one, 1, UINT64_MAX), at.number);
        waiting.push_back({at, one.bytes + one.attributes.size});
        std::string_view attributes{one.attributes.data, one.attributes.size};
        const auto target = take_target(attributes);
        const Topic* topic = target ? topics_.table().find(*target) : nullptr;
        names.push_back(topic == nullptr ? "" : topic->name);
    }
    if (found == Read::kLater) return false;
    if (found == Read::kFailed) return true;
    if (waiting.empty())
        refuse_late(piece, was_there);
    else
        act(piece, waiting, names);
    return true;
}

// Ids rise with the offsets: piece.low is the first one that has it, if any has.
DelaysAdmin::Read DelaysAdmin::find(Piece& piece) {
    while (piece.low < piece.high) {
        const Offset middle = piece.low + (piece.high - piece.low) / 2;
        zb_run run{};
        const Read found = read(piece, middle, run);
        if (found == Read::kLater || found == Read::kFailed) return found;
        const MessageId first{run.id_epoch, run.first_sequence};
        if (found == Read::kNone || first >= piece.id) {
            piece.high = middle;
        } else {
            const bool within = run.id_epoch == piece.id.epoch &&
                                piece.id.sequence - run.first_sequence < run.count;
            piece.low = Offset{run.first_offset} +
                        (within ? piece.id.sequence - run.first_sequence : run.count);
            if (within) piece.high = piece.low;
        }
    }
    return Read::kHere;
}

void DelaysAdmin::act(const Piece& piece, const std::vector<Delayed>& waiting,
                      const std::vector<std::string>& names) {
    const bool recalls = piece.verb == Verb::kRecall;
    if (recalls)
        groups_.recall(waiting);
    else
        groups_.reschedule(waiting, piece.due_ms);
    ValueWriter writer;
    writer.begin_map(recalls ? 3 : 4);
    writer.entry("id", piece.id.text());
    writer.entry("topics", names);
    writer.entry(recalls ? "recalled" : "rescheduled", waiting.size());
    if (!recalls) writer.entry("due_ms", piece.due_ms);
    topics_.answer_when_durable({piece.cookie, writer.take()});
}

void DelaysAdmin::refuse_late(const Piece& piece, bool was_there) {
    const std::string id = piece.id.text();
    refuse(piece.cookie, ZB_NOT_FOUND,
           was_there
               ? "too late: " + id + " was delivered, or recalled, before"
               : "no message " + id +
                     " waits for its time: it never did, or was delivered or recalled before");
}

// ---- those of a topic ----

bool DelaysAdmin::try_list(Piece& piece) {
    const Delays* delays = groups_.delayed();
    bool done = delays == nullptr;
    while (!done && piece.messages < piece.max && piece.found.size() < kBytesMax &&
           piece.looks < kLooksMax) {
        const auto due = delays->group().exceptions().next_due(piece.at);
        done = !due;
        if (done) break;
        const auto& [due_ms, offset] = *due;
        if (Delays::may_be_for(*delays->group().exceptions().find(offset), piece.target)) {
            zb_run one{};
            const Read found = read(piece, offset, one);
            if (found == Read::kLater) return false;
            if (found == Read::kFailed) return true;
            if (found == Read::kHere && one.first_offset == offset.number) {
                ZB_CHECK(cut_back(one, 1, UINT64_MAX), offset.number);
                std::string_view attributes{one.attributes.data, one.attributes.size};
                if (take_target(attributes) == piece.target) {
                    ValueWriter writer;
                    write_delayed(writer, one, due_ms);
                    piece.found += writer.take();
                    piece.messages++;
                }
            }
        }
        piece.looks++;
        piece.at = *due;
    }
    ValueWriter writer;
    writer.begin_map(4);
    writer.key("messages");
    writer.begin_list(piece.messages);
    writer.written(piece.found);
    writer.entry("due_ms", piece.at.first);
    writer.entry("offset", piece.at.second.number);
    writer.entry("done", done);
    listener_.on_admin_answer(piece.cookie, ZB_OK, writer.take());
    return true;
}

}  // namespace zbridge::durable
