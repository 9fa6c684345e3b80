#include "bridge/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace zbridge {

void check_failed(const char* file, int line, const char* condition, const std::string& operands) {
    std::fprintf(stderr, "zbridge: bug: %s:%d: check failed: %s%s%s\n", file, line, condition,
                 operands.empty() ? "" : "; operands:", operands.c_str());
    std::fflush(stderr);
    std::abort();
}

}  // namespace zbridge
