// The stages of a check, each for a process of its own. What a stage finds stands on its board.
#pragma once

#include <memory>

#include "bridge/cli/plugin_check/board.h"
#include "bridge/cli/plugin_check/settings.h"
#include "bridge/plugin/declaration.h"

namespace zbridge::cli {

class Subject;

// What a stage has to do its work with.
struct Checked {
    const plugin::Declaration& declaration;
    const CheckSettings& settings;
    const Clock& clock;
    Board& board;
};

// From create to destroy, twice; what it leaves behind.
void check_life_cycle(const Checked& checked);

// create with values that are missing, empty, out of range, nonsense: it answers, and says why not.
void check_options(const Checked& checked);

// Random messages, batches, reads, claims: for whatever the plugin is.
void check_step(const Checked& checked);
void check_source(const Checked& checked);
void check_sink(const Checked& checked);
void check_auth(const Checked& checked);

// An instance that is started, with the options of the check. Null: the board says why not.
std::unique_ptr<Subject> started_subject(const Checked& checked, const zb_host& host);

// Stops and destroys it, and tells what it has not given back.
void end_subject(Subject& subject, const Checked& checked);

}  // namespace zbridge::cli
