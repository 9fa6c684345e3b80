#include "bridge/app/engine_notes.h"

#include <utility>

namespace zbridge::app {

EngineNotes::EngineNotes(plugin::Engine& engine, const Clock& clock,
                         std::vector<std::string> endpoints, telemetry::Log* log)
    : engine_(engine), journal_(*this, clock, std::move(endpoints), log) {
    engine_.listen(*this);
    engine_.at_note([this](uint64_t key, uint32_t kind, std::string_view bytes) {
        journal_.recover(key, static_cast<rpc::NoteKind>(kind), bytes);
    });
}

std::optional<uint64_t> EngineNotes::note(uint64_t key, rpc::NoteKind kind, std::string_view bytes,
                                          bool closes) {
    if (ended_) return std::nullopt;
    return engine_.note(key, static_cast<uint32_t>(kind), bytes, closes);
}

void EngineNotes::on_committed(uint64_t number) {
    if (!ended_) journal_.on_committed(number);
}

void EngineNotes::on_commit_failed() {
    if (!ended_) journal_.on_store_failed();
}

}  // namespace zbridge::app
