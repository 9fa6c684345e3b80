// What a plugin's source brings: each message takes the routes from it, and the source is told what
// became of it.
//
// Flow:    plugin::SourceReader -> [source intake] -> passages -> outcome -> the source
// Holding: while a target has no room, or memory is used up, the source is not read.
#pragma once

#include "bridge/intake/intake.h"
#include "bridge/plugin/source_reader.h"

namespace zbridge::intake {

class SourceIntake final : public plugin::SourceTarget, public RoomListener, public Origins {
 public:
    // All of these outlive it.
    SourceIntake(plugin::SourceReader& reader, const std::vector<Route*>& routes, MessageIds& ids,
                 Timers& timers, const Clock& clock, MemoryBudget& memory, plugin::Engine* engine);

    bool take(const plugin::LooseMessage& message, uint64_t cookie) override;
    void on_room() override { reader_.go_on(); }
    // At the end of every turn: goes on if it had to wait for memory.
    void on_turn_end();

    void compact() { passages_.compact(); }
    plugin::SourceReader& reader() { return reader_; }
    size_t on_their_way() const { return passages_.on_their_way(); }
    const RefusalCounts& refusals() const { return refusals_; }

 private:
    void on_outcome(const Origin& origin, const Outcome& outcome) override;
    net::Peer* peer(PeerId) override { return nullptr; }

    plugin::SourceReader& reader_;
    MessageIds& ids_;
    MemoryBudget& memory_;
    Passages passages_;
    bool waits_for_memory_ = false;
    RefusalCounts refusals_;  // of no route in particular
};

}  // namespace zbridge::intake
