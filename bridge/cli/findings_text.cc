#include "bridge/cli/findings_text.h"

namespace zbridge::cli {

void print_findings(std::ostream& out, bool colour,
                    const std::vector<settings::Finding>& findings) {
    for (const auto& finding : findings) {
        std::string text = finding.text();
        if (colour) {
            const bool error = finding.severity == settings::Finding::Severity::kError;
            const std::string_view word = error ? "error:" : "warning:";
            const size_t at = text.find(word);
            text.insert(at + word.size(), "\x1b[0m");
            text.insert(at, error ? "\x1b[1;31m" : "\x1b[1;33m");
        }
        out << text << "\n";
    }
}

}  // namespace zbridge::cli
