// The step `transform`: sets, renames and removes fields of a body, and turns JSON into msgpack and
// back. README.md tells its options.
#include <cstdint>
#include <optional>
#include <string>

#include "plugins/document/tree.h"
#include "plugins/sdk/zbridge_plugin.hpp"
#include "plugins/transform/operations.h"

namespace zbridge {
namespace {

using document::Format;

class Transform final : public Step {
 public:
    static constexpr Option options[] = {
        Option("set", ZB_OPTION_TEXT,
               "Path -> value: $.path, $property.name, or a literal (what is JSON is that value,"
               " anything else a text).")
            .map()
            .such_as("{ $.region: $property.region, $.version: 2 }"),
        Option("rename", ZB_OPTION_TEXT, "Path -> the new name of its last key.")
            .map()
            .such_as("{ $.customer.no: number }"),
        Option("remove", ZB_OPTION_TEXT, "Paths of what is taken out.")
            .many()
            .such_as("[$.debug, \"$.items[*].cost\"]"),
        Option("to", ZB_OPTION_CHOICE, "How the body is written when it goes on.")
            .by_default("same")
            .one_of("json|msgpack|same"),
        Option("format", ZB_OPTION_CHOICE,
               "How the body is written when it comes; auto: its first byte tells.")
            .by_default("auto")
            .one_of("json|msgpack|auto"),
        Option("frame", ZB_OPTION_COUNT, "The frame that is the body, from 0; else the last one.")
            .at_most("63")
            .such_as("0"),
    };

    explicit Transform(Context& context) : Step(context) {
        const Options given = context.options();
        for (uint32_t i = 0; i < given.count_of("remove"); i++)
            check(given, "remove", i, operations_.add_remove(given.text("remove", i)));
        const auto renames = given.map("rename"), sets = given.map("set");
        for (uint32_t i = 0; i < renames.size(); i++) {
            const auto& [path, name] = renames[i];
            check(given, "rename", i, operations_.add_rename(path, name));
        }
        for (uint32_t i = 0; i < sets.size(); i++) {
            const auto& [path, value] = sets[i];
            check(given, "set", i, operations_.add_set(path, value));
        }
        format_ = format_named(given.text("format"));
        to_ = format_named(given.text("to"));
        if (given.has("frame")) frame_ = static_cast<uint32_t>(given.integer("frame"));
        if (!to_ && sets.empty() && renames.empty() && !given.has("remove"))
            given.refuse("to", "nothing to do: `set`, `rename`, `remove` or `to` is expected");
    }

    Verdict on_message(Message& message) override {
        const uint32_t frame = frame_.value_or(message.frame_count() - 1);
        if (frame >= message.frame_count())
            return refuse("the message has no frame " + std::to_string(frame));

        const std::string_view body = message.frame(frame);
        const Format from = format_.value_or(document::format_of(body));
        document::Tree tree;
        if (const Status read = tree.read(from, body); !read.ok()) {
            return refuse(
                (from == Format::kJson ? "the body is no JSON: " : "the body is no msgpack: ") +
                read.message());
        }
        const auto changed = operations_.run(tree, message);
        if (!changed.ok()) return refuse(changed.error().message());
        const Format to = to_.value_or(from);
        if (*changed == 0 && to == from) return pass();

        std::string written;
        written.reserve(body.size() + body.size() / 4);
        if (const Status done = tree.write(to, written); !done.ok()) return refuse(done.message());
        message.set_frame(frame, written);
        return pass();
    }

 private:
    static void check(const Options& given, const char* key, uint32_t index, const Status& status) {
        if (!status.ok()) given.refuse(key, status.message(), index);
    }
    // None: auto, same.
    static std::optional<Format> format_named(std::string_view name) {
        if (name == "json") return Format::kJson;
        if (name == "msgpack") return Format::kMsgpack;
        return std::nullopt;
    }

    transform::Operations operations_;
    std::optional<Format> format_, to_;
    std::optional<uint32_t> frame_;
};

}  // namespace

ZBRIDGE_PLUGIN(Transform, "transform", ZBRIDGE_VERSION,
               "Sets, renames and removes fields of JSON and msgpack bodies, and converts them.")
}  // namespace zbridge
