// A message's attributes for a copy of it: all but some properties, and others beside them.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "plugins/durable/topics/attributes.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

class CopiedAttributes {
 public:
    // `attributes`: as a topic keeps them. Properties whose name begins with one of `without` are
    // left out. It, and all texts, outlive this.
    CopiedAttributes(zb_view attributes, std::initializer_list<std::string_view> without);
    CopiedAttributes(const CopiedAttributes&) = delete;
    CopiedAttributes& operator=(const CopiedAttributes&) = delete;

    void add(std::string_view name, std::string_view text);
    void add(std::string_view name, int64_t number);

    const zb_attributes& to_c();

 private:
    std::vector<zb_view> keys_;
    std::vector<zb_property> properties_;
    zb_attributes attributes_{};
};

}  // namespace zbridge::durable
