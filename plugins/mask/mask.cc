// The step `mask`: replaces values in a JSON or msgpack body. README.md tells its options.
#include <cstdint>
#include <optional>
#include <string>

#include "plugins/document/finder.h"
#include "plugins/document/text.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge {
namespace {

using document::Format;

class Mask final : public Step {
 public:
    static constexpr Option options[] = {
        Option("fields", ZB_OPTION_TEXT,
               "What to mask: a key, wherever it is (card), or a path ($.customer.iban,"
               " $.items[*].card).")
            .required()
            .many()
            .short_form()
            .such_as("[card, $.customer.iban]"),
        Option("with", ZB_OPTION_TEXT, "The text that stands in a masked value's place.")
            .by_default("***"),
        Option("keep_last", ZB_OPTION_COUNT,
               "So many of the last characters stay behind `with`; none of a value that has no"
               " more.")
            .by_default("0")
            .at_most("64"),
        Option("format", ZB_OPTION_CHOICE, "How the body is written; auto: its first byte tells.")
            .by_default("auto")
            .one_of("json|msgpack|auto"),
        Option("frame", ZB_OPTION_COUNT, "The frame that is the body, from 0; else the last one.")
            .at_most("63")
            .such_as("0"),
        Option("otherwise", ZB_OPTION_CHOICE,
               "What becomes of a body that cannot be decoded: refused, or passed on as it is.")
            .by_default("refuse")
            .one_of("refuse|pass"),
    };

    explicit Mask(Context& context) : Step(context) {
        const Options given = context.options();
        for (uint32_t i = 0; i < given.count_of("fields"); i++) {
            const Status added = finder_.add(given.text("fields", i));
            if (!added.ok()) given.refuse("fields", added.message(), i);
        }
        if (!given.has("fields")) given.refuse("fields", "at least one key or path is expected");
        with_ = given.text("with");
        if (with_.size() > kWithBytesMax)
            given.refuse("with",
                         "at most " + std::to_string(kWithBytesMax) + " bytes are expected");
        if (!document::is_utf8(with_)) given.refuse("with", "a text in UTF-8 is expected");
        keep_last_ = static_cast<size_t>(given.integer("keep_last"));
        if (given.text("format") == "json") format_ = Format::kJson;
        if (given.text("format") == "msgpack") format_ = Format::kMsgpack;
        if (given.has("frame")) frame_ = static_cast<uint32_t>(given.integer("frame"));
        passes_undecodable_ = given.text("otherwise") == "pass";
        masked_ = context.counter("masked", "values that were replaced");
        undecodable_ = context.counter("undecodable", "bodies that could not be decoded");
    }

    Verdict on_message(Message& message) override {
        const uint32_t frame = frame_.value_or(message.frame_count() - 1);
        if (frame >= message.frame_count())
            return not_decodable("the message has no frame " + std::to_string(frame));

        const std::string_view body = message.frame(frame);
        const Format format = format_.value_or(document::format_of(body));
        const Status read = finder_.read(format, body);
        if (!read.ok()) {
            return not_decodable(
                (format == Format::kJson ? "the body is no JSON: " : "the body is no msgpack: ") +
                read.message());
        }
        if (finder_.matches().empty()) return pass();

        write(format, body);
        message.set_frame(frame, masked_body_);
        masked_.add(static_cast<int64_t>(finder_.matches().size()));
        if (masked_body_.capacity() > kKeptBytes) masked_body_ = {};
        return pass();
    }

 private:
    static constexpr size_t kKeptBytes = 64 << 10;       // of room, for the next message
    static constexpr size_t kWithBytesMax = 1024;        // of `with`
    static constexpr size_t kMaskedBytesMax = 64 << 20;  // of a body: a message may have no more

    Verdict not_decodable(const std::string& why) {
        undecodable_.add();
        return passes_undecodable_ ? pass() : refuse(why);
    }

    // The body into masked_body_: what is between the matches as it is.
    void write(Format format, std::string_view body) {
        masked_body_.clear();
        size_t at = 0;
        for (const document::Match& match : finder_.matches()) {
            masked_body_ += body.substr(at, match.begin - at);
            document::append_text(format, mask_of(format, match.value), masked_body_);
            at = match.end;
            if (masked_body_.size() <= kMaskedBytesMax) continue;
            masked_body_ = {};
            throw Error("the masked body would be larger than 64 MiB", false, ZB_FULL);
        }
        masked_body_ += body.substr(at);
    }

    std::string mask_of(Format format, const document::Scalar& value) const {
        if (keep_last_ == 0) return with_;
        const auto words = document::words_of(format, value);
        if (!words) return with_;
        const std::string_view kept = document::last_characters(*words, keep_last_);
        return kept.size() == words->size() ? with_ : with_ + std::string(kept);
    }

    document::Finder finder_;
    std::string with_;
    size_t keep_last_ = 0;
    std::optional<Format> format_;
    std::optional<uint32_t> frame_;
    bool passes_undecodable_ = false;
    Metric masked_, undecodable_;
    std::string masked_body_;
};

}  // namespace

ZBRIDGE_PLUGIN(Mask, "mask", ZBRIDGE_VERSION,
               "Replaces fields of JSON and msgpack bodies by a text: card numbers, names.")
}  // namespace zbridge
