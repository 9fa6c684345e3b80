#include "bridge/plugin/engine.h"

#include <algorithm>
#include <utility>

#include "bridge/base/check.h"

namespace zbridge::plugin {

// Attributes as the C interface gives them.
struct Engine::Given {
    zb_attributes attributes{};
    std::vector<zb_view> keys;
    std::vector<zb_property> properties;

    const zb_attributes* fill(const Attributes& from) {
        keys.clear();
        properties.clear();
        for (const std::string& key : from.keys)
            keys.push_back(to_c(key));
        for (const auto& [name, value] : from.properties)
            properties.push_back({to_c(name), value_to_c(value)});
        const auto text = [](const std::optional<std::string>& of) {
            return of ? to_c(*of) : zb_view{nullptr, 0};
        };
        attributes = {sizeof(zb_attributes),
                      static_cast<uint32_t>(keys.size()),
                      static_cast<uint32_t>(properties.size()),
                      from.once ? uint32_t{ZB_ONCE} : 0U,
                      text(from.id),
                      text(from.order_key),
                      text(from.tag),
                      from.deliver_at_ms.value_or(0),
                      keys.data(),
                      properties.data(),
                      from.priority.value_or(0),
                      0};
        return &attributes;
    }
};

namespace {

Refusal refusal_of(zb_taken taken) {
    switch (taken) {
        case ZB_TOPIC_FULL:
            return Refusal::kTopicFull;
        case ZB_STORE_FULL:
            return Refusal::kStoreFull;
        case ZB_TOO_LARGE:
            return Refusal::kTooLarge;
        case ZB_UNCONFIGURED:
            return Refusal::kUnconfigured;
        case ZB_UNABLE:
            return Refusal::kUnable;
        case ZB_STALE:
            return Refusal::kStale;
        case ZB_BUSY:
            return Refusal::kBusy;
        default:
            return Refusal::kStoreFailed;
    }
}

Published published_of(zb_taken taken, const zb_receipt& receipt) {
    Published published;
    if (taken == ZB_TAKEN) {
        published.number = receipt.number;
        published.id = {receipt.id_epoch, receipt.id_sequence};
        published.duplicate = receipt.duplicate != 0;
    } else {
        published.why = refusal_of(taken);
        published.reason = from_c(receipt.reason);
    }
    return published;
}

Run run_of(const zb_run& run) {
    const ChunkRef chunk(static_cast<Chunk*>(run.chunk));
    return {Slice(chunk, run.wire, run.bytes), run.count, run.first_offset, run.replaced,
            from_c(run.attributes)};
}

}  // namespace

// What the engine calls. Each finds the Engine in its context.
struct EngineCalls {
    static Engine* of(zb_context* context) { return context->engine; }

    static const zb_world* world(zb_context* context) {
        static const zb_world nothing{sizeof(zb_world), 0,       0,       nullptr,
                                      nullptr,          nullptr, nullptr, nullptr};
        const Engine* engine = of(context);
        return engine == nullptr ? &nothing : &engine->c_world_;
    }

    static void* make_executor(zb_context* context, const char* name, uint32_t threads,
                               uint32_t tasks_max) {
        Engine* engine = of(context);
        if (engine == nullptr) return nullptr;
        engine->executors_.push_back(engine->make_executor_({name, threads, tasks_max}));
        return engine->executors_.back().get();
    }

    static uint32_t entry_count(zb_context* context, const char* section) {
        return context->entry_count(section);
    }
    static zb_context* entry(zb_context* context, const char* section, uint32_t index) {
        return context->entry(section, index);
    }

    static void on_committed(zb_context* context, uint64_t number) {
        Engine& engine = *of(context);
        ZB_CHECK(number >= engine.committed_, number, engine.committed_);
        engine.committed_ = number;
        for (CommitListener* each : engine.commit_listeners_)
            each->on_committed(number);
    }

    static void on_failed(zb_context* context, zb_view sentence, uint32_t ends_process) {
        Engine& engine = *of(context);
        if (std::exchange(engine.failed_, true)) return;
        engine.failure_ = from_c(sentence);
        engine.ends_process_ = ends_process != 0;
        for (CommitListener* each : engine.commit_listeners_)
            each->on_commit_failed();
        on_room(context);
    }

    static void on_room(zb_context* context) {
        const auto told = std::exchange(of(context)->waiting_, {});
        for (RoomListener* each : told)
            each->on_room();
    }

    static void on_visible(zb_context* context, uint32_t topic, const zb_run* runs,
                           uint32_t count) {
        Engine& engine = *of(context);
        if (topic >= engine.topic_listeners_.size()) return;
        std::vector<Run> visible;
        for (uint32_t i = 0; i < count; i++)
            visible.push_back(run_of(runs[i]));
        for (TopicListener* each : engine.topic_listeners_[topic])
            each->on_visible(TopicId(topic), visible);
    }

    static void on_loaded(zb_context* context, uint32_t topic) {
        Engine& engine = *of(context);
        if (topic >= engine.topic_listeners_.size()) return;
        for (TopicListener* each : engine.topic_listeners_[topic])
            each->on_loaded(TopicId(topic));
    }

    static void on_ready(zb_context* context, uint32_t group) {
        Engine& engine = *of(context);
        if (group >= engine.group_listeners_.size()) return;
        for (GroupListener* each : engine.group_listeners_[group])
            each->on_ready(GroupId(group));
    }

    static void on_settled(zb_context* context, uint64_t cookie, zb_result result, zb_view reason) {
        Engine& engine = *of(context);
        const auto waiting = engine.settling_.find(cookie);
        if (waiting == engine.settling_.end()) return;
        const Engine::OnSettled told = std::move(waiting->second);
        engine.settling_.erase(waiting);
        told(result == ZB_OK, from_c(reason));
    }

    static void on_note(zb_context* context, uint64_t key, uint32_t kind, zb_view bytes) {
        const Engine& engine = *of(context);
        if (engine.on_note_) engine.on_note_(key, kind, from_c(bytes));
    }

    static void on_answer(zb_context* context, uint64_t cookie, zb_result result, zb_view body) {
        Engine& engine = *of(context);
        const auto asked = std::find_if(engine.answers_.begin(), engine.answers_.end(),
                                        [&](const auto& each) { return each.first == cookie; });
        if (asked == engine.answers_.end()) return;
        const Engine::OnAnswer answer = std::move(asked->second);
        engine.answers_.erase(asked);
        answer(result, from_c(body));
    }

    static void on_resolved(zb_context* context, const zb_resolved* its) {
        Engine& engine = *of(context);
        const auto waiting = engine.resolving_.find(its->cookie);
        if (waiting == engine.resolving_.end()) return;
        const Engine::OnResolved told = std::move(waiting->second);
        engine.resolving_.erase(waiting);
        Resolved resolved;
        if (its->taken != ZB_TAKEN) resolved.why = refusal_of(its->taken);
        resolved.reason = from_c(its->reason);
        if (its->id_epoch != 0) resolved.id = {its->id_epoch, its->id_sequence};
        if (told) told(resolved);
    }

    static uint32_t on_check(zb_context* context, const zb_check* its) {
        const Engine& engine = *of(context);
        const auto listener = engine.check_listeners_.find(from_c(its->checker));
        if (listener == engine.check_listeners_.end()) return 0;
        const Check check{{its->transaction.high, its->transaction.low},
                          its->check,
                          its->checks_max,
                          {its->run.id_epoch, its->run.first_sequence},
                          run_of(its->run).wire,
                          from_c(its->run.attributes)};
        const auto& all = listener->second;
        return std::any_of(all.begin(), all.end(),
                           [&](CheckListener* each) { return each->on_check(check); })
                   ? 1
                   : 0;
    }
};

const zb_engine_host& engine_host_table() {
    static const zb_engine_host table{sizeof(zb_engine_host),    0,
                                      EngineCalls::world,        EngineCalls::make_executor,
                                      EngineCalls::entry_count,  EngineCalls::entry,
                                      EngineCalls::on_committed, EngineCalls::on_failed,
                                      EngineCalls::on_room,      EngineCalls::on_visible,
                                      EngineCalls::on_loaded,    EngineCalls::on_ready,
                                      EngineCalls::on_settled,   EngineCalls::on_note,
                                      EngineCalls::on_answer,    EngineCalls::on_resolved,
                                      EngineCalls::on_check};
    return table;
}

Engine::Engine(Instance& instance, EngineWorld world, MakeExecutor make_executor)
    : instance_(instance),
      calls_(instance.declaration().engine()),
      world_(std::move(world)),
      make_executor_(std::move(make_executor)),
      c_runs_(kRunsMax),
      c_deliveries_(kRunsMax) {
    ZB_CHECK(calls_ != nullptr, instance.name());
    c_world_ = {sizeof(zb_world), world_.was_clean ? 1U : 0U,
                world_.epoch,     world_.data_dir.empty() ? nullptr : world_.data_dir.c_str(),
                world_.disk,      world_.clock,
                world_.random,    world_.memory};
    instance_.context().engine = this;
}

Engine::~Engine() {
    instance_.context().engine = nullptr;
}

std::optional<TopicId> Engine::topic(std::string_view name) const {
    const uint32_t handle = calls().topic(instance_.self(), to_c(name));
    if (handle == ZB_NO_TOPIC) return std::nullopt;
    return TopicId(handle);
}

std::optional<TopicId> Engine::find_topic(std::string_view name) const {
    const uint32_t handle = calls().find_topic(instance_.self(), to_c(name));
    if (handle == ZB_NO_TOPIC) return std::nullopt;
    return TopicId(handle);
}

std::optional<Attributes> Engine::read_attributes(std::string_view bytes) const {
    zb_attributes its{};
    if (bytes.empty() || calls().read_attributes(instance_.self(), to_c(bytes), &its) == 0)
        return std::nullopt;
    const auto text = [](zb_view view) {
        return view.size > 0 ? std::optional<std::string>(from_c(view)) : std::nullopt;
    };
    Attributes read;
    read.id = text(its.id);
    for (uint32_t i = 0; i < its.key_count; i++)
        read.keys.emplace_back(from_c(its.keys[i]));
    read.order_key = text(its.order_key);
    read.tag = text(its.tag);
    if (its.deliver_at_ms != 0) read.deliver_at_ms = its.deliver_at_ms;
    for (uint32_t i = 0; i < its.property_count; i++) {
        if (auto value = value_from_c(its.properties[i].value))
            read.properties.emplace_back(from_c(its.properties[i].name), *std::move(value));
    }
    if (its.priority != 0) read.priority = static_cast<uint8_t>(its.priority);
    return read;
}

void Engine::listen(TopicId topic, TopicListener& listener) {
    if (topic.number() >= topic_listeners_.size()) topic_listeners_.resize(topic.number() + 1);
    topic_listeners_[topic.number()].push_back(&listener);
}

bool Engine::has_room() const {
    return failed_ || calls().has_room(instance_.self()) != 0;
}

bool Engine::has_room(RoomListener& waiting) {
    if (has_room()) return true;
    if (std::find(waiting_.begin(), waiting_.end(), &waiting) == waiting_.end())
        waiting_.push_back(&waiting);
    return false;
}

const zb_publication* Engine::to_c_publications(std::span<const Publication> publications) {
    publications_.clear();
    size_t with_attributes = 0;
    for (const Publication& each : publications) {
        const zb_attributes* attributes = nullptr;
        if (each.attributes != nullptr) {
            if (with_attributes == given_.size()) given_.push_back(std::make_unique<Given>());
            attributes = given_[with_attributes++]->fill(*each.attributes);
        }
        publications_.push_back({each.topic.number(), each.message->frames(),
                                 to_c(each.message->wire().bytes()), attributes});
    }
    return publications_.data();
}

Published Engine::publish(std::span<const Publication> publications) {
    zb_receipt receipt{};
    const zb_taken taken = calls().publish(instance_.self(), to_c_publications(publications),
                                           static_cast<uint32_t>(publications.size()), &receipt);
    ZB_CHECK(taken != ZB_LATER, instance_.name());
    return published_of(taken, receipt);
}

std::optional<uint64_t> Engine::note(uint64_t key, uint32_t kind, std::string_view bytes,
                                     bool closes) {
    zb_receipt receipt{};
    const zb_taken taken =
        calls().note(instance_.self(), key, kind, to_c(bytes), closes ? 1 : 0, &receipt);
    if (taken != ZB_TAKEN) return std::nullopt;
    return receipt.number;
}

Engine::Bounds Engine::bounds(TopicId topic) const {
    const zb_bounds bounds = calls().bounds(instance_.self(), topic.number());
    return {bounds.floor, bounds.head};
}

uint64_t Engine::position(TopicId topic, uint32_t where, int64_t value) const {
    return calls().position(instance_.self(), topic.number(), where, value);
}

const std::vector<Run>* Engine::read(TopicId topic, uint64_t offset, uint64_t bytes_max) {
    uint32_t count = 0;
    const zb_taken taken = calls().read(instance_.self(), topic.number(), offset, bytes_max,
                                        c_runs_.data(), kRunsMax, &count);
    if (taken != ZB_TAKEN) return nullptr;
    runs_.clear();
    for (uint32_t i = 0; i < count; i++)
        runs_.push_back(run_of(c_runs_[i]));
    return &runs_;
}

std::optional<GroupId> Engine::group(std::string_view name) const {
    const uint32_t handle = calls().group(instance_.self(), to_c(name));
    if (handle == ZB_NO_GROUP) return std::nullopt;
    return GroupId(handle);
}

void Engine::listen(GroupId group, GroupListener& listener) {
    if (group.number() >= group_listeners_.size()) group_listeners_.resize(group.number() + 1);
    group_listeners_[group.number()].push_back(&listener);
}

void Engine::unlisten(GroupId group, GroupListener& listener) {
    auto& listeners = group_listeners_[group.number()];
    listeners.erase(std::remove(listeners.begin(), listeners.end(), &listener), listeners.end());
}

void Engine::forget(RoomListener& waiting) {
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &waiting), waiting_.end());
}

std::optional<GroupId> Engine::join(GroupId group, std::string_view consumer, std::string& why) {
    zb_view reason{};
    const uint32_t handle = calls().join(instance_.self(), group.number(), to_c(consumer), &reason);
    if (handle != ZB_NO_GROUP) return GroupId(handle);
    why = from_c(reason);
    return std::nullopt;
}

void Engine::attend(GroupId joined, bool present) {
    calls().attend(instance_.self(), joined.number(), present ? 1 : 0);
}

const std::vector<Delivery>& Engine::receive(GroupId group, const Wanted& wanted) {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    c_again_.clear();
    for (const Lent& each : wanted.again)
        c_again_.push_back({{each.first.high, each.first.low}, each.count, 0});
    const zb_receive asked{sizeof(zb_receive),
                           wanted.messages,
                           wanted.bytes,
                           duration_cast<milliseconds>(wanted.lease).count(),
                           wanted.consumer.number(),
                           c_again_.data(),
                           static_cast<uint32_t>(c_again_.size()),
                           0};
    const uint32_t count =
        calls().receive(instance_.self(), group.number(), &asked, c_deliveries_.data(), kRunsMax);
    deliveries_.clear();
    for (uint32_t i = 0; i < count; i++) {
        const zb_delivery& each = c_deliveries_[i];
        deliveries_.push_back({run_of(each.run),
                               {each.token.high, each.token.low},
                               each.attempt,
                               {each.run.id_epoch, each.run.first_sequence}});
    }
    if (!watches_.empty()) [[unlikely]]
        show_given(group, wanted.consumer);
    return deliveries_;
}

void Engine::watch(GroupId group, Watch* watch) {
    if (watch != nullptr)
        watches_.insert_or_assign(group, watch);
    else
        watches_.erase(group);
}

void Engine::show_given(GroupId group, PeerId consumer) const {
    const auto found = watches_.find(group);
    if (found == watches_.end()) return;
    for (const Delivery& each : deliveries_) {
        Passing passing;
        passing.way = Passing::Way::kGiven;
        passing.wire = each.run.wire;
        passing.messages = each.run.messages;
        passing.peer = consumer;
        passing.offset = each.run.first_offset;
        passing.id = each.id;
        passing.attempt = each.attempt;
        found->second->on_passing(passing);
    }
}

Settled Engine::settle(GroupId group, const Settlement& settlement,
                       std::span<const Publication> replies, OnSettled when_durable) {
    using std::chrono::duration_cast, std::chrono::milliseconds;
    zb_settlement asked{};
    asked.size = sizeof(zb_settlement);
    asked.verdict = static_cast<uint32_t>(settlement.verdict);
    asked.token = {settlement.token.high, settlement.token.low};
    asked.count = settlement.count;
    asked.delay_ms = settlement.delay ? duration_cast<milliseconds>(*settlement.delay).count() : -1;
    asked.reason = to_c(settlement.reason);
    if (when_durable) {
        asked.cookie = next_settling_++;
        settling_.emplace(asked.cookie, std::move(when_durable));
    }
    zb_settled its{};
    const zb_taken taken =
        calls().settle(instance_.self(), group.number(), &asked, to_c_publications(replies),
                       static_cast<uint32_t>(replies.size()), &its);
    Settled settled;
    settled.later = taken == ZB_LATER;
    settled.stale = taken == ZB_STALE ? settlement.count : its.stale;
    settled.token = {its.token.high, its.token.low};
    if (taken != ZB_TAKEN) settling_.erase(asked.cookie);
    if (taken != ZB_TAKEN && taken != ZB_STALE && taken != ZB_LATER) {
        settled.why = refusal_of(taken);
        settled.reason = from_c(its.reason);
    }
    return settled;
}

Prepared Engine::prepare(const Publication& publication, std::string_view checker) {
    zb_receipt receipt{};
    zb_transaction transaction{};
    const zb_taken taken = calls().prepare(instance_.self(), to_c_publications({&publication, 1}),
                                           to_c(checker), &receipt, &transaction);
    ZB_CHECK(taken != ZB_LATER, instance_.name());
    return {published_of(taken, receipt), {transaction.high, transaction.low}};
}

void Engine::resolve(TransactionToken transaction, Resolution how, OnResolved told) {
    const uint64_t cookie = next_resolving_++;
    resolving_.emplace(cookie, std::move(told));
    const zb_taken taken = calls().resolve(instance_.self(), {transaction.high, transaction.low},
                                           static_cast<uint32_t>(how), cookie);
    if (taken == ZB_TAKEN) return;
    const OnResolved its = std::move(resolving_.at(cookie));
    resolving_.erase(cookie);
    if (!its) return;
    its({refusal_of(taken), taken == ZB_STORE_FAILED ? failure_ : std::string_view(),
         std::nullopt});
}

void Engine::admin(std::string_view verb, std::string_view body, OnAnswer answer) {
    const uint64_t cookie = next_answer_++;
    answers_.emplace_back(cookie, std::move(answer));
    calls().admin(instance_.self(), to_c(verb), to_c(body), cookie);
}

void Engine::on_turn_end() {
    for (const auto& executor : executors_)
        (void)executor->run_done();
    calls().turn_end(instance_.self());
}

Duration Engine::hurries() const {
    Duration longest{};
    for (const auto& executor : executors_)
        longest = std::max(longest, executor->hurries());
    return longest;
}

bool Engine::idle() const {
    return failed_ || calls().idle(instance_.self()) != 0;
}

}  // namespace zbridge::plugin
