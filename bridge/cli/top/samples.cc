#include "bridge/cli/top/samples.h"

#include <utility>

namespace zbridge::cli::top {

namespace {

using telemetry::Report;

bool is_same_life(const Report& one, const Report& other) {
    const Report &here = one.at("bridge"), &there = other.at("bridge");
    return here.at("epoch").number() == there.at("epoch").number() &&
           here.at("pid").number() == there.at("pid").number();
}

// The rate of which a row's past is kept.
std::string_view first_rate(const View& view) {
    for (const Column& column : view.columns) {
        if (column.kind == Column::Kind::kSpark) return column.field;
    }
    return {};
}

}  // namespace

void Samples::add(Report status, Instant at, bool with_peers) {
    if (status_ && !is_same_life(*status_, status)) series_ = {};
    status_ = std::move(status);
    for (size_t view = 0; view < kViews; view++) {
        if (view != kPeersView || with_peers) add(view, at);
    }
}

void Samples::add(size_t view, Instant at) {
    Series& series = series_[view];
    const double seconds = series.at ? std::chrono::duration<double>(at - *series.at).count() : 0.0;
    series.at = at;
    series.rows = views()[view].rows(*status_);
    std::map<std::string, Known, std::less<>> before = std::exchange(series.known, {});
    for (const Row& row : series.rows) {
        Known& its = series.known[row.key];
        const auto known = before.find(row.key);
        if (known != before.end()) its = std::move(known->second);
        for (const Column& column : views()[view].columns) {
            if (!is_rate(column.kind)) continue;
            const auto counter = its.counters.find(column.field);
            const uint64_t now = row.fields.at(column.field).number();
            std::optional<double> rate;
            if (counter != its.counters.end() && now >= counter->second.value && seconds > 0)
                rate = static_cast<double>(now - counter->second.value) / seconds;
            its.counters.insert_or_assign(std::string(column.field), Counter{now, rate});
            if (column.field != first_rate(views()[view]) || !rate) continue;
            its.past.push_back(*rate);
            if (its.past.size() > kPastMax) its.past.pop_front();
        }
    }
}

const Samples::Known* Samples::known(size_t view, const Row& row) const {
    const auto found = series_[view].known.find(row.key);
    return found == series_[view].known.end() ? nullptr : &found->second;
}

std::optional<double> Samples::rate(size_t view, const Row& row, std::string_view field) const {
    const Known* its = known(view, row);
    if (its == nullptr) return std::nullopt;
    const auto counter = its->counters.find(field);
    return counter == its->counters.end() ? std::nullopt : counter->second.rate;
}

const std::deque<double>& Samples::past(size_t view, const Row& row) const {
    static const std::deque<double> kNone;
    const Known* its = known(view, row);
    return its == nullptr ? kNone : its->past;
}

Report Samples::report() const {
    Report report = Report::map();
    report.add("bridge", status_->at("bridge"));
    for (size_t view = 0; view < kViews; view++) {
        Report& list = report.add(std::string(views()[view].name), Report::list());
        for (const Row& row : rows(view)) {
            Report its = row.fields;
            for (const Column& column : views()[view].columns) {
                if (!is_rate(column.kind)) continue;
                const auto known = rate(view, row, column.field);
                its.add(std::string(column.field) + "_per_s", known ? Report(*known) : Report());
            }
            list.add(std::move(its));
        }
    }
    return report;
}

}  // namespace zbridge::cli::top
