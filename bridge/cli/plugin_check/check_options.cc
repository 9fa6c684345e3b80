// The stage "options".
#include <sys/resource.h>

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "bridge/cli/plugin_check/loans.h"
#include "bridge/cli/plugin_check/stages.h"
#include "bridge/cli/plugin_check/subject.h"

// There under AddressSanitizer alone, which needs an address space without a limit.
extern "C" void __asan_init() __attribute__((weak));

namespace zbridge::cli {

namespace {

using plugin::DeclaredOption;
using plugin::OptionValue;
using Type = DeclaredOption::Type;

constexpr size_t kLongBytes = 64 << 10;
constexpr size_t kManyValues = 1000;
constexpr rlim_t kMemoryMax = rlim_t{4} << 30;  // a plugin that believes a huge number is refused

// Instead of the option's values; none: it is missing.
struct Variant {
    std::string what;
    std::vector<OptionValue> values;
};

OptionValue text_value(std::string text) {
    OptionValue value;
    value.name = "name";
    value.text = std::move(text);
    return value;
}

OptionValue number_value(int64_t integer, double number) {
    OptionValue value;
    value.name = "name";
    value.integer = integer;
    value.number = number;
    return value;
}

std::vector<Variant> variants_of(const DeclaredOption& option) {
    std::vector<Variant> all{{"missing", {}}};
    const auto text = [&](const std::string& what, std::string value) {
        all.push_back({what, {text_value(std::move(value))}});
    };
    const auto number = [&](const std::string& what, int64_t integer, double real) {
        all.push_back({what, {number_value(integer, real)}});
    };
    if (option.type == Type::kText || option.type == Type::kSecret ||
        option.type == Type::kChoice) {
        text("empty", "");
        text("a word that nobody expects", "no-such-choice");
        text("64 KiB long", std::string(kLongBytes, 'x'));
        text("bytes that are no UTF-8", std::string("\0\xff\xc3(\xed\xa0\x80", 7));
        text("half of a path", "$.");
        text("brackets", "[{((\"'");
        text("a format", "%s%n{}{0}");
    } else {
        number("0", 0, 0);
        number("less than 0", -1, -1);
        number("the least number", std::numeric_limits<int64_t>::min(),
               -std::numeric_limits<double>::infinity());
        number("the largest number", std::numeric_limits<int64_t>::max(),
               std::numeric_limits<double>::infinity());
        number("no number", 0, std::nan(""));
    }
    if (option.many || option.map)
        all.push_back(
            {"a thousand values", std::vector<OptionValue>(kManyValues, text_value("x"))});
    if (option.map) {
        OptionValue nameless = text_value("x");
        nameless.name.clear();
        all.push_back({"a value without a name", {nameless}});
    }
    return all;
}

}  // namespace

void check_options(const Checked& checked) {
    const plugin::Declared& declared = checked.declaration.declared();
    const auto sample = sample_options(declared, checked.settings.given);
    if (!sample.ok() || declared.options.empty()) return;
    const rlimit memory{kMemoryMax, kMemoryMax};
    if (__asan_init == nullptr) (void)setrlimit(RLIMIT_AS, &memory);
    uint32_t taken = 0, refused = 0;
    const auto try_out = [&](const plugin::InstanceOptions& options, const std::string& where) {
        Loans loans;
        Subject subject(checked.declaration, options, loans.host(), checked.clock, checked.board);
        const bool made = subject.create(where);
        (made ? taken : refused)++;
    };
    for (const DeclaredOption& option : declared.options) {
        for (Variant& variant : variants_of(option)) {
            plugin::InstanceOptions options = *sample;
            if (variant.values.empty())
                options.values.erase(option.key);
            else
                options.values[option.key] = std::move(variant.values);
            try_out(options, fmt::format("create, with `{}`: {}", option.key, variant.what));
        }
    }
    plugin::InstanceOptions none = *sample;
    none.values.clear();
    try_out(none, "create, without any option");
    checked.board.say(fmt::format("{} sets that are wrong or strange: it refused {} and took {}",
                                  taken + refused, refused, taken));
}

}  // namespace zbridge::cli
