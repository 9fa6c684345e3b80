// Who is told what a command of the command line has come to.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

class AdminListener {
 public:
    virtual ~AdminListener() = default;
    // Of another result than ZB_OK: a sentence.
    virtual void on_admin_answer(uint64_t cookie, zb_result result, std::string_view body) = 0;
    // Admin::go_on() is to be called soon, but not within this call.
    virtual void on_admin_unfinished() = 0;
};

}  // namespace zbridge::durable
