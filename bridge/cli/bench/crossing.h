// What the side that sends and the side that receives tell each other: they are threads of one process.
#pragma once

#include <atomic>
#include <cstdint>

namespace zbridge::cli::bench {

struct Crossing {
    std::atomic<bool> heard = false;     // all consumers are there
    std::atomic<uint64_t> arrived = 0;   // at the consumer that has had the least
    std::atomic<bool> all_sent = false;  // `sent` is final
    std::atomic<uint64_t> sent = 0;
    std::atomic<bool> stop = false;  // one of them has failed
};

}  // namespace zbridge::cli::bench
