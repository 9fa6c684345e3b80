// Topics and groups without a bridge around them, on a log in memory, with a clock that is told the time.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/micro/instant_store.h"
#include "bridge/base/clock.h"
#include "plugins/durable/groups/groups.h"

namespace zbridge::bench {

struct GroupsTold final : durable::TopicsListener, durable::GroupsListener {
    void on_committed(uint64_t) override {}
    void on_failed(const std::string& sentence) override { ZB_CHECK(false, sentence); }
    void on_room() override {}
    void on_visible(durable::TopicId topic, const zb_run* runs, uint32_t count) override {
        for (uint32_t i = 0; i < count; i++)
            messages += runs[i].count;
        if (groups != nullptr) groups->on_visible(topic);
    }
    void on_loaded(durable::TopicId topic) override {
        if (groups != nullptr) groups->on_loaded(topic);
    }
    void on_note(uint64_t, durable::RecordType, std::string_view) override {}
    void on_answer(uint64_t, bool, const std::string&) override {}
    void on_settled(uint64_t, bool, const std::string&) override {}
    void on_ready(durable::GroupId) override {}
    void on_not_settled(uint64_t, const std::string&) override {}
    void warn(const std::string&) override {}

    durable::Groups* groups = nullptr;
    uint64_t messages = 0;
};

// ZMTP's frames of one message of so many bytes.
inline std::string wire_of(size_t body_bytes) {
    ZB_CHECK(body_bytes < 256, body_bytes);
    return std::string{'\0', static_cast<char>(body_bytes)} + std::string(body_bytes, 'x');
}

inline double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Resident, of this process.
inline double resident_mib() {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    unsigned long all = 0, resident = 0;
    ZB_CHECK(file != nullptr && std::fscanf(file, "%lu %lu", &all, &resident) == 2);
    (void)std::fclose(file);
    return static_cast<double>(resident) * 4096 / (1 << 20);
}

class GroupsWorld {
 public:
    // A topic `t` without a limit on what is kept, and groups of it.
    explicit GroupsWorld(std::vector<durable::DeclaredGroup> declared, size_t kept_bytes = 0)
        : store_(kept_bytes) {
        durable::TopicsOptions options;
        options.topics.push_back({"t", {}});
        options.topics.back().options.retention.keep_unread = false;
        options.topics.back().options.retention.bytes = 64 << 20;
        topics_ = std::make_unique<durable::Topics>(
            options, durable::TopicsWorld{&clock, &random_, &memory_, 1}, told_);
        groups_ = std::make_unique<durable::Groups>(durable::GroupsOptions{std::move(declared)},
                                                    *topics_, clock, told_);
        told_.groups = groups_.get();
        topics_->attach(*groups_, *groups_);
        ZB_CHECK(topics_->serve(store_, true).ok());
        turn();
    }
    ~GroupsWorld() {
        told_.groups = nullptr;
        groups_.reset();
        topics_.reset();
    }
    GroupsWorld(const GroupsWorld&) = delete;
    GroupsWorld& operator=(const GroupsWorld&) = delete;

    void publish(std::string_view wire, const zb_attributes* attributes = nullptr) {
        while (!topics_->has_room())
            turn();
        const zb_publication publication{0, 1, {wire.data(), wire.size()}, attributes};
        zb_receipt receipt{};
        ZB_CHECK(topics_->publish(&publication, 1, receipt) == ZB_TAKEN);
    }
    void turn() {
        store_.finish();
        groups_->turn_end();
        topics_->turn_end();
        store_.finish();
    }
    // Deliveries of the group, at most so many messages; until the next call.
    std::span<const zb_delivery> receive(durable::GroupId group, uint32_t messages,
                                         int64_t lease_ms = 0) {
        const zb_receive wanted{sizeof(zb_receive), messages, 1 << 20, lease_ms, 1, nullptr, 0, 0};
        return {deliveries_.data(),
                groups_->receive(group, wanted, deliveries_.data(), kDeliveriesMax)};
    }
    void settle(durable::GroupId group, uint32_t verdict, zb_token token, uint32_t count,
                int64_t delay_ms = -1) {
        zb_settlement settlement{};
        settlement.size = sizeof(settlement);
        settlement.verdict = verdict;
        settlement.token = token;
        settlement.count = count;
        settlement.delay_ms = delay_ms;
        zb_settled settled{};
        ZB_CHECK(groups_->settle(group, settlement, nullptr, 0, settled) == ZB_TAKEN);
    }
    durable::Groups& groups() { return *groups_; }
    durable::Topics& topics() { return *topics_; }
    durable::GroupId id(const std::string& name) const { return groups_->find(name)->id(); }
    const GroupsTold& told() const { return told_; }

    ManualClock clock;

 private:
    static constexpr uint32_t kDeliveriesMax = 256;

    SeededRandom random_{1};
    MemoryBudget memory_{1ULL << 30};
    InstantStore store_;
    GroupsTold told_;
    std::unique_ptr<durable::Topics> topics_;
    std::unique_ptr<durable::Groups> groups_;
    std::vector<zb_delivery> deliveries_ = std::vector<zb_delivery>(kDeliveriesMax);
};

}  // namespace zbridge::bench
