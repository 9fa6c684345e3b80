// The group "g" of a MemoryEngine, over its topic "a": what is leased, and what was settled, as
// text.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/model/lease_token.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::testing {

class MemoryGroup {
 public:
    struct Lease {
        LeaseToken token;
        uint64_t consumer = 0;
    };

    // "ack 0", "ack 3+5" for five from 3 on, "retry 2 10000ms why", "stale ack 0"
    std::vector<std::string> settled;
    std::map<uint64_t, Lease> leases;  // by offset
    uint32_t epoch = 9;
    size_t receives = 0;
    uint32_t most_messages = 0;  // wanted at a time
    zb_taken answer = ZB_TAKEN;  // of settle
    bool tells_at_once = false;  // on_settled within settle

    // All that was settled since the last time: "ack 0, lost 1".
    std::string take_settled() {
        std::string all;
        for (const std::string& each : std::exchange(settled, {}))
            all += (all.empty() ? "" : ", ") + each;
        return all;
    }

    bool wants() const { return wants_; }
    // Told that there is more.
    void on_told() { wants_ = false; }
    // What was retried is due now.
    void due() { again_.merge(std::exchange(later_, {})); }
    // The lease of a message runs out.
    void expire(uint64_t offset) {
        leases.erase(offset);
        again_.insert(offset);
    }

    // `offsets`: the first free ones of so many messages that there are.
    std::vector<zb_delivery> receive(uint64_t head, const zb_receive& wanted,
                                     const std::function<uint64_t(uint64_t)>& bytes_of) {
        receives++;
        uint64_t bytes = 0;
        most_messages = std::max(most_messages, wanted.messages_max);
        std::vector<zb_delivery> given = once_more(wanted);
        if (!given.empty()) return given;
        while (given.size() < wanted.messages_max && bytes < wanted.bytes_max) {
            uint64_t offset = 0;
            if (!again_.empty())
                offset = again_.extract(again_.begin()).value();
            else if (cursor_ < head)
                offset = cursor_++;
            else
                break;
            const uint32_t attempt = ++attempts_[offset];
            const LeaseToken token{uint64_t{2} << 56 | uint64_t{attempt} << 48 | epoch,
                                   uint64_t{grants_[offset]++} << 48 | offset};
            leases[offset] = {token, wanted.consumer};
            zb_delivery delivery{};
            delivery.token = {token.high, token.low};
            delivery.attempt = attempt;
            delivery.run.first_offset = offset;
            given.push_back(delivery);
            bytes += bytes_of(offset);
        }
        wants_ = given.size() < wanted.messages_max && bytes < wanted.bytes_max;
        return given;
    }

    // Of what it was given before that which is still open.
    std::vector<zb_delivery> once_more(const zb_receive& wanted) const {
        std::vector<zb_delivery> given;
        for (uint32_t i = 0; i < wanted.again_count; i++) {
            const LeaseToken first{wanted.again[i].token.high, wanted.again[i].token.low};
            for (uint32_t n = 0; n < wanted.again[i].count; n++) {
                const LeaseToken token = first.behind(n);
                const uint64_t offset = token.low & ((uint64_t{1} << 48) - 1);
                const auto lease = leases.find(offset);
                if (lease == leases.end() || lease->second.token != token) continue;
                zb_delivery delivery{};
                delivery.token = {token.high, token.low};
                delivery.attempt = static_cast<uint32_t>(token.high >> 48 & 0xff);
                delivery.run.first_offset = offset;
                given.push_back(delivery);
            }
        }
        return given;
    }

    zb_taken settle(const zb_settlement& asked, zb_settled& its) {
        static constexpr const char* kNames[] = {"ack",    "retry", "reject",
                                                 "extend", "lost",  "release"};
        const LeaseToken first{asked.token.high, asked.token.low};
        const uint64_t offset = first.low & ((uint64_t{1} << 48) - 1);
        std::string text = kNames[asked.verdict] + (" " + std::to_string(offset));
        if (asked.count > 1) text += "+" + std::to_string(asked.count);
        if (asked.delay_ms >= 0) text += " " + std::to_string(asked.delay_ms) + "ms";
        if (asked.reason.size > 0) text += " " + std::string(asked.reason.data, asked.reason.size);
        if (answer != ZB_TAKEN) return answer;
        // One for all that are extended together, and none that a delivery has.
        const auto renewed =
            static_cast<uint16_t>(asked.verdict == ZB_SETTLE_EXTEND ? kRenewed + renewals_++ : 0);
        for (uint64_t i = 0; i < asked.count; i++) {
            const auto lease = leases.find(offset + i);
            if (lease == leases.end() || lease->second.token != first.behind(i)) {
                its.stale++;
                continue;
            }
            switch (asked.verdict) {
                case ZB_SETTLE_EXTEND:
                    lease->second.token.low = uint64_t{renewed} << 48 | (offset + i);
                    if (its.token.high == 0)
                        its.token = {lease->second.token.high, lease->second.token.low};
                    continue;
                case ZB_SETTLE_RETRY:
                    later_.insert(offset + i);
                    break;
                case ZB_SETTLE_RELEASE:
                    attempts_[offset + i]--;
                    [[fallthrough]];
                case ZB_SETTLE_LOST:
                    again_.insert(offset + i);
                    break;
                default:
                    break;
            }
            leases.erase(lease);
        }
        settled.push_back((its.stale > 0 ? "stale " : "") + text);
        return its.stale == asked.count ? ZB_STALE : ZB_TAKEN;
    }

 private:
    static constexpr uint16_t kRenewed = 1 << 15;

    bool wants_ = false;
    uint16_t renewals_ = 0;
    uint64_t cursor_ = 0;
    std::set<uint64_t> again_, later_;
    std::map<uint64_t, uint32_t> attempts_;
    std::map<uint64_t, uint16_t> grants_;
};

}  // namespace zbridge::testing
