#include "bridge/protocol/command.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "bridge/base/utf8.h"
#include "bridge/model/big_endian.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/msgpack_reader.h"

namespace zbridge::protocol {

namespace {

enum Field : uint64_t {
    kVersions = 1 << 0,
    kName = 1 << 1,
    kClient = 1 << 2,
    kNeeds = 1 << 3,
    kResume = 1 << 4,
    kHeartbeatField = 1 << 5,
    kTopic = 1 << 6,
    kGroup = 1 << 7,
    kSeq = 1 << 8,
    kCount = 1 << 9,
    kOnce = 1 << 10,
    kAttributes = 1 << 11,
    kSub = 1 << 12,
    kRef = 1 << 13,
    kCredit = 1 << 14,
    kMax = 1 << 15,
    kWait = 1 << 16,
    kLease = 1 << 17,
    kDelay = 1 << 18,
    kVerdict = 1 << 19,
    kReason = 1 << 20,
    kRanges = 1 << 21,
    kStart = 1 << 22,
    kOffset = 1 << 23,
    kTime = 1 << 24,
    kService = 1 << 27,
    kTimeout = 1 << 28,
    kCallId = 1 << 29,
    kError = 1 << 30,
    kCall = 1 << 25,
    kArgs = 1 << 26,
    kWantsAttributes = 1ULL << 31,
    kMessage = 1ULL << 32,
    kAnyId = 1ULL << 33,
    kKey = 1ULL << 34,
    kFromTime = 1ULL << 35,
    kToTime = 1ULL << 36,
    kTo = 1ULL << 37,
    kTokens = 1ULL << 38,
    kChecks = 1ULL << 39,
    kAttempt = 1ULL << 40,
};

struct FieldRow {
    std::string_view name;
    Field field;
};
constexpr FieldRow kFields[] = {
    {"versions", kVersions}, {"name", kName},
    {"client", kClient},     {"needs", kNeeds},
    {"resume", kResume},     {"heartbeat", kHeartbeatField},
    {"topic", kTopic},       {"group", kGroup},
    {"seq", kSeq},           {"count", kCount},
    {"once", kOnce},         {"attributes", kAttributes},
    {"sub", kSub},           {"ref", kRef},
    {"credit", kCredit},     {"max", kMax},
    {"wait", kWait},         {"lease", kLease},
    {"delay", kDelay},       {"verdict", kVerdict},
    {"reason", kReason},     {"ranges", kRanges},
    {"start", kStart},       {"offset", kOffset},
    {"time", kTime},         {"call", kCall},
    {"args", kArgs},         {"attributes", kWantsAttributes},
    {"id", kMessage},        {"id", kAnyId},
    {"key", kKey},           {"from", kFromTime},
    {"to", kToTime},         {"to", kTo},
    {"tokens", kTokens},     {"checks", kChecks},
    {"service", kService},   {"timeout", kTimeout},
    {"call", kCallId},       {"error", kError},
    {"attempt", kAttempt},
};

struct VerbRow {
    std::string_view name;
    Verb verb;
    uint64_t required, optional;
};
// SUBSCRIBE: a group, a topic or a service. Of what is not known here the `ref` is answered.
constexpr VerbRow kVerbs[] = {
    {"PUBLISH", Verb::kPublish, kTopic | kSeq | kCount, kOnce | kAttributes},
    {"SETTLE", Verb::kSettle, kGroup | kVerdict | kRanges, kDelay | kReason | kRef},
    {"CREDIT", Verb::kCredit, kSub | kCredit, kOffset},
    {"RECEIVE", Verb::kReceive, kRef | kGroup | kMax, kWait | kLease | kWantsAttributes | kAttempt},
    {"EXTEND", Verb::kExtend, kGroup | kRanges | kRef, kLease},
    {"HEARTBEAT", Verb::kHeartbeat, 0, 0},
    {"SUBSCRIBE", Verb::kSubscribe, kSub | kCredit,
     kGroup | kTopic | kService | kChecks | kLease | kStart | kOffset | kTime | kWantsAttributes},
    {"CALL", Verb::kCall, kRef | kService, kTimeout},
    {"REPLY", Verb::kReply, kSub | kCallId, kError},
    {"UNSUBSCRIBE", Verb::kUnsubscribe, kSub, 0},
    {"HELLO", Verb::kHello, kVersions, kName | kResume | kHeartbeatField | kNeeds | kClient},
    {"BYE", Verb::kBye, 0, 0},
    {"PREPARE", Verb::kPrepare, kTopic | kSeq | kCount, kAttributes},
    {"COMMIT", Verb::kCommit, kTokens, kRef},
    {"ROLLBACK", Verb::kRollback, kTokens, kRef},
    {"UNKNOWN", Verb::kUnknownYet, kTokens, 0},
    {"ADMIN", Verb::kAdmin, kRef | kCall, kArgs},
    {"RECALL", Verb::kRecall, kRef | kMessage, 0},
    {"QUERY", Verb::kQuery, kRef | kTopic, kKey | kAnyId | kFromTime | kToTime | kMax},
    {"RESET", Verb::kReset, kRef | kGroup, kTo | kOffset | kTime},
};
constexpr VerbRow kUnknownVerb{"", Verb::kUnknown, 0, kRef | kSub};

const VerbRow& row_of(std::string_view name) {
    const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                     [&](const VerbRow& each) { return each.name == name; });
    return found == std::end(kVerbs) ? kUnknownVerb : *found;
}

const FieldRow* field_named(std::string_view name, uint64_t among) {
    const auto* found = std::find_if(
        std::begin(kFields), std::end(kFields),
        [&](const FieldRow& each) { return (each.field & among) != 0 && each.name == name; });
    return found == std::end(kFields) ? nullptr : found;
}

uint32_t read_u32(MsgpackReader& in) {
    const uint64_t number = in.number();
    if (number > UINT32_MAX) in.fail();
    return static_cast<uint32_t>(number);
}

// More than can be meant, and less than overflows.
Duration read_ms(MsgpackReader& in) {
    constexpr uint64_t kMost = uint64_t{1} << 42;
    return std::chrono::milliseconds(std::min(in.number(), kMost));
}

int64_t read_offset(MsgpackReader& in) {
    constexpr uint64_t kMost = uint64_t{1} << 48;
    return static_cast<int64_t>(std::min(in.number(), kMost));
}

std::string_view read_text(MsgpackReader& in, size_t bytes_max = kHeaderBytesMax) {
    const std::string_view text = in.text();
    if (text.size() > bytes_max || first_not_utf8(text)) in.fail();
    return text;
}

MessageId read_message_id(MsgpackReader& in) {
    const std::string_view bytes = in.bytes();
    if (bytes.size() != 2 * sizeof(uint64_t)) {
        in.fail();
        return {};
    }
    return {get_big_endian<uint64_t>(bytes.data()),
            get_big_endian<uint64_t>(bytes.data() + sizeof(uint64_t))};
}

void read_versions(MsgpackReader& in, std::vector<uint32_t>& into) {
    const uint32_t entries = in.open_list();
    if (entries > kVersionsMax) return in.fail();
    for (uint32_t i = 0; i < entries; i++)
        into.push_back(read_u32(in));
    in.close();
}

void read_needs(MsgpackReader& in, std::vector<std::string_view>& into) {
    const uint32_t entries = in.open_list();
    if (entries > kNeedsMax) return in.fail();
    for (uint32_t i = 0; i < entries; i++)
        into.push_back(read_text(in));
    in.close();
}

Corr read_call_id(MsgpackReader& in) {
    const auto corr = Corr::decode(in.bytes());
    if (!corr) in.fail();
    return corr.value_or(Corr{});
}

void read_ranges(MsgpackReader& in, std::vector<TokenRange>& into) {
    const uint32_t entries = in.open_list();
    for (uint32_t i = 0; i < entries && in.ok(); i++) {
        if (in.open_list() != 2) in.fail();
        const auto token = LeaseToken::decode(in.bytes());
        const uint32_t count = read_u32(in);
        if (!token || count == 0) in.fail();
        in.close();
        if (in.ok()) into.push_back({*token, count});
    }
    in.close();
}

void read_tokens(MsgpackReader& in, std::vector<TransactionToken>& into) {
    const uint32_t entries = in.open_list();
    for (uint32_t i = 0; i < entries && in.ok(); i++) {
        const auto token = TransactionToken::decode(in.bytes());
        if (!token) in.fail();
        if (in.ok()) into.push_back(*token);
    }
    in.close();
}

Value read_property(MsgpackReader& in) {
    switch (in.kind()) {
        case MsgpackReader::Kind::kFlag:
            return in.flag();
        case MsgpackReader::Kind::kNumber: {
            const uint64_t number = in.number();
            if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
                return static_cast<double>(number);
            return static_cast<int64_t>(number);
        }
        case MsgpackReader::Kind::kNegative:
            return in.negative();
        case MsgpackReader::Kind::kReal:
            return in.real();
        case MsgpackReader::Kind::kText:
            return std::string(read_text(in));
        case MsgpackReader::Kind::kOther:
            break;
    }
    in.fail();
    return false;
}

void read_keys(MsgpackReader& in, Attributes& into) {
    const uint32_t entries = in.open_list();
    if (entries > kKeysMax) in.fail();
    for (uint32_t i = 0; i < entries && in.ok(); i++)
        into.keys.emplace_back(read_text(in));
    in.close();
}

void read_properties(MsgpackReader& in, Attributes& into) {
    const uint32_t entries = in.open_map();
    if (entries > kPropertiesMax) in.fail();
    for (uint32_t i = 0; i < entries && in.ok(); i++) {
        std::string name(read_text(in));
        into.properties.emplace_back(std::move(name), read_property(in));
    }
    in.close();
}

void read_attribute(MsgpackReader& in, std::string_view name, Attributes& into) {
    constexpr auto kLatest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (name == "id") {
        into.id = read_text(in);
    } else if (name == "keys") {
        read_keys(in, into);
    } else if (name == "order_key") {
        into.order_key = read_text(in);
    } else if (name == "tag") {
        into.tag = read_text(in);
    } else if (name == "deliver_at") {
        into.deliver_at_ms = static_cast<int64_t>(std::min(in.number(), kLatest));
    } else if (name == "priority") {
        const uint64_t priority = in.number();
        if (priority > kPriorityMax) in.fail();
        into.priority = static_cast<uint8_t>(priority);
    } else if (name == "properties") {
        read_properties(in, into);
    } else {
        in.skip();
    }
}

void read_attributes(MsgpackReader& in, std::vector<std::optional<Attributes>>& into) {
    const uint32_t messages = in.open_list();
    if (messages > kBatchMessagesMax) in.fail();
    for (uint32_t i = 0; i < messages && in.ok(); i++) {
        into.emplace_back();
        if (in.nil()) continue;
        Attributes& its = into.back().emplace();
        const uint32_t entries = in.open_map();
        for (uint32_t k = 0; k < entries && in.ok(); k++) {
            const std::string_view name = read_text(in);
            if (!in.nil()) read_attribute(in, name, its);
        }
        in.close();
    }
    in.close();
}

// REQUIRES: what stands there is not nil.
void read_field(MsgpackReader& in, Field field, Command& into) {
    switch (field) {
        case kVersions:
            return read_versions(in, into.versions);
        case kName:
            into.client_name = read_text(in, kNameBytesMax);
            if (into.client_name.empty()) in.fail();
            return;
        case kClient:
            into.client = read_text(in, kNameBytesMax);
            return;
        case kNeeds:
            return read_needs(in, into.needs);
        case kResume:
            into.resume = in.flag();
            return;
        case kHeartbeatField:
            into.heartbeat = read_ms(in);
            return;
        case kTopic:
            into.topic = read_text(in);
            return;
        case kGroup:
            into.group = read_text(in);
            return;
        case kSeq:
            into.seq = in.number();
            return;
        case kCount:
            into.count = read_u32(in);
            return;
        case kOnce:
            into.once = in.flag();
            return;
        case kAttributes:
            return read_attributes(in, into.attributes);
        case kSub:
            into.sub = read_u32(in);
            return;
        case kRef:
            into.ref = in.number();
            return;
        case kCredit:
            into.credit = read_u32(in);
            return;
        case kMax:
            into.max = read_u32(in);
            return;
        case kWait:
            into.wait = read_ms(in);
            return;
        case kLease:
            into.lease = read_ms(in);
            return;
        case kDelay:
            into.delay = read_ms(in);
            return;
        case kVerdict:
            into.verdict = read_text(in);
            return;
        case kReason:
            into.reason = read_text(in);
            return;
        case kRanges:
            return read_ranges(in, into.ranges);
        case kStart:
            into.start = read_text(in);
            return;
        case kOffset:
            into.offset = read_offset(in);
            return;
        case kTime:
            into.time_ms = read_offset(in);
            return;
        case kService:
            into.service = read_text(in);
            return;
        case kTimeout:
            into.timeout = read_ms(in);
            return;
        case kCallId:
            into.call_id = read_call_id(in);
            return;
        case kError:
            into.error = read_text(in, kErrorBytesMax);
            return;
        case kCall:
            into.call = read_text(in, kNameBytesMax);
            return;
        case kArgs:
            into.args = in.map();
            return;
        case kWantsAttributes:
            into.wants_attributes = in.flag();
            return;
        case kMessage:
            into.message = read_message_id(in);
            return;
        case kAnyId:
            if (in.kind() == MsgpackReader::Kind::kText)
                into.id = read_text(in);
            else
                into.message = read_message_id(in);
            return;
        case kKey:
            into.key = read_text(in);
            return;
        case kFromTime:
            into.from_ms = read_offset(in);
            return;
        case kToTime:
            into.to_ms = read_offset(in);
            return;
        case kTo:
            into.to = read_text(in);
            return;
        case kTokens:
            return read_tokens(in, into.tokens);
        case kChecks:
            into.checks = read_text(in);
            return;
        case kAttempt:
            into.attempt = in.number();
            return;
    }
}

std::string first_missing(uint64_t fields) {
    for (const FieldRow& each : kFields) {
        if ((each.field & fields) != 0) return std::string(each.name);
    }
    return {};
}

// What no field says by itself.
std::string check(const Command& command, uint64_t seen) {
    const int of_what = std::popcount(seen & (kTopic | kGroup | kService | kChecks));
    if (command.verb == Verb::kSubscribe && of_what == 0) return "SUBSCRIBE without `group`";
    if (command.verb == Verb::kSubscribe && of_what > 1)
        return "SUBSCRIBE: a `group`, a `topic`, a `service` or `checks`, one of them";
    if (command.verb == Verb::kReset && std::popcount(seen & (kTo | kOffset | kTime)) != 1)
        return "RESET: one of `to`, `offset` and `time`";
    const bool by_time = (seen & (kFromTime | kToTime)) != 0;
    if (command.verb == Verb::kQuery &&
        std::popcount(seen & (kKey | kAnyId)) + (by_time ? 1 : 0) != 1)
        return "QUERY: by `key`, by `id`, or by time (`from`, `to`)";
    if (command.verb != Verb::kPublish && command.verb != Verb::kPrepare) return {};
    const std::string name(command.name);
    if (command.count == 0 || command.count > kBatchMessagesMax)
        return name + ": `count` is not 1 to " + std::to_string(kBatchMessagesMax);
    if (command.seq == 0 || command.seq > UINT64_MAX - command.count)
        return name + ": `seq` is not from 1 on";
    if (!command.attributes.empty() && command.attributes.size() != command.count)
        return name + ": `attributes` are not as many as `count` says";
    return {};
}

}  // namespace

ReadCommand read_command(std::string_view header, size_t bytes_max) {
    ReadCommand read;
    Command& command = read.command;
    if (header.size() > bytes_max) {
        read.problem = "a header of more than " + std::to_string(bytes_max) + " octets";
        return read;
    }
    MsgpackReader in(header);
    if (in.open_list() != 2) in.fail();
    command.name = read_text(in, kNameBytesMax);
    const VerbRow& row = row_of(command.name);
    command.verb = row.verb;
    uint64_t seen = 0, twice = 0;
    const uint32_t entries = in.open_map();
    for (uint32_t i = 0; i < entries && in.ok(); i++) {
        const FieldRow* field = field_named(read_text(in), row.required | row.optional);
        if (field == nullptr) {
            in.skip();
            continue;
        }
        twice |= seen & field->field;
        if (in.nil()) continue;
        seen |= field->field;
        read_field(in, field->field, command);
        if (!in.ok())
            read.problem = std::string(row.name) + ": `" + std::string(field->name) +
                           "` is not of its type, or beyond its limits";
    }
    if (!in.ok() || !in.at_end()) {
        if (read.problem.empty()) read.problem = "a header that cannot be read";
    } else if (twice != 0) {
        read.problem = std::string(row.name) + ": `" + first_missing(twice) + "` stands twice";
    } else if ((row.required & ~seen) != 0) {
        read.problem =
            std::string(row.name) + " without `" + first_missing(row.required & ~seen) + "`";
    } else {
        read.problem = check(command, seen);
    }
    return read;
}

std::string_view name_of(Verb verb) {
    const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                     [verb](const VerbRow& each) { return each.verb == verb; });
    return found == std::end(kVerbs) ? std::string_view() : found->name;
}

bool has_block(const Command& command) {
    switch (command.verb) {
        case Verb::kPublish:
        case Verb::kPrepare:
        case Verb::kCall:
            return true;
        case Verb::kReply:
            return !command.error;
        default:
            return false;
    }
}

}  // namespace zbridge::protocol
