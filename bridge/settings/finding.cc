#include "bridge/settings/finding.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/utf8.h"

namespace zbridge::settings {

namespace {

constexpr size_t kQuotedBytesMax = 60;
constexpr size_t kExcerptCharactersMax = 100;

size_t characters(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// How many bytes the word or quoted text at the start of `rest` has: what the caret underlines.
size_t token_bytes(std::string_view rest) {
    if (rest.empty()) return 0;
    const char first = rest[0];
    if (first == '"' || first == '\'') {
        const size_t end = rest.find(first, 1);
        return end == std::string_view::npos ? 1 : end + 1;
    }
    if (first == '{' || first == '[') return 1;
    size_t end = 0;
    for (; end < rest.size(); end++) {
        const char c = rest[end];
        const char next = end + 1 < rest.size() ? rest[end + 1] : ' ';
        if (c == ' ' || c == '\t' || c == ',' || c == ']' || c == '}') break;
        if (c == ':' && (next == ' ' || next == '\t')) break;
    }
    return std::max<size_t>(end, 1);
}

// For a terminal: what is no text is shown as U+FFFD, a character each.
std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const size_t good = std::min({first_not_utf8(text).value_or(text.size()),
                                      first_control_character(text).value_or(text.size())});
        result += text.substr(0, good);
        text.remove_prefix(good);
        if (text.empty()) break;
        result += "\xef\xbf\xbd";
        text.remove_prefix(1);
    }
    return result;
}

}  // namespace

std::string Finding::text() const {
    std::string text = file;
    if (place.line > 0) text += fmt::format(":{}:{}", place.line, place.column);
    text += severity == Severity::kError ? ": error: " : ": warning: ";
    text += message;
    if (!excerpt.empty()) text += "\n" + excerpt;
    return text;
}

void Findings::add(Finding::Severity severity, Place place, std::string message) {
    if (severity == Finding::Severity::kError) errors_++;
    message.insert(0, subject_);
    for (const auto& finding : findings_) {
        // An anchor's mistakes are found again at each of its aliases.
        if (finding.place == place && finding.message == message) return;
    }
    if (findings_.size() >= kFindingsMax) {
        left_out_++;
        return;
    }
    findings_.push_back({severity, source_.name(), place, std::move(message), excerpt(place)});
}

std::vector<Finding> Findings::of(Finding::Severity severity) const {
    std::vector<Finding> chosen;
    for (const auto& finding : findings_) {
        if (finding.severity == severity) chosen.push_back(finding);
    }
    std::stable_sort(chosen.begin(), chosen.end(),
                     [](const Finding& a, const Finding& b) { return a.place < b.place; });
    if (left_out_ > 0 && severity == Finding::Severity::kError) {
        chosen.push_back({severity, source_.name(), {}, fmt::format("and {} more", left_out_), {}});
    }
    return chosen;
}

std::string Findings::excerpt(Place place) const {
    if (place.line == 0) return {};
    std::string_view line = source_.line(place.line);
    size_t start = source_.byte_of_column(place.line, place.column);
    const size_t underlined = characters(line.substr(start, token_bytes(line.substr(start))));

    // A long line is shown from a little before the caret on.
    std::string_view shown = line;
    std::string lead;
    if (characters(line.substr(0, start)) > kExcerptCharactersMax / 2) {
        const uint32_t from = place.column - kExcerptCharactersMax / 4;
        shown.remove_prefix(source_.byte_of_column(place.line, from));
        lead = "...";
    }
    start -= line.size() - shown.size();
    std::string tail;
    if (characters(shown) > kExcerptCharactersMax) {
        size_t end = 0;
        for (size_t count = 0; end < shown.size(); end++) {
            if (begins_character(shown[end]) && count++ == kExcerptCharactersMax) break;
        }
        shown = shown.substr(0, end);
        tail = "...";
    }
    std::string under;  // tabs stay tabs, so that the caret stands where it should on any terminal
    for (const char c : shown.substr(0, start)) {
        if (c == '\t')
            under += '\t';
        else if (begins_character(c))
            under += ' ';
    }
    const size_t room = kExcerptCharactersMax - std::min(kExcerptCharactersMax, characters(under));
    const size_t width = std::min(underlined, room);
    return fmt::format("{:>5} | {}{}{}\n      | {}{}^{}", place.line, lead, printable(shown), tail,
                       std::string(lead.size(), ' '), under,
                       std::string(width > 1 ? width - 1 : 0, '~'));
}

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (size_t i = 0; i < text.size(); i++) {
        if (i >= kQuotedBytesMax && begins_character(text[i])) {
            result += "...";
            break;
        }
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '\n')
            result += "\\n";
        else if (c == '\t')
            result += "\\t";
        else if (c < 0x20 || c == 0x7f)
            result += fmt::format("\\x{:02x}", c);
        else
            result += text[i];
    }
    return result + "\"";
}

std::string one_of(const std::vector<std::string_view>& words) {
    std::string text;
    for (size_t i = 0; i < words.size(); i++) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

}  // namespace zbridge::settings
