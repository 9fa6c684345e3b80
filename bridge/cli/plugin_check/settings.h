// What a check is asked for, and the options that its instances get.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/plugin/options.h"

namespace zbridge::cli {

struct CheckSettings {
    static constexpr uint64_t kMessages = 20'000;  // where no time is given

    std::string file;                // an absolute path
    std::vector<std::string> given;  // "KEY=VALUE", the value as the YAML would have it
    uint64_t seed = 0;
    Duration time{};  // of feeding messages; zero: kMessages of them
};

// Required options by their examples, and what was given. An error: a sentence for each line that
// is wrong.
Result<plugin::InstanceOptions, std::vector<std::string>> sample_options(
    const plugin::Declared& declared, const std::vector<std::string>& given);

// What is wrong with the option table itself: a default out of its range, an example that the table
// refuses.
std::vector<std::string> problems_of_table(const plugin::Declared& declared);

}  // namespace zbridge::cli
