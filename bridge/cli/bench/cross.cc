#include "bridge/cli/bench/cross.h"

#include <thread>

namespace zbridge::cli::bench {

Status cross(Sending& sending, Taking& taking, Crossing& crossing) {
    Status sent;
    std::thread sender([&] {
        sent = sending.greet();
        if (sent.ok()) sent = sending.run();
        if (!sent.ok()) crossing.stop = true;
    });
    Status taken = taking.run();
    // A sender that is held up would wait for room that nobody makes any more.
    crossing.stop = true;
    sender.join();
    return sent.ok() ? taken : sent;
}

Measured crossed(std::string bench, const Sending& sending, const Arrivals& arrivals) {
    Measured its = of_arrivals(std::move(bench), arrivals);
    its.sent = sending.sent();
    its.refused = sending.refused();
    its.lags = sending.lags();
    its.trouble = sending.trouble();
    uint64_t refused = 0;
    for (const auto& [reason, count] : its.refused)
        refused += count;
    const uint64_t each = sending.sent() - refused;
    const uint64_t expected = each * (arrivals.each_has_all() ? arrivals.consumers() : 1);
    its.lost = expected > arrivals.count() ? expected - arrivals.count() : 0;
    return its;
}

}  // namespace zbridge::cli::bench
