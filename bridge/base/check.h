// ZB_CHECK: a condition that only a bug of zbridge itself can break. On in release builds: logs and
// aborts.
//
// Use Result<T, Refusal> for what a peer can do wrong and Status for what the world can do wrong.
#pragma once

#include <sstream>
#include <string>

namespace zbridge {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& operands);

template <class... Operands>
std::string describe_operands(const Operands&... operands) {
    std::ostringstream out;
    ((out << ' ' << operands), ...);
    return out.str();
}

}  // namespace zbridge

// ZB_CHECK(floor <= end, floor, end): the operands are printed when it fails.
#define ZB_CHECK(condition, ...)                                                \
    do {                                                                        \
        if (!(condition)) [[unlikely]] {                                        \
            ::zbridge::check_failed(__FILE__, __LINE__, #condition,             \
                                    ::zbridge::describe_operands(__VA_ARGS__)); \
        }                                                                       \
    } while (false)
