// The notes of services, in the engine's store: the one connection between the two.
#pragma once

#include "bridge/plugin/engine.h"
#include "bridge/rpc/request_journal.h"

namespace zbridge::app {

class EngineNotes final : public rpc::NoteStore, private plugin::CommitListener {
 public:
    // `engine` has not been started, and outlives it; so does whatever `clock` and `log` are.
    EngineNotes(plugin::Engine& engine, const Clock& clock, std::vector<std::string> endpoints,
                telemetry::Log* log);

    rpc::RequestJournal& journal() { return journal_; }
    // The engine is about to be stopped: services may still say what they like.
    void end() { ended_ = true; }

    std::optional<uint64_t> note(uint64_t key, rpc::NoteKind kind, std::string_view bytes,
                                 bool closes) override;
    bool failed() const override { return ended_ || engine_.failed(); }

 private:
    void on_committed(uint64_t number) override;
    void on_commit_failed() override;

    plugin::Engine& engine_;
    rpc::RequestJournal journal_;
    bool ended_ = false;
};

}  // namespace zbridge::app
