#include "bridge/cli/top/views.h"

#include <utility>

#include <fmt/format.h>

#include "bridge/cli/text.h"

namespace zbridge::cli::top {

namespace {

using telemetry::Report;
using Kind = Column::Kind;

uint64_t sum_of(const Report& counts) {
    uint64_t sum = 0;
    for (const auto& [name, count] : counts.entries())
        sum += count.number();
    return sum;
}

void copy_fields(const Report& from, std::initializer_list<const char*> names, Report& to) {
    for (const char* name : names)
        to.add(name, from.at(name));
}

std::vector<Row> routes_of(const Report& status) {
    std::vector<Row> rows;
    for (const Report& route : status.at("routes").items()) {
        Report fields = Report::map();
        copy_fields(route, {"name", "messages", "bytes"}, fields);
        fields.add("refused", sum_of(route.at("refused")));
        rows.push_back({cell(route, "name"), std::move(fields)});
    }
    return rows;
}

std::vector<Row> topics_of(const Report& status) {
    std::vector<Row> rows;
    for (const Report& topic : status.at("topics").items()) {
        Report fields = Report::map();
        copy_fields(topic, {"name", "messages", "bytes", "head", "oldest_age_s", "duplicates"},
                    fields);
        std::string note = cell(topic, "full") == "true" ? "full" : "";
        if (cell(topic, "state") == "unconfigured")
            note += (note.empty() ? "" : ", ") + cell(topic, "state");
        fields.add("note", note);
        rows.push_back({cell(topic, "name"), std::move(fields)});
    }
    return rows;
}

uint64_t consumers_of(const Report& status, const std::string& group) {
    uint64_t consumers = 0;
    for (const Report& endpoint : status.at("endpoints").items()) {
        const Report& its = endpoint.at("consuming");
        if (cell(its, "group") == group) consumers += its.at("consumers").number();
    }
    return consumers;
}

std::vector<Row> groups_of(const Report& status) {
    std::vector<Row> rows;
    for (const Report& group : status.at("groups").items()) {
        const std::string name = cell(group, "name");
        Report fields = Report::map();
        copy_fields(group,
                    {"name", "topic", "lag", "in_flight", "retries", "retried", "given", "acked",
                     "oldest_age_s", "parked", "dead"},
                    fields);
        fields.add("consumers", consumers_of(status, name));
        fields.add("note", group.at("held"));
        rows.push_back({name, std::move(fields)});
    }
    return rows;
}

std::vector<Row> services_of(const Report& status) {
    std::vector<Row> rows;
    for (const Report& service : status.at("services").items()) {
        Report fields = Report::map();
        copy_fields(service,
                    {"name", "waiting", "in_work", "clients", "workers", "workers_free", "answered",
                     "timed_out", "retried", "late"},
                    fields);
        fields.add("refused", sum_of(service.at("refused")));
        fields.add("failed", sum_of(service.at("ended")));
        rows.push_back({cell(service, "name"), std::move(fields)});
    }
    return rows;
}

std::vector<Row> peers_of(const Report& status) {
    std::vector<Row> rows;
    for (const Report& endpoint : status.at("endpoints").items()) {
        for (const Report& peer : endpoint.at("peers").items()) {
            Report fields = Report::map();
            fields.add("endpoint", endpoint.at("name"));
            copy_fields(
                peer, {"id", "type", "address", "in", "out", "waiting", "waiting_bytes", "dropped"},
                fields);
            fields.add("bytes", peer.at("in_bytes").number() + peer.at("out_bytes").number());
            fields.add("identity", printable(cell(peer, "identity")));
            fields.add("user", peer.at("user"));
            const bool worker = !peer.at("credit").is_null();
            fields.add("held",
                       worker ? cell(peer, "held") + " of " + cell(peer, "credit") : std::string());
            fields.add("note", peer.at("why"));
            rows.push_back({cell(peer, "id"), std::move(fields)});
        }
    }
    return rows;
}

}  // namespace

const std::array<View, kViews>& views() {
    static const std::array<View, kViews> all{{
        {"routes",
         "no routes",
         {{"ROUTE", Kind::kText, "name"},
          {"MSG/S", Kind::kRate, "messages"},
          {"BYTES/S", Kind::kByteRate, "bytes"},
          {"", Kind::kSpark, "messages", 3},
          {"MESSAGES", Kind::kNumber, "messages", 2},
          {"BYTES", Kind::kBytes, "bytes", 4},
          {"REFUSED/S", Kind::kRate, "refused", 1},
          {"REFUSED", Kind::kNumber, "refused", 5}},
         1,
         routes_of},
        {"topics",
         "no topics",
         {{"TOPIC", Kind::kText, "name"},
          {"STORED/S", Kind::kRate, "head"},
          {"", Kind::kSpark, "head", 3},
          {"MESSAGES", Kind::kNumber, "messages"},
          {"SIZE", Kind::kBytes, "bytes"},
          {"OLDEST", Kind::kAge, "oldest_age_s", 1},
          {"DUPLICATES", Kind::kNumber, "duplicates", 4},
          {"NOTE", Kind::kText, "note", 2}},
         1,
         topics_of},
        {"groups",
         "no groups",
         {{"GROUP", Kind::kText, "name"},
          {"LAG", Kind::kNumber, "lag"},
          {"IN FLIGHT", Kind::kNumber, "in_flight"},
          {"ACKED/S", Kind::kRate, "acked"},
          {"RETRIES/S", Kind::kRate, "retried"},
          {"OLDEST", Kind::kAge, "oldest_age_s"},
          {"", Kind::kSpark, "acked", 5},
          {"WAIT", Kind::kNumber, "retries", 4},
          {"DEAD", Kind::kNumber, "dead", 1},
          {"CONSUMERS", Kind::kNumber, "consumers", 3},
          {"GIVEN/S", Kind::kRate, "given", 6},
          {"TOPIC", Kind::kText, "topic", 7},
          {"NOTE", Kind::kText, "note", 2}},
         1,
         groups_of},
        {"services",
         "no services",
         {{"SERVICE", Kind::kText, "name"},
          {"ANSWERS/S", Kind::kRate, "answered"},
          {"WAITING", Kind::kNumber, "waiting"},
          {"IN WORK", Kind::kNumber, "in_work"},
          {"WORKERS", Kind::kNumber, "workers"},
          {"FREE", Kind::kNumber, "workers_free", 1},
          {"", Kind::kSpark, "answered", 5},
          {"CLIENTS", Kind::kNumber, "clients", 4},
          {"FAILED/S", Kind::kRate, "failed", 2},
          {"REFUSED/S", Kind::kRate, "refused", 3},
          {"TIMED OUT", Kind::kNumber, "timed_out", 6},
          {"RETRIED", Kind::kNumber, "retried", 8},
          {"LATE", Kind::kNumber, "late", 7}},
         1,
         services_of},
        {"peers",
         "no peers",
         {{"ENDPOINT", Kind::kText, "endpoint"},
          {"PEER", Kind::kNumber, "id"},
          {"TYPE", Kind::kText, "type"},
          {"IN/S", Kind::kRate, "in"},
          {"OUT/S", Kind::kRate, "out"},
          {"BYTES/S", Kind::kByteRate, "bytes"},
          {"", Kind::kSpark, "bytes", 5},
          {"WAITING", Kind::kNumber, "waiting"},
          {"DROPPED", Kind::kNumber, "dropped", 1},
          {"HELD", Kind::kText, "held", 4},
          {"ADDRESS", Kind::kText, "address", 3},
          {"IDENTITY", Kind::kText, "identity", 6},
          {"USER", Kind::kText, "user", 7},
          {"NOTE", Kind::kText, "note", 2}},
         5,
         peers_of},
    }};
    return all;
}

bool is_rate(Column::Kind kind) {
    return kind == Kind::kRate || kind == Kind::kByteRate;
}

bool is_sortable(Column::Kind kind) {
    return kind != Kind::kSpark;
}

}  // namespace zbridge::cli::top
