// What arrives of a load at a group, and is acked as soon as it is counted.
#pragma once

#include <memory>
#include <string>

#include "bridge/cli/bench/source.h"
#include "bridge/cli/conversation.h"

namespace zbridge::cli::bench {

class GroupSource final : public Source {
 public:
    static constexpr uint64_t kCredit = 1'000;  // delivered and not settled

    static Result<std::unique_ptr<GroupSource>> open(std::unique_ptr<Conversation> bridge,
                                                     const std::string& group);

    Status take(Duration time, const OnMessage& on_message) override;
    Status leave() override;

 private:
    GroupSource(std::unique_ptr<Conversation> bridge, std::string group)
        : bridge_(std::move(bridge)), group_(std::move(group)) {}
    Status deliver(const Conversation::Piece& piece, const OnMessage& on_message);

    std::unique_ptr<Conversation> bridge_;
    const std::string group_;
    uint64_t last_ref_ = 0;
};

}  // namespace zbridge::cli::bench
