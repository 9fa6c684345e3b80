// The plugin `durable`: topics for the bridge, over the interface zbridge.engine/0.
//
// Flow:    create: options -> start: the log is opened and replayed -> publish, read ... -> drain:
//          what waits is committed -> stop: the log ends in order
// Failure: a log that fails: health is unhealthy from then on; with `fail_fast` the process ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/admin/admin.h"
#include "plugins/durable/alarm.h"
#include "plugins/durable/groups/death_notice.h"
#include "plugins/durable/groups/groups.h"
#include "plugins/durable/log.h"
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/topics.h"
#include "plugins/sdk/zbridge_engine.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge::durable {

class Engine final : public Plugin,
                     public TopicsListener,
                     public GroupsListener,
                     public AdminListener {
 public:
    static const Option options[];
    static const uint32_t option_count;

    explicit Engine(Context& given);
    ~Engine() override;

    void start() override;
    void drain(std::chrono::nanoseconds deadline) override;
    void stop() override;

    Topics& topics() { return *topics_; }
    Groups& groups() { return *groups_; }
    bool idle() const { return topics_->idle() && groups_->idle(); }
    void turn_end();
    zb_taken resolve(TransactionToken transaction, bool commit, uint64_t cookie);
    // ZB_NO_GROUP: not, and why.
    uint32_t join(GroupId group, std::string_view consumer, zb_view& reason);
    // False: they say nothing.
    bool read_attributes(std::string_view bytes, zb_attributes& attributes);
    void ask(std::string_view verb, std::string_view body, uint64_t cookie) {
        admin_->ask(verb, body, cookie);
    }

 private:
    // Turns of stop() that wait for what is in flight: more are needed where the disk is full, and
    // do not help.
    static constexpr int kStopTurnsMax = 16;
    static constexpr Duration kTick = std::chrono::seconds(1);

    void on_committed(uint64_t number) override;
    void on_failed(const std::string& sentence) override;
    void on_room() override;
    void on_visible(TopicId topic, const zb_run* runs, uint32_t count) override;
    void on_loaded(TopicId topic) override;
    void on_ready(GroupId group) override;
    bool on_check(const zb_check& check) override;
    void on_settled(uint64_t cookie, bool ok, const std::string& why) override;
    void on_not_settled(uint64_t cookie, const std::string& why) override {
        on_settled(cookie, false, why);
    }
    void on_note(uint64_t key, RecordType kind, std::string_view bytes) override;
    void on_answer(uint64_t cookie, bool ok, const std::string& body) override;
    void on_admin_answer(uint64_t cookie, zb_result result, std::string_view body) override;
    void on_admin_unfinished() override;
    void warn(const std::string& sentence) override;

    void tick();
    void set_alarms();
    void set_due_alarm();
    void run_due();
    bool wake_in(Duration after, void (*call)(void* self));
    void show_health();
    void tell_found(const Found& found);
    std::unique_ptr<Log> open_log(const zb_world& world);

    zb_context* handle() const { return context().handle(); }

    const zb_engine_host* engine_host_;
    TopicsOptions topics_options_;
    GroupsOptions groups_options_;
    LogOptions log_options_;
    bool fail_fast_ = false;
    const Clock* clock_ = nullptr;
    bool tick_armed_ = false;
    std::optional<Alarm> alarm_;  // for groups; from start on
    std::string shown_trouble_;
    DeathNotice death_notice_;
    std::string refusal_;        // the last one of join()
    DecodedAttributes decoded_;  // the last ones of read_attributes()
    std::vector<zb_view> decoded_keys_;
    std::vector<zb_property> decoded_properties_;

    // From start on. The log ends first: what it is writing is the topics' memory.
    std::unique_ptr<Topics> topics_;
    std::unique_ptr<Groups> groups_;
    std::unique_ptr<Log> log_;
    std::unique_ptr<Admin> admin_;
};

}  // namespace zbridge::durable
