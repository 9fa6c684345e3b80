// A message as the dead letters have it: its own attributes, and what it died of as properties.
//
//   dead.topic  dead.group  dead.id  dead.reason  dead.attempts  dead.stored_ms  dead.died_ms
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/topics/attributes.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

class DeadLetter {
 public:
    static constexpr std::string_view kPrefix = "dead.";

    // `run`: of one message; it, and the texts, outlive this. What one that has died before had of
    // these goes.
    DeadLetter(const zb_run& run, std::string_view topic, std::string_view group,
               std::string_view reason, uint32_t attempts, int64_t now_ms);
    DeadLetter(const DeadLetter&) = delete;
    DeadLetter& operator=(const DeadLetter&) = delete;

    const zb_attributes& attributes() const { return attributes_; }

 private:
    void add(std::string_view name, std::string_view text);
    void add(std::string_view name, int64_t number);

    std::string id_;
    std::vector<zb_view> keys_;
    std::vector<zb_property> properties_;
    zb_attributes attributes_{};
};

}  // namespace zbridge::durable
