#include "bridge/cli/trace_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/time_text.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kTimeWidth = 14, kWhatWidth = 13;  // each with the blanks behind it
constexpr size_t kDayCharacters = 10;
constexpr size_t kWidthMin = 60;

std::string utc(const Report& ms) {
    return format_utc(static_cast<int64_t>(ms.number()) * 1000);
}

std::string day_of(const Report& ms) {
    return utc(ms).substr(0, kDayCharacters);
}

// "10:00:00.123"
std::string clock_of(const Report& ms) {
    const std::string all = utc(ms);
    return all.substr(kDayCharacters + 1, all.size() - kDayCharacters - 2);  // without the Z
}

// A time that stands in a line of that day: without the day, if it is the same.
std::string beside(const Report& ms, const std::string& day) {
    return day_of(ms) == day ? clock_of(ms) : utc(ms);
}

// Lines of words, as many as fit beside each other; a word that is longer than a line is cut.
std::vector<std::string> wrapped(const std::string& text, size_t width) {
    std::vector<std::string> lines(1);
    for (size_t from = 0; from < text.size();) {
        const size_t end = std::min(text.find(' ', from), text.size());
        std::string word = text.substr(from, end - from);
        const size_t beside = lines.back().empty() ? 0 : lines.back().size() + 1;
        if (beside > 0 && beside + word.size() > width) lines.emplace_back();
        for (; word.size() > width; word.erase(0, width)) {
            lines.back() += word.substr(0, width);
            lines.emplace_back();
        }
        lines.back() += (lines.back().empty() ? "" : " ") + word;
        from = end + 1;
    }
    return lines;
}

class TraceText {
 public:
    TraceText(const Report& trace, size_t width)
        : trace_(trace), width_(std::max(width == 0 ? kTraceWidth : width, kWidthMin)) {}

    std::string write() {
        for (const Report& copy : trace_.at("copies").items())
            write_copy(copy);
        write_accepted();
        for (const Report& event : trace_.at("events").items())
            write_event(event);
        for (const Report& state : trace_.at("now").items())
            line("now", cell(state, "state"), text_of_state(state));
        if (trace_.at("left_out").number() > 0)
            paragraph(fmt::format("({} more are left out)", trace_.at("left_out").text()));
        paragraph(
            "Times are UTC. Deliveries are not recorded: who had it before, and has it no more, "
            "is not known; what is settled was acked, or not for the group.");
        return std::move(out_);
    }

 private:
    void paragraph(const std::string& text) {
        for (const std::string& each : wrapped(text, width_))
            out_ += each + "\n";
    }

    void line(const std::string& time, std::string what, const std::string& text) {
        std::replace(what.begin(), what.end(), '_', ' ');
        std::string lead = fmt::format("{:<{}}{:<{}}", time, kTimeWidth, what, kWhatWidth);
        for (const std::string& each : wrapped(text, width_ - lead.size())) {
            std::string whole = lead + each;
            whole.erase(whole.find_last_not_of(' ') + 1);
            out_ += whole + "\n";
            lead.assign(lead.size(), ' ');
        }
    }

    void at(const Report& ms, const std::string& what, const std::string& text) {
        if (ms.is_null()) return line("", what, text);
        if (day_of(ms) != day_) {
            day_ = day_of(ms);
            out_ += day_ + "\n";
        }
        line(clock_of(ms), what, text);
    }

    // "orders 17"
    std::string name_of(uint64_t copy) const {
        const auto& copies = trace_.at("copies").items();
        if (copy >= copies.size()) return "";
        const std::string topic = cell(copies[copy], "topic");
        return (topic.empty() ? "a topic that was removed" : topic) + " " +
               cell(copies[copy], "offset");
    }

    void write_copy(const Report& copy) {
        const std::string kind = cell(copy, "kind"), producer_id = cell(copy, "producer_id");
        const std::string topic = cell(copy, "topic");
        std::string text = kind == "dead_letter" ? "dead letter" : kind;
        text += " " + cell(copy, "id") + " of " +
                (topic.empty() ? "a topic that was removed" : topic) + ", offset " +
                cell(copy, "offset");
        if (!producer_id.empty()) text += ", its producer's " + printable(producer_id);
        if (cell(copy, "kept") == "false") text += "; not kept any more";
        paragraph(text);
    }

    void write_accepted() {
        const auto& copies = trace_.at("copies").items();
        if (copies.empty()) return;
        const auto first = std::min_element(copies.begin(), copies.end(), [](auto& a, auto& b) {
            return a.at("stored_ms").number() < b.at("stored_ms").number();
        });
        at(first->at("stored_ms"), "accepted", "");
    }

    void write_event(const Report& event) {
        at(event.at("at_ms"), cell(event, "what"), text_of_event(event));
    }

    std::string text_of_event(const Report& event) const {
        const std::string what = cell(event, "what");
        std::string group = cell(event, "group");
        const uint64_t copy = event.at("copy").number();
        const std::string name = name_of(copy);
        const std::string became =
            event.at("became").is_null() ? "" : name_of(event.at("became").number());
        const std::string due = beside(event.at("due_ms"), day_of(event.at("at_ms")));
        if (what == "stored") {
            return fmt::format("{}: segment {}, batch {}", name, cell(event, "segment"),
                               event.at("batch").is_null() ? "?" : cell(event, "batch"));
        }
        if (what == "waits") return "until " + due;
        if (what == "prepared") return text_of_check(event, due);
        if (what == "rolled_back") return "or a message with its id was there before";
        if (what == "unresolved") return "nobody said what becomes of it: " + became;
        if (what == "retry")
            return fmt::format("{}: attempt {} is over, again at {}", group,
                               cell(event, "attempts"), due);
        if (what == "parked") return group + ": it waits for its order key";
        if (what == "long_lease") return group + ": a consumer has it for long, until " + due;
        if (what == "dead") return text_of_death(event, group, became);
        if (what == "reset")
            return fmt::format("{}: it begins again at offset {}", group, cell(event, "reset_to"));
        if (what == "delivered") return "its time had come";
        if (what == "recalled") return "taken back, or its topic was removed before its time";
        if (what == "redriven") return "the dead letter is published again: " + became;
        if (what == "letter_gone") return name + ": removed, or published again";
        return group;
    }

    // Of one that waits for its commit.
    static std::string text_of_check(const Report& its, const std::string& due) {
        const uint64_t checks = its.at("attempts").number();
        return fmt::format("asked for {} time{} so far, next at {}", checks, checks == 1 ? "" : "s",
                           due);
    }

    std::string text_of_death(const Report& event, const std::string& group,
                              const std::string& letter) const {
        std::string text = fmt::format("{}: after {} attempt{}", group, cell(event, "attempts"),
                                       event.at("attempts").number() == 1 ? "" : "s");
        if (letter.empty()) return text;
        const std::string reason =
            cell(trace_.at("copies").items().at(event.at("became").number()), "reason");
        text += ", dead letter " + letter;
        return reason.empty() ? text : text + ": " + printable(reason, true);
    }

    std::string text_of_state(const Report& state) const {
        const std::string what = cell(state, "state");
        std::string text = cell(state, "group");
        if (trace_.at("copies").items().size() > 1)
            text += (text.empty() ? "" : ": ") + name_of(state.at("copy").number());
        const std::string lead = text.empty() ? "" : text + ": ";
        if (what == "leased") {
            text = lead + fmt::format("attempt {}, to consumer {}", cell(state, "attempt"),
                                      cell(state, "consumer"));
            for (const char* each : {"endpoint", "address", "identity", "user"}) {
                const std::string its = cell(state, each);
                if (!its.empty()) text += fmt::format(", {} {}", each, printable(its));
            }
            return text + fmt::format(", since {}, until {}", beside(state.at("since_ms"), day_),
                                      beside(state.at("until_ms"), day_));
        }
        if (what == "prepared")
            return lead + text_of_check(state, beside(state.at("due_ms"), day_));
        if (what == "waits") {
            const uint64_t attempts = state.at("attempts").number();
            text = lead + "until " + beside(state.at("due_ms"), day_);
            if (attempts > 0)
                text += fmt::format(", after {} attempt{}", attempts, attempts == 1 ? "" : "s");
            return text;
        }
        if (what == "in_doubt") return lead + "given before the restart, or back unseen";
        if (what == "dying") return lead + "on its way to the dead letters";
        if (what == "parked") return lead + "behind its order key";
        if (what == "holds_key") return lead + "a dead letter, and its order key waits for it";
        if (what == "filtered") return lead + "the group's filter does not let it through";
        if (what == "not_given" && !cell(state, "held").empty())
            return lead + "the group is held: " + cell(state, "held");
        return text;
    }

    const Report& trace_;
    size_t width_;
    std::string out_, day_;
};

}  // namespace

void add_consumer(Report& lease, const Report& status) {
    const uint64_t number = lease.at("consumer").number();
    for (const Report& endpoint : status.at("endpoints").items()) {
        for (const Report& peer : endpoint.at("peers").items()) {
            if (peer.at("id").number() != number) continue;
            lease.add("endpoint", endpoint.at("name"));
            for (const char* name : {"address", "identity", "user"})
                lease.add(name, peer.at(name));
            return;
        }
    }
}

std::string trace_text(const Report& trace, size_t width) {
    return TraceText(trace, width).write();
}

}  // namespace zbridge::cli
