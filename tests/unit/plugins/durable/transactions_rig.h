// The plugin `durable` with a topic `t`, and what its transactional producers do.
#pragma once

#include <string>
#include <vector>

#include "plugins/durable/groups/transactions.h"
#include "tests/unit/plugins/durable/admin_rig.h"

namespace zbridge::durable {

class TransactionsRig : public AdminRig {
 public:
    using AdminRig::AdminRig;

    zb_taken prepare(const std::string& body, const std::string& producer_id = "",
                     const std::string& topic = "t", int64_t deliver_at_ms = 0) {
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.id = view_of(producer_id);
        attributes.deliver_at_ms = deliver_at_ms;
        const std::string wire = wire_of(body);
        const zb_publication publication{handle(topic), 1, view_of(wire), &attributes};
        receipt = {};
        return engine->prepare(self(), &publication, view_of("shop"), &receipt, &transaction);
    }
    // Prepared, and durable.
    zb_transaction prepared(const std::string& body, const std::string& producer_id = "") {
        ZB_CHECK(prepare(body, producer_id) == ZB_TAKEN, body);
        EngineRig::settle();
        return transaction;
    }
    // What has become of it, once that is durable.
    Resolved resolve(zb_transaction its, uint32_t verdict) {
        const uint64_t cookie = ++last_cookie;
        const zb_taken taken = engine->resolve(self(), its, verdict, cookie);
        if (taken != ZB_TAKEN) return {taken, {}, "at once"};
        for (int i = 0; i < 1000 && resolved.count(cookie) == 0; i++)
            turn();
        return resolved.at(cookie);
    }
    Resolved commit_it(zb_transaction its) { return resolve(its, ZB_COMMIT); }
    Resolved roll_back(zb_transaction its) { return resolve(its, ZB_ROLLBACK); }

    std::vector<std::string> there(const std::string& topic = "t") {
        std::vector<std::string> bodies;
        for (auto& [offset, body] : read_all(topic))
            bodies.push_back(std::move(body));
        return bodies;
    }
    const Transactions& its() {
        return *border::self<Engine>(self()).plugin->groups().transactions();
    }
    std::string reason() const { return {receipt.reason.data, receipt.reason.size}; }

    zb_transaction transaction{};
};

}  // namespace zbridge::durable
