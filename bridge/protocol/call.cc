#include "bridge/protocol/call.h"

#include <array>
#include <utility>

#include "bridge/protocol/report_codec.h"

namespace zbridge::protocol {

namespace {

using telemetry::Report;

constexpr std::array<std::pair<Code, std::string_view>, 6> kCodes = {{
    {Code::kInvalid, "invalid"},
    {Code::kNotFound, "not_found"},
    {Code::kBusy, "busy"},
    {Code::kIo, "io"},
    {Code::kUnavailable, "unavailable"},
    {Code::kInternal, "internal"},
}};

std::string_view name_of(Code code) {
    for (const auto& [each, name] : kCodes) {
        if (each == code) return name;
    }
    return "internal";
}

Code code_named(std::string_view wanted) {
    for (const auto& [code, name] : kCodes) {
        if (name == wanted) return code;
    }
    return Code::kInternal;
}

}  // namespace

std::string pack_call(const Call& call) {
    Report report = Report::map();
    report.add("call", call.name);
    report.add("args", call.args);
    return pack(report);
}

Result<Call> unpack_call(std::string_view bytes) {
    auto report = unpack(bytes);
    if (!report.ok()) return std::move(report).error();
    std::string name = report->at("call").text();
    if (name.empty()) return Status(Code::kInvalid, "a call without its name");
    return Call{std::move(name), report->at("args")};
}

std::string pack_answer(const Result<Report>& answer) {
    Report report = Report::map();
    report.add("ok", answer.ok());
    if (answer.ok()) {
        report.add("result", *answer);
    } else {
        report.add("code", std::string(name_of(answer.error().code())));
        report.add("text", answer.error().message());
    }
    return pack(report);
}

Result<Report> unpack_answer(std::string_view bytes) {
    auto report = unpack(bytes);
    if (!report.ok())
        return std::move(report).error().with_context("an answer that cannot be read");
    if (report->at("ok").text() == "true") return report->at("result");
    return Status(code_named(report->at("code").text()), report->at("text").text());
}

}  // namespace zbridge::protocol
