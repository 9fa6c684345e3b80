#include "bridge/settings/filter.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/base/sql92/filter.h"
#include "bridge/settings/scalar_place.h"

namespace zbridge::settings {

namespace {

// `column` is one of `text`, from 1.
void report(std::string_view where, std::string_view text, Place place, size_t column,
            std::string_view what, Findings& findings) {
    const auto exact = place_in_scalar(findings.source(), place, text, column - 1);
    if (exact) return findings.error(*exact, fmt::format("{}: {}", where, what));
    findings.error(place, fmt::format("{}: at its character {}: {}", where, column, what));
}

}  // namespace

void report_filter(const Status& error, std::string_view where, std::string_view text, Place place,
                   Findings& findings) {
    const sql92::Complaint complaint = sql92::complaint_of(error);
    if (complaint.column == 0)
        findings.error(place, fmt::format("{}: {}", where, complaint.what));
    else
        report(where, text, place, complaint.column, complaint.what, findings);
}

void check_filter_names(std::string_view where, std::string_view text, Place place,
                        const std::vector<std::string_view>& known, Findings& findings) {
    const auto filter = sql92::Filter::compile(text);
    if (!filter.ok()) return;
    for (size_t i = 0; i < filter->names().size(); i++) {
        const std::string& name = filter->names()[i];
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string expected = "a property of a `set` beside `match`";
        if (name == "TAGS")
            expected = "a `tag` in the route's `set`";
        else if (!known.empty())
            expected = one_of(known);
        report(where, text, place, filter->column_of_name(i),
               fmt::format("no message has {}: expected {}{}", in_quotes(name), expected,
                           did_you_mean(name, known)),
               findings);
    }
}

}  // namespace zbridge::settings
