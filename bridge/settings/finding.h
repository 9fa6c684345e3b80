// What is wrong with a file, or surely not meant: one sentence, where, and the line it is about.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/settings/source.h"

namespace zbridge::settings {

struct Finding {
    enum class Severity : uint8_t { kError, kWarning };

    Severity severity = Severity::kError;
    std::string file;
    Place place;
    std::string message;  // `line` has no unit: expected a duration, as 5s; did you mean "5s"?
    std::string excerpt;  // the line, and a caret below it; empty when no line is meant

    // "shop.yaml:4:5: error: ..." and the excerpt, without a newline at its end.
    std::string text() const;
};

// Gathers findings in the order of the file, each once.
//
// Limits: kFindingsMax; beyond it they are counted only, and a last finding says so.
class Findings {
 public:
    static constexpr size_t kFindingsMax = 200;

    explicit Findings(const Source& source) : source_(source) {}

    const Source& source() const { return source_; }
    void error(Place place, std::string message) {
        add(Finding::Severity::kError, place, std::move(message));
    }
    void warn(Place place, std::string message) {
        add(Finding::Severity::kWarning, place, std::move(message));
    }
    // While it lives, every sentence is about this: "plugin mask: " stands before it.
    class About {
     public:
        About(Findings& findings, std::string subject) : findings_(findings) {
            findings_.subject_ = std::move(subject);
        }
        ~About() { findings_.subject_.clear(); }
        About(const About&) = delete;
        About& operator=(const About&) = delete;

     private:
        Findings& findings_;
    };

    bool has_errors() const { return errors_ > 0; }
    size_t errors() const { return errors_; }

    // Those of this severity, sorted by place.
    std::vector<Finding> of(Finding::Severity severity) const;

 private:
    void add(Finding::Severity severity, Place place, std::string message);
    std::string excerpt(Place place) const;

    const Source& source_;
    std::string subject_;
    std::vector<Finding> findings_;
    size_t errors_ = 0;
    size_t left_out_ = 0;
};

// A value as a sentence quotes it: "text", shortened, control characters escaped.
std::string in_quotes(std::string_view text);

// "a, b or c"
std::string one_of(const std::vector<std::string_view>& words);

}  // namespace zbridge::settings
