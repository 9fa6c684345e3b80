#include "bridge/app/topic_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/settings/declared_rows.h"
#include "bridge/settings/finding.h"
#include "bridge/settings/values.h"

namespace zbridge::app {

namespace {

using settings::Option;
using telemetry::Report;

Report report_of(const settings::Value::Scalar& scalar) {
    if (const auto* number = std::get_if<uint64_t>(&scalar)) return {*number};
    if (const auto* duration = std::get_if<Duration>(&scalar))
        return {static_cast<uint64_t>(duration->count())};
    if (const auto* flag = std::get_if<bool>(&scalar)) return {*flag};
    if (const auto* decimal = std::get_if<double>(&scalar)) return {*decimal};
    if (const auto* text = std::get_if<std::string>(&scalar)) return {*text};
    return {};
}

}  // namespace

Result<Report> read_topic_options(const Report& texts, const plugin::Declared& engine) {
    Report read = Report::map();
    const auto section = std::find_if(engine.sections.begin(), engine.sections.end(),
                                      [](const auto& each) { return each.name == "topics"; });
    settings::DeclaredRows rows;
    if (section != engine.sections.end()) rows.add("", section->options);
    std::vector<std::string_view> known;
    for (const Option& row : rows.rows()) {
        if (row.type != settings::Type::kSection) known.push_back(row.path);
    }
    for (const auto& [name, text] : texts.entries()) {
        const auto row =
            std::find_if(rows.rows().begin(), rows.rows().end(),
                         [&wanted = name](const Option& each) { return each.path == wanted; });
        if (row == rows.rows().end() || row->type == settings::Type::kSection) {
            return Status(Code::kInvalid,
                          fmt::format("`{}` is no option of a topic: expected {}{}", name,
                                      settings::one_of(known), did_you_mean(name, known)));
        }
        if (text.text().empty()) {
            read.add(name, Report());
            continue;
        }
        const auto value = settings::read_scalar(*row, text.text());
        if (!value.ok())
            return Status(Code::kInvalid, fmt::format("`{}`: {}", name, value.error().message()));
        read.add(name, report_of(*value));
    }
    return read;
}

}  // namespace zbridge::app
