#include "bridge/base/random.h"

#include <sys/random.h>

#include "bridge/base/check.h"

namespace zbridge {

uint64_t OsRandom::next() {
    uint64_t value = 0;
    const auto got = getrandom(&value, sizeof(value), 0);
    ZB_CHECK(got == static_cast<ssize_t>(sizeof(value)), got);
    return value;
}

}  // namespace zbridge
