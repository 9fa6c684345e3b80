#include "plugins/durable/groups/payload.h"

#include "bridge/base/check.h"
#include "plugins/durable/topics/bytes.h"

namespace zbridge::durable {

namespace {

constexpr unsigned kFlags = GroupSnapshot::kPaused | GroupSnapshot::kMarks |
                            GroupSnapshot::kConsumer | GroupSnapshot::kRange;

uint8_t flags_of(const GroupSnapshot& group) {
    unsigned flags = group.paused ? GroupSnapshot::kPaused : 0U;
    if (group.marks) flags |= GroupSnapshot::kMarks;
    if (group.part.kind == GroupPart::Kind::kConsumer) flags |= GroupSnapshot::kConsumer;
    if (group.part.kind == GroupPart::Kind::kRange) flags |= GroupSnapshot::kRange;
    return static_cast<uint8_t>(flags);
}

}  // namespace

std::string write_acks(const Acks& acks) {
    std::string bytes;
    append(bytes, acks.group.number());
    append(bytes, acks.cursor.number);
    Offset before;
    for (const OffsetRange& range : acks.ranges) {
        append_varint(bytes, range.first - before);
        append_varint(bytes, range.count);
        before = range.end();
    }
    return bytes;
}

std::optional<Acks> read_acks(std::string_view payload) {
    Taker taker(payload);
    Acks acks;
    acks.group = GroupId(taker.number<uint32_t>());
    acks.cursor = {taker.number<uint64_t>()};
    if (!taker.ok() || acks.cursor.number > Token::kOffsetEnd) return std::nullopt;
    std::string_view rest = taker.rest();
    Offset before;
    while (!rest.empty()) {
        const auto gap = take_varint(rest);
        const auto count = gap ? take_varint(rest) : std::nullopt;
        if (!count || *count == 0 || *gap > acks.cursor - before) return std::nullopt;
        const OffsetRange range{before + *gap, *count};
        if (*count > acks.cursor - range.first) return std::nullopt;
        acks.ranges.push_back(range);
        before = range.end();
    }
    return acks;
}

std::string write_exception(const ExceptionRecord& record) {
    std::string bytes;
    append(bytes, record.group.number());
    append(bytes, record.offset.number);
    append(bytes, record.due_ms);
    append(bytes, record.key);
    append(bytes, record.attempts);
    append(bytes, record.level);
    return bytes;
}

std::optional<ExceptionRecord> read_exception(std::string_view payload) {
    Taker taker(payload);
    ExceptionRecord record;
    record.group = GroupId(taker.number<uint32_t>());
    record.offset = {taker.number<uint64_t>()};
    record.due_ms = taker.number<uint64_t>();
    record.key = taker.number<uint32_t>();
    record.attempts = taker.number<uint8_t>();
    record.level = taker.number<uint8_t>();
    const bool is_level = record.level <= kLevels || record.level == ExceptionRecord::kHeldLevel;
    if (!taker.ok() || !taker.rest().empty() || !is_level || record.due_ms >= Exception::kDueEnd ||
        record.offset.number >= Token::kOffsetEnd)
        return std::nullopt;
    return record;
}

std::string write_reset(const Reset& reset) {
    std::string bytes;
    append(bytes, reset.group.number());
    append(bytes, reset.epoch);
    append(bytes, reset.offset.number);
    return bytes;
}

std::optional<Reset> read_reset(std::string_view payload) {
    Taker taker(payload);
    Reset reset;
    reset.group = GroupId(taker.number<uint32_t>());
    reset.epoch = taker.number<uint32_t>();
    reset.offset = {taker.number<uint64_t>()};
    if (!taker.ok() || !taker.rest().empty() || reset.offset.number > Token::kOffsetEnd)
        return std::nullopt;
    return reset;
}

std::string write_group(const GroupSnapshot& group, const SettledBits& settled) {
    ZB_CHECK(group.name.size() <= UINT16_MAX, group.name.size());
    std::string bytes;
    append(bytes, group.id.number());
    append(bytes, static_cast<uint8_t>(group.origin));
    append(bytes, flags_of(group));
    append(bytes, static_cast<uint16_t>(group.name.size()));
    append(bytes, group.topic.number());
    append(bytes, group.epoch);
    append(bytes, group.oldest_epoch);
    append(bytes, group.floor.number);
    append(bytes, group.cursor.number);
    bytes.append(group.name);
    if (group.part.kind != GroupPart::Kind::kNone) {
        append(bytes, group.part.of.number());
        append(bytes, group.part.kind == GroupPart::Kind::kConsumer
                          ? static_cast<uint64_t>(group.part.seen_ms)
                          : group.part.until.number);
    }
    settled.each_page([&](uint64_t page, std::string_view its) {
        append_varint(bytes, page);
        append_varint(bytes, its.size());
        bytes.append(its);
    });
    return bytes;
}

std::optional<GroupSnapshot> read_group(std::string_view payload) {
    Taker taker(payload);
    GroupSnapshot group;
    group.id = GroupId(taker.number<uint32_t>());
    group.origin = static_cast<Origin>(taker.number<uint8_t>());
    const auto flags = taker.number<uint8_t>();
    const auto name_bytes = taker.number<uint16_t>();
    group.topic = TopicId(taker.number<uint32_t>());
    group.epoch = taker.number<uint32_t>();
    group.oldest_epoch = taker.number<uint32_t>();
    group.floor = {taker.number<uint64_t>()};
    group.cursor = {taker.number<uint64_t>()};
    group.name = taker.text(name_bytes);
    group.paused = (flags & GroupSnapshot::kPaused) != 0;
    group.marks = (flags & GroupSnapshot::kMarks) != 0;
    const unsigned kinds = flags & (GroupSnapshot::kConsumer | GroupSnapshot::kRange);
    if (kinds != 0) {
        const bool is_range = kinds == GroupSnapshot::kRange;
        group.part.kind = is_range ? GroupPart::Kind::kRange : GroupPart::Kind::kConsumer;
        group.part.of = GroupId(taker.number<uint32_t>());
        const auto value = taker.number<uint64_t>();
        if (is_range)
            group.part.until = {value};
        else
            group.part.seen_ms = static_cast<int64_t>(value);
    }
    group.pages = taker.rest();
    const bool known = group.origin >= Origin::kDeclared && group.origin <= Origin::kRemoved &&
                       (flags & ~kFlags) == 0 &&
                       kinds != (GroupSnapshot::kConsumer | GroupSnapshot::kRange) &&
                       group.part.until.number <= Token::kOffsetEnd && group.part.seen_ms >= 0;
    if (!taker.ok() || !known || group.floor > group.cursor ||
        group.cursor.number > Token::kOffsetEnd || group.oldest_epoch > group.epoch)
        return std::nullopt;
    return group;
}

bool read_pages(std::string_view pages, SettledBits& settled) {
    while (!pages.empty()) {
        const auto number = take_varint(pages);
        const auto size = number ? take_varint(pages) : std::nullopt;
        if (!size || *size > pages.size()) return false;
        if (!settled.restore_page(*number, pages.substr(0, *size))) return false;
        pages.remove_prefix(*size);
    }
    return true;
}

}  // namespace zbridge::durable
