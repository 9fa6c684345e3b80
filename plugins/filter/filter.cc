// The step `filter`: only messages that meet a condition go on. README.md tells its options.
#include <optional>
#include <string>
#include <utility>

#include "bridge/base/sql92/filter.h"
#include "bridge/base/sql92/tags.h"
#include "bridge/base/utf8.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge {
namespace {

// What SQL92 may ask of a message: its properties, and its tag as TAGS.
class View final : public sql92::Properties {
 public:
    explicit View(const Message& message) : message_(message) {}
    sql92::Value value_of(std::string_view name) const override {
        return name == "TAGS" ? message_.attribute(ZB_TAG) : message_.property(name);
    }

 private:
    const Message& message_;
};

class Filter final : public Step {
 public:
    static constexpr Option options[] = {
        Option("where", ZB_OPTION_TEXT,
               "Which messages go on: a list of tags (express || night, *) or SQL92 over properties"
               " (TAGS is the tag).")
            .required()
            .short_form()
            .such_as("amount > 100 AND region = 'EU'"),
        Option("otherwise", ZB_OPTION_CHOICE,
               "What becomes of the others: dropped (the producer's receipt is OK), or refused.")
            .by_default("drop")
            .one_of("drop|refuse"),
    };

    explicit Filter(Context& context) : Step(context) {
        const Options given = context.options();
        const std::string_view where = given.text("where");
        refuses_ = given.text("otherwise") == "refuse";
        reason_ = "not where " + std::string(cut_at_character(where, kReasonBytesMax));
        if (auto tags = sql92::Tags::read(where)) {
            if (!tags->ok()) given.refuse("where", tags->error().message());
            tags_ = std::move(*tags).value();
            return;
        }
        auto condition = sql92::Filter::compile(where);
        if (!condition.ok()) given.refuse("where", condition.error().message());
        condition_ = std::move(*condition);
    }

    Verdict on_message(Message& message) override {
        const bool meets =
            condition_ ? condition_->matches(View(message)) : tags_.matches(message.tag());
        if (meets) return pass();
        return refuses_ ? refuse(reason_) : drop();
    }

 private:
    static constexpr size_t kReasonBytesMax = 200;  // of the condition, in a refusal's reason

    bool refuses_ = false;
    std::string reason_;
    std::optional<sql92::Filter> condition_;  // else tags_
    sql92::Tags tags_;
};

}  // namespace

ZBRIDGE_PLUGIN(Filter, "filter", ZBRIDGE_VERSION,
               "Lets the messages pass that meet a condition: tags, or SQL92 over properties.")
}  // namespace zbridge
