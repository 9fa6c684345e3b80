// A list of tags, as a filter may be instead of SQL92: `express`, `express || night`, `*`.
//
//   list := tag ( '||' tag )*      tag := '*' (every message, also one without a tag) | word
//
// A word has no blanks, control characters, quotes, brackets, commas or signs of SQL92.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"

namespace zbridge::sql92 {

class Tags {
 public:
    // None: the text is no list of tags but, perhaps, SQL92. An error, "column 8: ...": it is a
    // list, and wrong. An empty text is one too.
    static std::optional<Result<Tags>> read(std::string_view text);

    bool matches(std::string_view tag) const {
        return all_ || (!tag.empty() && std::find(tags_.begin(), tags_.end(), tag) != tags_.end());
    }

 private:
    bool all_ = false;
    std::vector<std::string> tags_;
};

}  // namespace zbridge::sql92
