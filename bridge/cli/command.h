// What a command of the command line is, and what it gets. One file per command; the table of them
// is in cli.cc.
#pragma once

#include <functional>
#include <istream>
#include <ostream>
#include <string_view>

#include "bridge/settings/environment.h"

namespace CLI {
class App;
}

namespace zbridge::cli {

enum class Exit : int {
    kOk = 0,
    kFailed = 1,
    kUsage = 2,         // the command line itself is wrong
    kNotReachable = 3,  // no bridge answers
    kFindings = 4,      // check found errors, or damage
};

// Where a command writes, and what it may ask the process for.
struct Terminal {
    std::ostream& out;
    std::ostream& err;
    bool out_colour = false;  // a terminal, and NO_COLOR is not set
    bool err_colour = false;
    settings::Environment environment;
    size_t out_width = 0;           // columns of the terminal; 0: it is none
    std::istream* in = nullptr;     // where the user answers; null: nobody does
    std::string_view failure = {};  // the code of what went wrong; empty: as the exit code says
};

using Body = std::function<Exit(Terminal&)>;

struct Command {
    std::string_view name;
    std::string_view help;  // one line
    Body (*declare)(
        CLI::App& app);  // declares its options on `app`; what it returns runs once they are read
};

Body declare_init(CLI::App& app);
Body declare_check(CLI::App& app);
Body declare_run(CLI::App& app);
Body declare_status(CLI::App& app);
Body declare_health(CLI::App& app);
Body declare_events(CLI::App& app);
Body declare_endpoint_ls(CLI::App& app);
Body declare_route_ls(CLI::App& app);
Body declare_peer_ls(CLI::App& app);
Body declare_peer_show(CLI::App& app);
Body declare_peer_kick(CLI::App& app);
Body declare_service_ls(CLI::App& app);
Body declare_service_show(CLI::App& app);
Body declare_service_pause(CLI::App& app);
Body declare_service_resume(CLI::App& app);
Body declare_pub(CLI::App& app);
Body declare_get(CLI::App& app);
Body declare_call(CLI::App& app);
Body declare_drain(CLI::App& app);
Body declare_stop(CLI::App& app);
Body declare_explain(CLI::App& app);
Body declare_top(CLI::App& app);
Body declare_tap(CLI::App& app);
Body declare_schema(CLI::App& app);
Body declare_topic_ls(CLI::App& app);
Body declare_topic_show(CLI::App& app);
Body declare_topic_create(CLI::App& app);
Body declare_topic_set(CLI::App& app);
Body declare_topic_browse(CLI::App& app);
Body declare_topic_query(CLI::App& app);
Body declare_topic_purge(CLI::App& app);
Body declare_topic_rm(CLI::App& app);
Body declare_group_ls(CLI::App& app);
Body declare_group_show(CLI::App& app);
Body declare_group_pending(CLI::App& app);
Body declare_group_reset(CLI::App& app);
Body declare_group_pause(CLI::App& app);
Body declare_group_resume(CLI::App& app);
Body declare_group_rm(CLI::App& app);
Body declare_trace(CLI::App& app);
Body declare_delay_ls(CLI::App& app);
Body declare_delay_recall(CLI::App& app);
Body declare_delay_reschedule(CLI::App& app);
Body declare_dead_ls(CLI::App& app);
Body declare_dead_show(CLI::App& app);
Body declare_dead_redrive(CLI::App& app);
Body declare_dead_edit(CLI::App& app);
Body declare_dead_rm(CLI::App& app);
Body declare_dead_export(CLI::App& app);
Body declare_tx_ls(CLI::App& app);
Body declare_tx_commit(CLI::App& app);
Body declare_tx_rollback(CLI::App& app);
Body declare_journal_check(CLI::App& app);
Body declare_journal_stat(CLI::App& app);
Body declare_journal_dump(CLI::App& app);
Body declare_journal_scrub(CLI::App& app);
Body declare_plugin_ls(CLI::App& app);
Body declare_plugin_info(CLI::App& app);
Body declare_plugin_new(CLI::App& app);
Body declare_plugin_check(CLI::App& app);
Body declare_completion(CLI::App& app);
Body declare_version(CLI::App& app);

}  // namespace zbridge::cli
