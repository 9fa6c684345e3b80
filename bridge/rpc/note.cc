#include "bridge/rpc/note.h"

#include "bridge/model/message.h"

namespace zbridge::rpc {

namespace {

enum Flag : uint8_t {
    kDispatched = 1,
    kToldOfDispatch = 2,
    kDelimited = 4,
    kJoined = 8,
    kZbp = 16
};
constexpr size_t kLastType = static_cast<size_t>(SocketType::kXsub);

template <class T>
void put(std::string& bytes, T number) {
    const auto value = static_cast<uint64_t>(number);
    for (size_t i = 0; i < sizeof(T); i++)
        bytes.push_back(static_cast<char>(value >> (8 * i)));
}

void put_text(std::string& bytes, std::string_view text) {
    put(bytes, static_cast<uint32_t>(text.size()));
    bytes += text;
}

// Takes values off the front; what is not there is 0, and remembered.
class Bytes {
 public:
    explicit Bytes(std::string_view bytes) : left_(bytes) {}

    template <class T>
    T number() {
        uint64_t value = 0;
        const std::string_view taken = text(sizeof(T));
        for (size_t i = 0; i < taken.size(); i++)
            value |= uint64_t{static_cast<uint8_t>(taken[i])} << (8 * i);
        return static_cast<T>(value);
    }
    std::string_view text() { return text(number<uint32_t>()); }
    std::string_view text(size_t size) {
        whole_ = whole_ && size <= left_.size();
        if (!whole_) return {};
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }
    std::string_view rest() { return text(left_.size()); }
    bool whole() const { return whole_; }

 private:
    std::string_view left_;
    bool whole_ = true;
};

Status damaged() {
    return {Code::kInvalid, "a request's note is damaged"};
}

Status check_version(uint8_t version) {
    if (version == kNoteVersion) return {};
    return {Code::kInvalid, "a request's note is of version " + std::to_string(version) +
                                ", and this zbridge reads version " + std::to_string(kNoteVersion)};
}

// Whole frames, the last one without MORE.
bool is_message(std::string_view wire) {
    constexpr size_t kShortHead = 2, kLongHead = 9;
    for (size_t at = 0; at < wire.size();) {
        const auto flags = static_cast<uint8_t>(wire[at]);
        const bool is_long = (flags & frame_flags::kLong) != 0;
        const size_t head = is_long ? kLongHead : kShortHead;
        if (wire.size() - at < head) return false;
        uint64_t size = 0;
        for (size_t i = 1; i < head; i++)
            size = size << 8 | static_cast<uint8_t>(wire[at + i]);
        if (size > wire.size() - at - head) return false;
        at += head + size;
        if ((flags & frame_flags::kMore) == 0) return at == wire.size();
    }
    return false;
}

}  // namespace

void write_note(const RequestNote& note, std::string& bytes) {
    bytes.clear();
    put(bytes, kNoteVersion);
    put(bytes, static_cast<uint8_t>((note.dispatched ? kDispatched : 0) |
                                    (note.told_of_dispatch ? kToldOfDispatch : 0) |
                                    (note.delimited ? kDelimited : 0) |
                                    (note.joined ? kJoined : 0) | (note.zbp ? kZbp : 0)));
    put(bytes, static_cast<uint8_t>(note.type));
    put(bytes, uint8_t{0});
    put(bytes, note.epoch.number());
    put(bytes, note.deadline_us);
    put(bytes, note.envelope_bytes);
    put(bytes, note.body_from);
    for (const std::string_view text :
         {note.service, note.endpoint, note.identity, note.user, note.process, note.host})
        put_text(bytes, text);
    bytes += note.wire;
}

void write_note(const ReplyNote& note, std::string& bytes) {
    bytes.clear();
    put(bytes, kNoteVersion);
    put(bytes, note.at_us);
    put(bytes, note.body);
    bytes += note.wire;
}

void write_dispatch_note(uint8_t attempt, std::string& bytes) {
    bytes.clear();
    put(bytes, kNoteVersion);
    put(bytes, attempt);
}

void write_replied_note(int64_t at_us, std::string& bytes) {
    bytes.clear();
    put(bytes, kNoteVersion);
    put(bytes, at_us);
}

Result<RequestNote> read_request_note(std::string_view bytes) {
    Bytes from(bytes);
    if (Status status = check_version(from.number<uint8_t>()); !status.ok()) return status;
    RequestNote note;
    const auto flags = from.number<uint8_t>();
    note.dispatched = (flags & kDispatched) != 0;
    note.told_of_dispatch = (flags & kToldOfDispatch) != 0;
    note.delimited = (flags & kDelimited) != 0;
    note.joined = (flags & kJoined) != 0;
    note.zbp = (flags & kZbp) != 0;
    const auto type = from.number<uint8_t>();
    note.type = static_cast<SocketType>(type);
    (void)from.number<uint8_t>();  // reserved
    note.epoch = Epoch(from.number<uint32_t>());
    note.deadline_us = from.number<int64_t>();
    note.envelope_bytes = from.number<uint64_t>();
    note.body_from = from.number<uint64_t>();
    for (std::string_view* text :
         {&note.service, &note.endpoint, &note.identity, &note.user, &note.process, &note.host})
        *text = from.text();
    note.wire = from.rest();
    const bool fits = note.envelope_bytes < note.wire.size() && note.body_from < note.wire.size();
    if (!from.whole() || type > kLastType || !fits || !is_message(note.wire)) return damaged();
    return note;
}

Result<ReplyNote> read_reply_note(std::string_view bytes) {
    Bytes from(bytes);
    if (Status status = check_version(from.number<uint8_t>()); !status.ok()) return status;
    ReplyNote note;
    note.at_us = from.number<int64_t>();
    note.body = from.number<uint64_t>();
    note.wire = from.rest();
    if (!from.whole() || note.body >= note.wire.size() || !is_message(note.wire)) return damaged();
    return note;
}

Result<uint8_t> read_dispatch_note(std::string_view bytes) {
    Bytes from(bytes);
    if (Status status = check_version(from.number<uint8_t>()); !status.ok()) return status;
    const auto attempt = from.number<uint8_t>();
    if (!from.whole()) return damaged();
    return attempt;
}

Result<int64_t> read_replied_note(std::string_view bytes) {
    Bytes from(bytes);
    if (Status status = check_version(from.number<uint8_t>()); !status.ok()) return status;
    const auto at_us = from.number<int64_t>();
    if (!from.whole()) return damaged();
    return at_us;
}

}  // namespace zbridge::rpc
