#include <fmt/format.h>

#include "bridge/settings/draft.h"
#include "bridge/settings/expression.h"

namespace zbridge::settings {

namespace {

std::optional<size_t> read_side(const Value& service, std::string_view key, Use use, Draft& draft) {
    const auto* reference = service.find(key);
    if (reference == nullptr) return std::nullopt;
    const auto found = resolve(*reference, {.what = "an endpoint"}, draft);
    if (!found) return std::nullopt;
    use.place = reference->place;
    use_endpoint(found->index, std::move(use), draft);
    return found->index;
}

void read_retry(const Value& service, rpc::ServiceOptions& options, Findings& findings) {
    const auto* retry = service.find("retry");
    if (retry == nullptr) return;
    if (retry->written && options.execute == rpc::ServiceOptions::Execute::kAtMostOnce) {
        findings.error(
            retry->key_place,
            "`retry` needs `execute: at_least_once`: at_most_once never repeats a request");
    }
    if (const auto* causes = retry->find("on")) {
        options.retry_on_worker_lost = options.retry_on_timeout = false;
        for (const auto& cause : causes->items) {
            (cause.text() == "timeout" ? options.retry_on_timeout : options.retry_on_worker_lost) =
                true;
        }
    }
    if (const auto* times = retry->find("times"))
        options.retry_times = static_cast<uint32_t>(times->number());
}

void read_dedup(const Value& service, rpc::ServiceOptions& options, Findings& findings) {
    const auto* section = service.find("dedup");
    if (section == nullptr) return;
    rpc::DedupOptions dedup;
    if (const auto* key = section->find("key")) {
        dedup.key = key->text();
        if (is_literal(dedup.key)) {
            findings.error(
                key->place,
                fmt::format("`key`: {} is the same for every request: expected what tells them "
                            "apart, as $.transfer_id or $frame[0]",
                            in_quotes(dedup.key)));
        }
    }
    if (const auto* window = section->find("window")) dedup.window = window->duration();
    if (const auto* most = section->find("max")) dedup.entries_max = most->number();
    options.dedup = std::move(dedup);
}

void read_on_error(const Value& service, rpc::ServiceOptions& options) {
    const auto* frames = service.find("on_error");
    if (frames == nullptr) return;
    const bool silent =
        !frames->was_list && frames->items.size() == 1 && frames->items[0].text() == "silent";
    if (silent) return;
    for (const auto& frame : frames->items)
        options.error_frames.push_back(frame.text());
}

rpc::ServiceOptions read_options(const std::string& name, const Value& service,
                                 Findings& findings) {
    rpc::ServiceOptions options;
    options.name = name;
    if (const auto* execute = service.find("execute");
        execute != nullptr && execute->text() == "at_least_once") {
        options.execute = rpc::ServiceOptions::Execute::kAtLeastOnce;
    }
    if (const auto* value = service.find("timeout")) options.timeout = value->duration();
    if (const auto* value = service.find("attempt_timeout"))
        options.attempt_timeout = value->duration();
    if (const auto* value = service.find("line"))
        options.line_max = static_cast<uint32_t>(value->number());
    if (const auto* value = service.find("envelope")) options.envelope_raw = value->text() == "raw";
    if (const auto* value = service.find("resume_grace")) options.resume_grace = value->duration();
    if (const auto* value = service.find("resume_window"))
        options.resume_window = value->duration();
    if (const auto* value = service.find("restart")) options.resume = value->text() == "resume";
    if (const auto* value = service.find("reply_durable"))
        options.reply_durable = std::get<bool>(value->scalar);
    read_retry(service, options, findings);
    read_dedup(service, options, findings);
    read_on_error(service, options);
    return options;
}

}  // namespace

void read_services(const Value& file, Draft& draft) {
    const Value* services = file.find("services");
    if (services == nullptr) return;
    for (const auto& [name, service] : services->entries) {
        draft.service_numbers[name] = draft.config.services.size();
        ServiceConfig config;
        config.options = read_options(name, service, draft.findings);
        config.place = service.key_place;
        config.clients = read_side(service, "clients",
                                   {Role::kClients, {}, "the clients of service " + name}, draft);
        config.workers = read_side(service, "workers",
                                   {Role::kWorkers, {}, "the workers of service " + name}, draft);
        draft.config.services.push_back(std::move(config));
        draft.service_values.push_back(&service);
    }
    // The credit of a service's workers is said where they connect.
    for (auto& service : draft.config.services) {
        if (service.workers)
            service.options.worker_credit = draft.config.endpoints[*service.workers].credit;
    }
}

}  // namespace zbridge::settings
