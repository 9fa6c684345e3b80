// The commands of `zbridge bench`, as command.h has the others.
#pragma once

#include "bridge/cli/command.h"

namespace zbridge::cli {

Body declare_bench_pub(CLI::App& app);
Body declare_bench_sub(CLI::App& app);
Body declare_bench_rpc(CLI::App& app);
Body declare_bench_e2e(CLI::App& app);
Body declare_bench_fanout(CLI::App& app);
Body declare_bench_compare(CLI::App& app);

}  // namespace zbridge::cli
