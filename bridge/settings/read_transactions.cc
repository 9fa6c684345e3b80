// Endpoints where transactions are prepared, and those who are asked what becomes of them.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

// What is prepared is one message, for one topic.
void check_routes_from(size_t endpoint, const Value& transactions, Draft& draft) {
    for (size_t i = 0; i < draft.config.routes.size(); i++) {
        const RouteConfig& route = draft.config.routes[i];
        if (std::find(route.from.begin(), route.from.end(), endpoint) == route.from.end()) continue;
        const auto* to = draft.route_values[i]->find("to");
        if (to == nullptr || route.to.size() != to->items.size()) continue;  // said already
        if (route.to.size() == 1 && has_topic(route.to)) continue;
        draft.findings.error(
            to->place,
            fmt::format("`to`: {} has `transactions` (line {}), and what is prepared there is for "
                        "one topic: expected topic/NAME alone",
                        in_quotes(draft.config.endpoints[endpoint].name),
                        transactions.key_place.line));
    }
}

void read_transactions_of(size_t endpoint, const Value& transactions, Draft& draft) {
    EndpointConfig& config = draft.config.endpoints[endpoint];
    const auto* check = transactions.find("check");
    if (check == nullptr) return;
    const auto found = resolve(*check, {.what = "an endpoint"}, draft);
    if (!found) return;
    config.checkers = found->index;
    use_endpoint(found->index,
                 {Role::kCheckers, check->place,
                  fmt::format("who is asked about the transactions of {}", config.name)},
                 draft);
    check_routes_from(endpoint, transactions, draft);
    const auto* receipts = draft.endpoint_values[endpoint]->find("receipts");
    if (receipts == nullptr || config.receipts != EndpointConfig::Receipts::kNever) return;
    draft.findings.error(
        receipts->place,
        fmt::format("`receipts`: at an endpoint with `transactions` (line {}) each message is "
                    "answered: expected auto or always",
                    transactions.key_place.line));
}

}  // namespace

void read_transactions(Draft& draft) {
    for (size_t i = 0; i < draft.endpoint_values.size(); i++) {
        const auto* transactions = draft.endpoint_values[i]->find("transactions");
        if (transactions != nullptr && transactions->good)
            read_transactions_of(i, *transactions, draft);
    }
}

}  // namespace zbridge::settings
