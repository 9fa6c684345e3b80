#include "bridge/protocol/answer.h"

#include <msgpack.hpp>

#include <algorithm>

#include "bridge/model/big_endian.h"
#include "bridge/protocol/report_codec.h"

namespace zbridge::protocol {

namespace {

// A header in the making: [name, {fields...}].
class Header {
 public:
    Header(std::string_view name, size_t fields) : packer_(*this) {
        packer_.pack_array(2);
        text(name);
        map(fields);
    }

    Header& map(size_t entries) {
        packer_.pack_map(static_cast<uint32_t>(entries));
        return *this;
    }
    Header& list(size_t entries) {
        packer_.pack_array(static_cast<uint32_t>(entries));
        return *this;
    }
    Header& text(std::string_view text) {
        packer_.pack_str(static_cast<uint32_t>(text.size()));
        packer_.pack_str_body(text.data(), static_cast<uint32_t>(text.size()));
        return *this;
    }
    Header& number(uint64_t number) {
        packer_.pack_uint64(number);
        return *this;
    }
    Header& flag(bool flag) {
        packer_.pack(flag);
        return *this;
    }
    Header& nil() {
        packer_.pack_nil();
        return *this;
    }
    Header& real(double real) {
        packer_.pack(real);
        return *this;
    }
    Header& whole(int64_t whole) {
        packer_.pack(whole);
        return *this;
    }
    Header& token(LeaseToken token) { return pair(token.high, token.low); }
    Header& token(TransactionToken token) { return pair(token.high, token.low); }
    Header& id(MessageId id) { return pair(id.epoch, id.sequence); }

    Header& corr(const Corr& corr) {
        const auto bytes = corr.encode();
        packer_.pack_bin(static_cast<uint32_t>(bytes.size()));
        packer_.pack_bin_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
        return *this;
    }
    // A value that is packed already.
    Header& packed(std::string_view value) {
        bytes_ += value;
        return *this;
    }

    // Of msgpack::packer.
    void write(const char* data, size_t size) { bytes_.append(data, size); }
    std::string take() { return std::move(bytes_); }

 private:
    Header& pair(uint64_t high, uint64_t low) {
        char bytes[LeaseToken::kBytes];
        put_big_endian(bytes, high);
        put_big_endian(bytes + sizeof(high), low);
        packer_.pack_bin(sizeof(bytes));
        packer_.pack_bin_body(bytes, sizeof(bytes));
        return *this;
    }

    std::string bytes_;
    msgpack::packer<Header> packer_;
};

uint64_t in_ms(Duration duration) {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void pack_value(Header& header, const Value& value) {
    if (const bool* flag = std::get_if<bool>(&value))
        header.flag(*flag);
    else if (const int64_t* whole = std::get_if<int64_t>(&value))
        header.whole(*whole);
    else if (const double* real = std::get_if<double>(&value))
        header.real(*real);
    else
        header.text(std::get<std::string>(value));
}

// As in a PUBLISH; without any it is nil.
void pack_attributes(Header& header, const Attributes& its) {
    const size_t entries = (its.id ? 1U : 0U) + (its.keys.empty() ? 0U : 1U) +
                           (its.order_key ? 1U : 0U) + (its.tag ? 1U : 0U) +
                           (its.deliver_at_ms ? 1U : 0U) + (its.priority ? 1U : 0U) +
                           (its.properties.empty() ? 0U : 1U);
    if (entries == 0) {
        header.nil();
        return;
    }
    header.map(entries);
    if (its.id) header.text("id").text(*its.id);
    if (!its.keys.empty()) {
        header.text("keys").list(its.keys.size());
        for (const std::string& each : its.keys)
            header.text(each);
    }
    if (its.order_key) header.text("order_key").text(*its.order_key);
    if (its.tag) header.text("tag").text(*its.tag);
    if (its.deliver_at_ms) header.text("deliver_at").whole(*its.deliver_at_ms);
    if (its.priority) header.text("priority").number(*its.priority);
    if (its.properties.empty()) return;
    header.text("properties").map(its.properties.size());
    for (const auto& [name, value] : its.properties) {
        header.text(name);
        pack_value(header, value);
    }
}

void pack_attributes(Header& header, std::span<const std::optional<Attributes>> all) {
    header.text("attributes").list(all.size());
    for (const auto& each : all)
        pack_attributes(header, each.value_or(Attributes()));
}

}  // namespace

std::string pack(const Welcome& welcome) {
    const std::pair<std::string_view, uint64_t> limits[] = {
        {"header_bytes", welcome.header_bytes},
        {"message_bytes", welcome.message_bytes},
        {"frames", welcome.frames},
        {"batch_messages", kBatchMessagesMax},
        {"receipts", kReceiptsMax},
        {"subscriptions", kSubscriptionsMax},
        {"receives", kReceivesMax},
        {"asks", kAsksMax},
        {"calls", kCallsMax},
        {"credit", kCreditMax},
        {"ranges", kRangesMax},
        {"settle_messages", kSettleMessagesMax},
        {"resume_ms", in_ms(kResumeTime)},
    };
    Header header("WELCOME", 8U + (welcome.calls.empty() ? 0U : 1U) + (welcome.replaced ? 1U : 0U));
    header.text("version").number(welcome.version);
    header.text("bridge").text(welcome.bridge);
    header.text("epoch").number(welcome.epoch);
    header.text("features").list(welcome.features.size());
    for (const std::string_view each : welcome.features)
        header.text(each);
    header.text("heartbeat").number(welcome.heartbeat_ms);
    header.text("resumed").number(welcome.resumed);
    header.text("held").list(welcome.held.size());
    for (const HeldOfGroup& each : welcome.held)
        header.list(3).text(each.group).token(each.first).number(each.count);
    if (!welcome.calls.empty()) header.text("calls").list(welcome.calls.size());
    for (const uint64_t ref : welcome.calls)
        header.number(ref);
    if (welcome.replaced) header.text("replaced").flag(true);
    header.text("limits").map(std::size(limits));
    for (const auto& [name, limit] : limits)
        header.text(name).number(limit);
    return header.take();
}

std::string pack(const Refused& refused) {
    const size_t fields =
        4U + (refused.ref ? 1U : 0U) + (refused.sub ? 1U : 0U) + (refused.seq ? 1U : 0U);
    Header header("REFUSED", fields);
    header.text("re").text(refused.re);
    if (refused.ref) header.text("ref").number(*refused.ref);
    if (refused.sub) header.text("sub").number(*refused.sub);
    if (refused.seq) header.text("seq").number(*refused.seq);
    header.text("code").text(name_of(refused.code));
    header.text("text").text(refused.text);
    header.text("fatal").flag(refused.fatal);
    return header.take();
}

std::string pack_receipt(std::span<const Outcome> outcomes) {
    size_t refused = 0, prepared = 0;
    for (const Outcome& each : outcomes) {
        refused += each.why ? 1U : 0U;
        prepared += each.token ? 1U : 0U;
    }
    Header header("RECEIPT", prepared > 0 ? 3 : 2);
    header.text("stored").list(outcomes.size() - refused - prepared);
    for (const Outcome& each : outcomes) {
        if (each.why || each.token) continue;
        header.list(4).number(each.seq).number(each.count).id(each.id).flag(each.duplicate);
    }
    header.text("refused").list(refused);
    for (const Outcome& each : outcomes) {
        if (!each.why) continue;
        header.list(4).number(each.seq).number(each.count).text(name_of(*each.why)).text(each.text);
    }
    if (prepared > 0) header.text("prepared").list(prepared);
    for (const Outcome& each : outcomes) {
        if (each.token) header.list(3).number(each.seq).id(each.id).token(*each.token);
    }
    return header.take();
}

std::string pack_subscribed(uint32_t sub, std::optional<uint64_t> offset,
                            std::optional<Duration> lease) {
    Header header("SUBSCRIBED", 1U + (offset ? 1U : 0U) + (lease ? 1U : 0U));
    header.text("sub").number(sub);
    if (offset) header.text("offset").number(*offset);
    if (lease) header.text("lease").number(in_ms(*lease));
    return header.take();
}

std::string pack_unsubscribed(uint32_t sub) {
    return Header("UNSUBSCRIBED", 1).text("sub").number(sub).take();
}

std::string pack(const Delivered& delivered) {
    const size_t more = delivered.with_attributes ? 1 : 0;
    if (delivered.offset) {
        Header header("DELIVER", 3 + more);
        header.text("sub").number(delivered.sub.value_or(0));
        header.text("offset").number(*delivered.offset);
        header.text("count").number(delivered.messages);
        if (delivered.with_attributes) pack_attributes(header, delivered.attributes);
        return header.take();
    }
    Header header("DELIVER", 2 + more);
    if (delivered.sub)
        header.text("sub").number(*delivered.sub);
    else
        header.text("ref").number(delivered.ref.value_or(0));
    header.text("runs").list(delivered.runs.size());
    for (const DeliveredRun& run : delivered.runs)
        header.list(4).token(run.token).number(run.count).number(run.attempt).id(run.id);
    if (delivered.with_attributes) pack_attributes(header, delivered.attributes);
    return header.take();
}

std::string pack(const SettledRanges& settled, bool extended) {
    Header header("SETTLED", 2U + (extended ? 1U : 0U) + (settled.why ? 2U : 0U));
    header.text("ref").number(settled.ref);
    header.text("stale").list(settled.stale.size());
    for (const uint32_t each : settled.stale)
        header.number(each);
    if (extended) {
        header.text("tokens").list(settled.tokens.size());
        for (const auto& each : settled.tokens) {
            if (each)
                header.token(*each);
            else
                header.nil();
        }
    }
    if (settled.why) {
        header.text("code").text(name_of(*settled.why));
        header.text("text").text(settled.text);
    }
    return header.take();
}

std::string pack(const GivenCall& call) {
    Header header("CALL", 3U + (call.left ? 1U : 0U));
    header.text("sub").number(call.sub);
    header.text("call").corr(call.id);
    header.text("attempt").number(call.id.attempt);
    if (call.left) header.text("timeout").number(in_ms(*call.left));
    return header.take();
}

std::string pack_reply(uint64_t ref) {
    return Header("REPLY", 1).text("ref").number(ref).take();
}

std::string pack_answer(uint64_t ref, const telemetry::Report& report) {
    return Header("ANSWER", 2).text("ref").number(ref).text("report").packed(pack(report)).take();
}

std::string pack(const ResolvedTokens& resolved) {
    const auto refused = static_cast<size_t>(
        std::count_if(resolved.resolved.begin(), resolved.resolved.end(),
                      [](const ResolvedToken& each) { return each.why.has_value(); }));
    Header header("RESOLVED", refused > 0 ? 3 : 2);
    header.text("ref").number(resolved.ref);
    header.text("ids").list(resolved.resolved.size());
    for (const ResolvedToken& each : resolved.resolved) {
        if (each.why)
            header.nil();
        else
            header.id(each.id);
    }
    if (refused == 0) return header.take();
    header.text("refused").list(refused);
    for (size_t i = 0; i < resolved.resolved.size(); i++) {
        const ResolvedToken& its = resolved.resolved[i];
        if (its.why) header.list(3).number(i).text(name_of(*its.why)).text(its.text);
    }
    return header.take();
}

std::string pack(const AskedCheck& check) {
    Header header("CHECK", check.with_attributes ? 6 : 5);
    header.text("sub").number(check.sub);
    header.text("token").token(check.token);
    header.text("number").number(check.number);
    header.text("of").number(check.number_max);
    header.text("id").id(check.id);
    if (check.with_attributes) {
        header.text("attributes");
        pack_attributes(header, check.attributes);
    }
    return header.take();
}

std::string pack_found(uint64_t ref, std::span<const FoundMessage> messages) {
    Header header("FOUND", 2);
    header.text("ref").number(ref);
    header.text("messages").list(messages.size());
    for (const FoundMessage& each : messages) {
        header.list(4).number(each.offset).id(each.id).number(each.stored_ms);
        pack_attributes(header, each.attributes);
    }
    return header.take();
}

std::string pack_done(uint64_t ref) {
    return Header("DONE", 1).text("ref").number(ref).take();
}

std::string pack_heartbeat() {
    return Header("HEARTBEAT", 0).take();
}

std::string pack_bye(std::optional<Refusal> why) {
    if (!why) return Header("BYE", 0).take();
    Header header("BYE", 2);
    header.text("code").text(name_of(*why));
    header.text("text").text(meaning_of(*why));
    return header.take();
}

}  // namespace zbridge::protocol
