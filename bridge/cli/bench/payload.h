// The body of each message of a load: a stamp, and what else there is to be.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/cli/bench/stamp.h"

namespace zbridge::cli::bench {

class Payload {
 public:
    // In a text of the user's the stamp stands here.
    static constexpr std::string_view kPlace = "{{bench}}";

    // Of so many bytes, Stamp::kBytes at least: the stamp, then filling.
    static Payload of_size(size_t bytes);
    // kInvalid: the text has no kPlace.
    static Result<Payload> of_text(std::string text);

    size_t size() const { return body_.size(); }
    // Until the next call.
    std::string_view with(const Stamp& stamp) {
        write_stamp(stamp, body_.data() + at_);
        return body_;
    }

 private:
    Payload(std::string body, size_t at) : body_(std::move(body)), at_(at) {}
    std::string body_;
    size_t at_;  // of the stamp
};

}  // namespace zbridge::cli::bench
