#include "plugins/durable/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bridge/base/check.h"
#include "plugins/durable/groups/section.h"
#include "plugins/durable/topics/short_body.h"
#include "plugins/durable/topics_section.h"

namespace zbridge::durable {

const Option Engine::options[] = {
    Option("folder", ZB_OPTION_TEXT, "Where the journal is; else `journal` in the data directory.")
        .such_as("/var/lib/zbridge/journal"),
    Option("segment_bytes", ZB_OPTION_SIZE,
           "The journal's files are so large, a multiple of 4KiB; a message fits into one.")
        .at_least("1MiB")
        .at_most("1GiB")
        .by_default("64MiB"),
    Option("hot_memory", ZB_OPTION_SIZE,
           "Of the newest messages, kept in memory for readers that are nearly there.")
        .at_least("1MiB")
        .at_most("16GiB")
        .by_default("16MiB"),
    Option("read_memory", ZB_OPTION_SIZE, "Of older messages, read from the disk for readers.")
        .at_least("1MiB")
        .at_most("16GiB")
        .by_default("16MiB"),
    Option("clean_rate", ZB_OPTION_SIZE,
           "So many bytes a second are copied at most, where few messages keep much on the disk; 0:"
           " none are.")
        .by_default("16MiB"),
    Option(
        "max_delayed", ZB_OPTION_COUNT,
        "Messages that wait for their time (deliver_at); beyond it further ones are refused. About"
        " 48 bytes each.")
        .at_least("1")
        .at_most("1000000000")
        .by_default("4000000"),
    Option(
        "max_prepared", ZB_OPTION_COUNT,
        "Messages that are prepared and wait for their commit; beyond it further ones are refused."
        " About 48 bytes each.")
        .at_least("1")
        .at_most("1000000000")
        .by_default("1000000"),
    Option("check_after", ZB_OPTION_DURATION,
           "So long after its prepare it is asked what becomes of a message, if nobody has said.")
        .at_least("10ms")
        .at_most("7d")
        .by_default("6s"),
    Option("check_every", ZB_OPTION_DURATION, "So long after that it is asked again.")
        .at_least("10ms")
        .at_most("7d")
        .by_default("30s"),
    Option("max_checks", ZB_OPTION_COUNT,
           "So often it is asked; then the message is rolled back, and kept in TOPIC-unresolved.")
        .at_least("1")
        .at_most("200")
        .by_default("15"),
    Option("accept_loss", ZB_OPTION_FLAG,
           "Start although the journal is damaged: what is not readable is lost.")
        .by_default("false"),
    Option("strict", ZB_OPTION_FLAG,
           "Refuse to start if anything in the journal is not as it was"
           " written.")
        .by_default("false"),
    Option("skip", ZB_OPTION_COUNT, "The number of a batch of the journal that is left out.")
        .such_as("4711"),
    Option("fail_fast", ZB_OPTION_FLAG,
           "End the process when the journal cannot be written any more.")
        .by_default("false"),
};
const uint32_t Engine::option_count = std::size(options);

Engine::Engine(Context& given) : Plugin(given) {
    const Options own = given.options();
    log_options_.folder = own.has("folder") ? own.text("folder") : "";
    log_options_.segment_bytes = static_cast<uint64_t>(own.integer("segment_bytes"));
    if (log_options_.segment_bytes % 4096 != 0)
        own.refuse("segment_bytes", "expected a multiple of 4KiB");
    log_options_.accept_loss = own.flag("accept_loss");
    log_options_.strict = own.flag("strict");
    if (own.has("skip")) log_options_.skip = static_cast<uint64_t>(own.integer("skip"));
    if (log_options_.accept_loss && log_options_.strict)
        own.refuse("strict", "`strict` and `accept_loss` exclude each other");
    topics_options_.hot_bytes = static_cast<size_t>(own.integer("hot_memory"));
    topics_options_.cold_bytes = static_cast<size_t>(own.integer("read_memory"));
    topics_options_.clean_bytes_a_second = static_cast<uint64_t>(own.integer("clean_rate"));
    groups_options_.delayed_max = static_cast<uint64_t>(own.integer("max_delayed"));
    TransactionsOptions& its = groups_options_.transactions;
    its.prepared_max = static_cast<uint64_t>(own.integer("max_prepared"));
    its.check_after = Duration(own.integer("check_after"));
    its.check_every = Duration(own.integer("check_every"));
    its.checks_max = static_cast<uint32_t>(own.integer("max_checks"));
    fail_fast_ = own.flag("fail_fast");

    const zb_host& host = given.host();
    engine_host_ =
        static_cast<const zb_engine_host*>(host.get_extension(given.handle(), ZB_ENGINE_HOST));
    if (engine_host_ == nullptr) return;
    const auto each_of = [&](const zb_section& section, auto read) {
        for (uint32_t i = 0; i < engine_host_->entry_count(given.handle(), section.name); i++) {
            const Context entry(&host, engine_host_->entry(given.handle(), section.name, i));
            read(entry);
        }
    };
    each_of(kTopicsSection, [&](const Context& entry) {
        topics_options_.topics.push_back(read_topic(entry.name(), entry.options()));
    });
    each_of(kGroupsSection, [&](const Context& entry) {
        groups_options_.groups.push_back(read_group(entry.name(), entry.options()));
    });
}

Engine::~Engine() = default;

void Engine::start() {
    if (engine_host_ == nullptr) throw Error("this host keeps no topics");
    const zb_world& world = *engine_host_->world(handle());
    if (world.folder == nullptr) throw Error("topics need `bridge.data_dir`");
    TopicsWorld topics_world;
    clock_ = static_cast<const Clock*>(world.clock);
    alarm_.emplace(*clock_, [this](Duration after) {
        return wake_in(after, [](void* self) { static_cast<Engine*>(self)->run_due(); });
    });
    topics_world.clock = clock_;
    topics_world.random = static_cast<Random*>(world.random);
    topics_world.memory = static_cast<MemoryBudget*>(world.memory);
    topics_world.epoch = world.epoch;
    topics_ = std::make_unique<Topics>(std::move(topics_options_), topics_world, *this);
    groups_ =
        std::make_unique<Groups>(std::move(groups_options_), *topics_, *topics_world.clock, *this);
    topics_->attach(*groups_, *groups_);
    log_ = open_log(world);
    const Found& found = log_->journal().found();
    tell_found(found);
    const bool was_clean = found.end == Found::End::kCleanStop || found.end == Found::End::kNew;
    if (const Status served = topics_->serve(log_->store(), was_clean); !served.ok()) {
        (void)log_->store().close();  // what matters is why
        log_.reset();                 // before its executors end: no stop() follows
        throw Error(served.message());
    }
    admin_ = std::make_unique<Admin>(*topics_, *groups_, *log_, *topics_world.clock, *this);
}

std::unique_ptr<Log> Engine::open_log(const zb_world& world) {
    LogOptions its = log_options_;
    its.shorten = shorten;
    if (its.folder.empty()) its.folder = std::string(world.folder) + "/journal";
    if (world.was_clean != 0) its.clean_epoch = world.epoch - 1;
    LogWorld log_world;
    log_world.disk = static_cast<Disk*>(world.disk);
    log_world.clock = static_cast<Clock*>(world.clock);
    log_world.random = static_cast<Random*>(world.random);
    log_world.epoch = world.epoch;
    log_world.lend_executor = [this](const char* name, uint32_t threads, uint32_t tasks_max) {
        return static_cast<Executor*>(
            engine_host_->make_executor(handle(), name, threads, tasks_max));
    };
    log_world.wake_in = [this](Duration after) {
        return wake_in(after, [](void* self) { static_cast<Engine*>(self)->log_->run_due(); });
    };
    auto opened =
        Log::open(its, log_world, [this](const LogBatch& batch) { return topics_->replay(batch); });
    if (!opened.ok()) throw Error(opened.error().message());
    return std::move(*opened);
}

void Engine::tell_found(const Found& found) {
    if (const std::string sentence = found.digests.sentence(); !sentence.empty())
        context().log(ZB_LOG_INFO, sentence);
    const auto sentences = found.sentences();
    // That the mark of the end was written again is no news.
    if (found.end == Found::End::kCleanStop && found.rewritten > 0 && sentences.size() == 1) return;
    for (const std::string& sentence : sentences)
        warn(sentence);
}

void Engine::turn_end() {
    groups_->turn_end();
    topics_->turn_end();
    set_alarms();
}

void Engine::drain(std::chrono::nanoseconds) {
    groups_->begin_end();
    groups_->turn_end();
    topics_->turn_end();
}

void Engine::stop() {
    admin_->stop();
    // A host that drains leaves nothing to do here.
    groups_->begin_end();
    for (int turn = 0; turn < kStopTurnsMax && !idle(); turn++) {
        groups_->turn_end();
        topics_->turn_end();
        log_->finish();
    }
    const Status closed = log_->store().close();
    admin_.reset();
    log_.reset();  // before its executors end
    if (!closed.ok()) throw Error("the journal did not end in order: " + closed.message());
}

uint32_t Engine::join(GroupId id, std::string_view consumer, zb_view& reason) {
    Group* group = groups_->find(id);
    refusal_ = group == nullptr ? "there is no such group" : topics_->failure();
    const bool may = group != nullptr && refusal_.empty();
    const Group* joined = may ? groups_->join(*group, consumer, refusal_) : nullptr;
    reason = to_c(std::string_view(refusal_));
    return joined == nullptr ? ZB_NO_GROUP : joined->id().number();
}

bool Engine::read_attributes(std::string_view bytes, zb_attributes& attributes) {
    auto decoded = bytes.empty() ? std::nullopt : decode_attributes(bytes);
    if (!decoded) return false;
    decoded_ = *std::move(decoded);
    decoded_keys_.clear();
    for (const std::string_view key : decoded_.keys)
        decoded_keys_.push_back(to_c(key));
    decoded_properties_.clear();
    for (const auto& [name, value] : decoded_.properties)
        decoded_properties_.push_back({to_c(name), value});
    attributes = {sizeof(zb_attributes),
                  static_cast<uint32_t>(decoded_keys_.size()),
                  static_cast<uint32_t>(decoded_properties_.size()),
                  0,
                  to_c(decoded_.id),
                  to_c(decoded_.order_key),
                  to_c(decoded_.tag),
                  decoded_.deliver_at_ms,
                  decoded_keys_.data(),
                  decoded_properties_.data(),
                  decoded_.priority,
                  0};
    return true;
}

void Engine::on_committed(uint64_t number) {
    engine_host_->on_committed(handle(), number);
}

void Engine::on_failed(const std::string& sentence) {
    const std::string whole = "the journal failed, nothing is stored any more: " + sentence;
    context().log(ZB_LOG_ERROR, whole);
    show_health();
    groups_->fail(sentence);
    engine_host_->on_failed(handle(), to_c(std::string_view(sentence)), fail_fast_ ? 1 : 0);
}

void Engine::on_room() {
    engine_host_->on_room(handle());
}

void Engine::on_visible(TopicId topic, const zb_run* runs, uint32_t count) {
    engine_host_->on_visible(handle(), topic.number(), runs, count);
    groups_->on_visible(topic);
}

void Engine::on_loaded(TopicId topic) {
    engine_host_->on_loaded(handle(), topic.number());
    groups_->on_loaded(topic);
    if (admin_) admin_->on_loaded(topic);
}

void Engine::on_ready(GroupId group) {
    engine_host_->on_ready(handle(), group.number());
}

void Engine::on_settled(uint64_t cookie, bool ok, const std::string& why) {
    engine_host_->on_settled(handle(), cookie, ok ? ZB_OK : ZB_FAILED, to_c(std::string_view(why)));
}

void Engine::on_note(uint64_t key, RecordType kind, std::string_view bytes) {
    engine_host_->on_note(handle(), key, static_cast<uint32_t>(kind), to_c(bytes));
}

void Engine::on_answer(uint64_t cookie, bool ok, const std::string& body) {
    on_admin_answer(cookie, ok ? ZB_OK : ZB_FAILED, body);
}

void Engine::on_admin_answer(uint64_t cookie, zb_result result, std::string_view body) {
    engine_host_->on_answer(handle(), cookie, result, to_c(body));
}

bool Engine::on_check(const zb_check& check) {
    return engine_host_->on_check(handle(), &check) != 0;
}

zb_taken Engine::resolve(TransactionToken transaction, bool commit, uint64_t cookie) {
    return groups_->resolve(transaction, commit, [this, cookie](const Resolved& its) {
        const MessageId id = its.id.value_or(MessageId{});
        const zb_resolved resolved{sizeof(zb_resolved),
                                   its.taken,
                                   cookie,
                                   id.epoch,
                                   id.sequence,
                                   to_c(std::string_view(its.reason))};
        engine_host_->on_resolved(handle(), &resolved);
    });
}

void Engine::on_admin_unfinished() {
    // Where the host sets no timers the end has begun: nobody waits for the answer any more.
    (void)wake_in(Duration(1), [](void* self) {
        auto& its = *static_cast<Engine*>(self);
        if (its.admin_) its.admin_->go_on();
    });
}

void Engine::warn(const std::string& sentence) {
    context().warn(sentence);
}

void Engine::tick() {
    tick_armed_ = false;
    topics_->tick();
    groups_->tick();
    death_notice_.look(*groups_, clock_->now(),
                       [this](const std::string& sentence) { warn(sentence); });
    show_health();
    set_alarms();
}

// Within start, and once the end has begun, the host sets none: each turn tries again.
void Engine::set_alarms() {
    log_->set_alarm();
    set_due_alarm();
    if (tick_armed_) return;
    tick_armed_ = wake_in(kTick, [](void* self) { static_cast<Engine*>(self)->tick(); });
}

void Engine::set_due_alarm() {
    const auto due = groups_->next_due();
    if (due) alarm_->set(clock_->now() + *due);
}

void Engine::run_due() {
    alarm_->rang();
    groups_->run_due();
    set_due_alarm();
}

bool Engine::wake_in(Duration after, void (*call)(void* self)) {
    return context().host().set_timer(handle(), static_cast<uint64_t>(after.count()), call, this) ==
           ZB_OK;
}

void Engine::show_health() {
    std::string trouble;
    if (!topics_->failure().empty())
        trouble = "the journal failed: " + topics_->failure();
    else if (log_->store().full())
        trouble =
            "the journal has no room to grow: " + log_->journal().spares().failure().message();
    else if (topics_->damaged_batches() > 0)
        trouble = "batches that cannot be read: " + std::to_string(topics_->damaged_batches());
    else if (const uint64_t lost = log_->journal().found().batches_without_messages(); lost > 0)
        trouble = "batches whose messages are lost: " + std::to_string(lost);
    if (trouble == shown_trouble_) return;
    if (trouble.empty())
        context().healthy();
    else
        context().degraded(trouble);
    shown_trouble_ = std::move(trouble);
}

}  // namespace zbridge::durable
