// What the records of groups carry. docs/JOURNAL.md shows the bytes.
//
// Little endian. A reader answers none where bytes are missing, or what they say is impossible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/groups/exceptions.h"
#include "plugins/durable/groups/levels.h"
#include "plugins/durable/groups/part.h"
#include "plugins/durable/groups/settled_bits.h"
#include "plugins/durable/groups/token.h"
#include "plugins/durable/topics/payload.h"

namespace zbridge::durable {

// ACKS: messages that are settled; CURSOR: none are.
//   u32 group | u64 cursor | (varint offsets behind the end of the range before | varint count) ...
struct Acks {
    GroupId group;
    Offset cursor;  // nothing from it on was delivered
    std::vector<OffsetRange> ranges;
};

std::string write_acks(const Acks& acks);
std::optional<Acks> read_acks(std::string_view payload);

// RETRY, PARK, LEASE: a message that is an exception from now on, and DEAD: one that is in the dead
// letters.
//   u32 group | u64 offset | u64 due ms | u32 key | u8 attempts | u8 priority and one, or 0
// PARK with kHeldLevel in place of the priority: one that is in the dead letters, and its key waits
// for it; the letter's offset stands in place of due.
struct ExceptionRecord {
    static constexpr uint8_t kHeldLevel = 15;

    GroupId group;
    Offset offset;
    uint64_t due_ms = 0;
    uint32_t key = 0;
    uint8_t attempts = 0;
    uint8_t level = 0;  // as Exception::level
};

std::string write_exception(const ExceptionRecord& record);
std::optional<ExceptionRecord> read_exception(std::string_view payload);

// RESET: the group goes on from here, and has forgotten what was before.
//   u32 group | u32 epoch | u64 offset
struct Reset {
    GroupId group;
    uint32_t epoch = 0;
    Offset offset;
};

std::string write_reset(const Reset& reset);
std::optional<Reset> read_reset(std::string_view payload);

// GROUP: a group, as it is now, without its exceptions.
//   u32 group | u8 origin | u8 flags | u16 name bytes | u32 topic | u32 epoch | u32 oldest epoch |
//   u64 floor | u64 cursor | name | of a part: u32 of which group | u64 last seen, ms, or until |
//   pages: (varint number | varint bytes | bytes) ...
struct GroupSnapshot {
    // Flags.
    static constexpr uint8_t kPaused = 1;
    static constexpr uint8_t kMarks = 2;
    static constexpr uint8_t kConsumer = 4;  // a part of this kind
    static constexpr uint8_t kRange = 8;     // likewise

    GroupId id;
    Origin origin = Origin::kDeclared;
    bool paused = false;
    TopicId topic;
    uint32_t epoch = 0;         // of its newest tokens
    uint32_t oldest_epoch = 0;  // tokens of epochs before are of before a reset
    Offset floor, cursor;
    std::string_view name;
    std::string_view pages;
    bool marks = false;  // it has no consumers: Group::keeps_marks
    GroupPart part{};
};

std::string write_group(const GroupSnapshot& group, const SettledBits& settled);
std::optional<GroupSnapshot> read_group(std::string_view payload);
// The pages of a snapshot. False: they are none.
[[nodiscard]] bool read_pages(std::string_view pages, SettledBits& settled);

}  // namespace zbridge::durable
