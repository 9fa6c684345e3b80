#include "bridge/cli/failure.h"

#include <algorithm>
#include <streambuf>
#include <string>
#include <string_view>

#include "bridge/base/json_writer.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

constexpr std::string_view kOurName = "zbridge: ";  // before what commands say

// Passes on what is written, and keeps the beginning of it.
class Watched : public std::streambuf {
 public:
    explicit Watched(std::ostream& to) : to_(*to.rdbuf()) {}

    const std::string& kept() const { return kept_; }

 protected:
    int_type overflow(int_type c) override {
        if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
        const char byte = traits_type::to_char_type(c);
        keep({&byte, 1});
        return to_.sputc(byte);
    }
    std::streamsize xsputn(const char* bytes, std::streamsize count) override {
        keep({bytes, static_cast<size_t>(count)});
        return to_.sputn(bytes, count);
    }
    int sync() override { return to_.pubsync(); }

 private:
    void keep(std::string_view bytes) {
        kept_ += bytes.substr(0, kFailureTextBytesMax - kept_.size());
    }

    std::streambuf& to_;
    std::string kept_;
};

std::string_view code_of(Code code) {
    switch (code) {
        case Code::kNotFound:
            return "not_found";
        case Code::kBusy:
            return "busy";
        default:
            return {};
    }
}

std::string_view code_of(Exit exit) {
    switch (exit) {
        case Exit::kUsage:
            return "usage";
        case Exit::kNotReachable:
            return "not_reachable";
        case Exit::kFindings:
            return "findings";
        default:
            return "failed";
    }
}

// Its lines, without our name before them, and without where help is.
std::string text_of(std::string_view said) {
    std::string text;
    while (!said.empty()) {
        std::string_view line = said.substr(0, said.find('\n'));
        said.remove_prefix(std::min(said.size(), line.size() + 1));
        if (line.starts_with("`zbridge help")) continue;
        if (line.starts_with(kOurName)) line.remove_prefix(kOurName.size());
        text += (text.empty() ? "" : "\n") + std::string(line);
    }
    return text;
}

}  // namespace

void say(const Status& why, Terminal& terminal) {
    terminal.err << kOurName << why.message() << "\n";
    terminal.failure = code_of(why.code());
}

Exit run_for_json(const Body& body, Terminal& terminal) {
    Watched out_bytes(terminal.out), err_bytes(terminal.err);
    std::ostream out(&out_bytes), err(&err_bytes);
    Terminal its{out,
                 err,
                 terminal.out_colour,
                 terminal.err_colour,
                 terminal.environment,
                 terminal.out_width,
                 terminal.in};
    const Exit exit = body(its);
    if (!out) terminal.out.setstate(std::ios::badbit);
    if (exit == Exit::kOk || !out_bytes.kept().empty()) return exit;
    JsonWriter json(JsonWriter::Style::kIndented);
    json.begin_map()
        .text("code", its.failure.empty() ? code_of(exit) : its.failure)
        .text("text", text_of(err_bytes.kept()));
    terminal.out << json.end_map().take() << "\n";
    return exit;
}

}  // namespace zbridge::cli
