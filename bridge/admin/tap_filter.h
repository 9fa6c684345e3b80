// What a tap's `--where` sees of a message: SQL92 over what is known of it where it passes.
//
// Names:   a property; TAGS, its tag; else a field of the JSON object that its last frame is. With a
//          `$` what the bridge knows of it: kNames.
// Failure: compile() refuses what the filter of a group would, and a `$` name that there is not.
// Limits:  a message above kFieldsBytesMax has no fields; of `$body` so much is looked at.
// Thread:  one at a time, though matches() is const: it reads into buffers that are kept.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/base/sql92/filter.h"
#include "bridge/model/message.h"
#include "bridge/model/watch.h"
#include "bridge/routing/evaluator.h"

namespace zbridge::admin {

// "in", "out", "routed", "given", "stored"
std::string_view name_of(Passing::Way way);

// What stands before the rest of a message, as frames too.
size_t frames_in(std::string_view wire);

class TapFilter {
 public:
    static constexpr std::array<std::string_view, 14> kNames = {
        "$way",     "$peer",   "$user", "$identity",  "$address",  "$bytes", "$frames",
        "$attempt", "$offset", "$id",   "$order_key", "$priority", "$keys",  "$body"};

    static constexpr size_t kFieldsBytesMax = 256 << 10;

    static Result<TapFilter> compile(std::string_view where);

    // `message`: one of those that pass.
    bool matches(const Passing& passing, const Message& message) const;

 private:
    class View;
    explicit TapFilter(sql92::Filter filter);

    sql92::Filter filter_;
    std::unique_ptr<routing::Evaluator> fields_;
    std::vector<std::pair<std::string, routing::Evaluator::Slot>> slots_;  // of fields_
};

}  // namespace zbridge::admin
