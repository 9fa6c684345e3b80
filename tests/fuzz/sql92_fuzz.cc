// Any bytes as a filter: it is refused with a column and a sentence, or it gives an answer to any
// properties, and asks for none but those it has named.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "bridge/base/check.h"
#include "bridge/base/sql92/filter.h"

using namespace zbridge;
using namespace zbridge::sql92;

// Which value a name has is said by its bytes and `shift`: every name has each kind once.
struct Shifted final : Properties {
    const Filter* filter = nullptr;
    size_t shift = 0;

    Value value_of(std::string_view name) const override {
        static const std::array<Value, 12> kValues{
            Value{}, true,  false,  int64_t{0}, int64_t{-7},        INT64_MAX,
            -1.5,    1e300, "true", "17",       std::string_view{}, "EU"};
        const auto& names = filter->names();
        ZB_CHECK(std::find(names.begin(), names.end(), name) != names.end(), name);
        size_t sum = shift;
        for (const char c : name)
            sum += static_cast<unsigned char>(c);
        return kValues[sum % kValues.size()];
    }
};

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const auto filter = Filter::compile(text);
    const auto again = Filter::compile(text);
    ZB_CHECK(filter.ok() == again.ok());
    if (!filter.ok()) {
        const std::string& message = filter.error().message();
        ZB_CHECK(message == again.error().message(), message);
        ZB_CHECK(message.starts_with("column ") && message.find(": ") != message.npos, message);
        const unsigned long column = std::stoul(message.substr(7));
        ZB_CHECK(column >= 1 && column <= size + 1, message);
        return 0;
    }
    ZB_CHECK(filter->text() == text && filter->names() == again->names());
    Shifted properties;
    for (properties.shift = 0; properties.shift < 12; properties.shift++) {
        properties.filter = &*filter;
        const Truth truth = filter->evaluate(properties);
        ZB_CHECK(filter->matches(properties) == (truth == Truth::kTrue));
        properties.filter = &*again;
        ZB_CHECK(again->evaluate(properties) == truth);
    }
    return 0;
}
