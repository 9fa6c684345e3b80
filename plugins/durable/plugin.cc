// The C side of the engine: the tables that the bridge finds, each function one call of Engine.
#include <iterator>
#include <string>
#include <string_view>

#include "plugins/durable/engine.h"
#include "plugins/durable/groups/section.h"
#include "plugins/durable/tool/tool.h"
#include "plugins/durable/topics_section.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge::durable {

namespace {

Engine& of(void* instance) {
    return *border::self<Engine>(instance).plugin;
}
Topics& topics_of(void* instance) {
    return of(instance).topics();
}

uint32_t topic(void* instance, zb_view name) noexcept {
    const auto id = topics_of(instance).topic(from_c(name));
    return id ? id->number() : ZB_NO_TOPIC;
}
uint32_t has_room(void* instance) noexcept {
    return topics_of(instance).has_room() ? 1 : 0;
}
zb_taken publish(void* instance, const zb_publication* publications, uint32_t count,
                 zb_receipt* receipt) noexcept {
    return topics_of(instance).publish(publications, count, *receipt);
}
zb_taken note(void* instance, uint64_t key, uint32_t kind, zb_view bytes, uint32_t closes,
              zb_receipt* receipt) noexcept {
    return topics_of(instance).note(key, static_cast<RecordType>(kind), from_c(bytes), closes != 0,
                                    *receipt);
}
void turn_end(void* instance) noexcept {
    of(instance).turn_end();
}
zb_bounds bounds(void* instance, uint32_t id) noexcept {
    return topics_of(instance).bounds(TopicId(id));
}
uint64_t position(void* instance, uint32_t id, uint32_t where, int64_t value) noexcept {
    return topics_of(instance).position(TopicId(id), where, value).number;
}
zb_taken read(void* instance, uint32_t id, uint64_t offset, uint64_t bytes_max, zb_run* runs,
              uint32_t runs_max, uint32_t* count) noexcept {
    return topics_of(instance).read(TopicId(id), {offset}, bytes_max, runs, runs_max, *count);
}
uint32_t group(void* instance, zb_view name) noexcept {
    const Group* found = of(instance).groups().find(from_c(name));
    return found != nullptr ? found->id().number() : ZB_NO_GROUP;
}
uint32_t receive(void* instance, uint32_t id, const zb_receive* wanted, zb_delivery* deliveries,
                 uint32_t deliveries_max) noexcept {
    return of(instance).groups().receive(GroupId(id), *wanted, deliveries, deliveries_max);
}
zb_taken settle(void* instance, uint32_t id, const zb_settlement* settlement,
                const zb_publication* replies, uint32_t count, zb_settled* settled) noexcept {
    return of(instance).groups().settle(GroupId(id), *settlement, replies, count, *settled);
}
uint32_t join(void* instance, uint32_t id, zb_view consumer, zb_view* reason) noexcept {
    return of(instance).join(GroupId(id), from_c(consumer), *reason);
}
void attend(void* instance, uint32_t id, uint32_t present) noexcept {
    of(instance).groups().attend(GroupId(id), present != 0);
}
void admin(void* instance, zb_view verb, zb_view body, uint64_t cookie) noexcept {
    of(instance).ask(from_c(verb), from_c(body), cookie);
}
zb_result ask_offline(void* disk, zb_view folder, zb_view verb, zb_view body, void* to,
                      void (*tell)(void* to, zb_view piece)) noexcept {
    const Status status =
        ask_journal(*static_cast<Disk*>(disk), std::string(from_c(folder)), from_c(verb),
                    from_c(body), [&](std::string_view piece) { tell(to, to_c(piece)); });
    if (status.ok()) return ZB_OK;
    tell(to, to_c(std::string_view(status.message())));
    return status.code() == Code::kNotFound ? ZB_NOT_FOUND : ZB_FAILED;
}
uint32_t idle(void* instance) noexcept {
    return of(instance).idle() ? 1 : 0;
}

zb_taken prepare(void* instance, const zb_publication* publication, zb_view checker,
                 zb_receipt* receipt, zb_transaction* transaction) noexcept {
    TransactionToken token;
    const zb_taken taken =
        of(instance).groups().prepare(*publication, from_c(checker), *receipt, token);
    if (taken == ZB_TAKEN) *transaction = token.to_c();
    return taken;
}
zb_taken resolve(void* instance, zb_transaction transaction, uint32_t verdict,
                 uint64_t cookie) noexcept {
    const auto token = TransactionToken::from_c(transaction);
    return token ? of(instance).resolve(*token, verdict == ZB_COMMIT, cookie) : ZB_STALE;
}

uint32_t find_topic(void* instance, zb_view name) noexcept {
    const Topic* found = topics_of(instance).table().find(from_c(name));
    const bool its_own = from_c(name) == Delays::kName || from_c(name) == Transactions::kName;
    return found != nullptr && !its_own ? found->id.number() : ZB_NO_TOPIC;
}
uint32_t read_attributes(void* instance, zb_view bytes, zb_attributes* attributes) noexcept {
    return of(instance).read_attributes(from_c(bytes), *attributes) ? 1 : 0;
}

const void* extension(const char* id) {
    static const zb_section sections[] = {kTopicsSection, kGroupsSection};
    static const zb_engine engine{
        sizeof(zb_engine),
        std::size(sections),
        sections,
        sizeof(zb_section),
        0,
        topic,
        has_room,
        publish,
        note,
        turn_end,
        bounds,
        position,
        read,
        group,
        receive,
        settle,
        admin,
        idle,
        prepare,
        resolve,
        join,
        attend,
        find_topic,
        read_attributes,
    };
    static const zb_offline offline{sizeof(zb_offline), 0, ask_offline};
    if (std::string_view(id) == ZB_ENGINE) return &engine;
    return std::string_view(id) == ZB_OFFLINE ? &offline : nullptr;
}

}  // namespace

}  // namespace zbridge::durable

extern "C" ZB_EXPORT const zb_plugin* ZB_ENTRY_NAME(void) {
    using zbridge::durable::Engine;
    namespace border = zbridge::border;
    static const zb_plugin plugin{
        sizeof(zb_plugin),
        ZB_ABI_MAJOR,
        ZB_ABI_MINOR,
        "durable",
        ZBRIDGE_VERSION,
        "Keeps topics: what is published is stored, committed, and read again.",
        ZBRIDGE_VERSION "/" __VERSION__,
        Engine::options,
        Engine::option_count,
        sizeof(zb_option),
        &border::create<Engine>,
        &border::start<Engine>,
        &border::drain<Engine>,
        &border::stop<Engine>,
        &border::destroy<Engine>,
        &zbridge::durable::extension,
    };
    return &plugin;
}
