#include "bridge/protocol/heard.h"

#include <variant>

#include "bridge/model/refusal.h"
#include "bridge/protocol/report_codec.h"

namespace zbridge::protocol {

using telemetry::Report;

std::string pack_command(std::string_view name, const Report& fields) {
    Report header = Report::list();
    header.add(std::string(name));
    header.add(fields);
    return pack(header);
}

Result<Heard> read_heard(std::string_view header) {
    auto read = unpack(header);
    if (!read.ok()) return std::move(read).error().with_context("a header that cannot be read");
    const auto& parts = read->items();
    if (parts.size() != 2 || !std::holds_alternative<std::string>(parts[0].value()))
        return Status(Code::kInvalid, "a header that is not [name, fields]");
    return Heard{parts[0].text(), parts[1]};
}

Status status_of(const Report& refused) {
    const std::string code = refused.at("code").text();
    std::string text = refused.at("text").text();
    if (code == name_of(Refusal::kNotFound)) return {Code::kNotFound, std::move(text)};
    if (code == name_of(Refusal::kLineFull)) return {Code::kBusy, std::move(text)};
    if (code == name_of(Refusal::kStoreFailed)) return {Code::kIo, std::move(text)};
    if (code == name_of(Refusal::kUnable)) return {Code::kInvalid, std::move(text)};
    return {Code::kInvalid, code + ": " + text};
}

}  // namespace zbridge::protocol
