// Picks the values at given paths out of a document that a reader (JSON, msgpack) tells it in one
// pass.
//
// Promise: of a key that stands twice in one map the last one counts. null, and what has no text or
//          number (msgpack's ext), is as if it were not there. An array or a map is found as its
//          compact JSON text.
// Limits:  kPathsMax paths a document; kDepthMax maps and arrays inside each other, beyond that a
//          reader gives up.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/routing/expression.h"
#include "bridge/routing/found.h"

namespace zbridge::routing {

class Selector {
 public:
    static constexpr size_t kPathsMax = kFramePathsMax;
    static constexpr size_t kDepthMax = 64;

    // Returns where found() tells what is there. The same path twice is one. REQUIRES:
    // can_add().
    size_t add(const Path& path);
    bool can_add(const Path& path) const;

    // The document, in its order; strings live until the next begin().
    void begin();
    bool open_map() { return open(true); }  // false: too deep
    bool open_array() { return open(false); }
    void key(std::string_view name);  // before each value of a map
    void scalar(const Found& value);  // nothing: null and its like
    void close();                     // the map or array opened last

    const Found& found(size_t path) const { return found_[path]; }

 private:
    using Paths = uint64_t;  // one bit each
    struct Level {
        Paths alive = 0;     // lead through this map or array
        Paths whole = 0;     // end at it
        size_t text_at = 0;  // where its JSON text begins
        uint64_t next_index = 0;
        bool is_map = false;
        bool empty = true;
    };

    bool open(bool is_map);
    void begin_value();
    Paths step(Paths through, std::string_view name) const;
    Paths step(Paths through, uint64_t index) const;
    void forget(Paths paths);
    void write_scalar(const Found& value);
    void write_text(std::string_view text);

    std::vector<Path> paths_;
    std::array<Paths, kPathSegmentsMax + 1> of_length_{};
    std::vector<Found> found_;

    std::array<Level, kDepthMax> levels_;
    size_t depth_ = 0;
    Paths here_ = 0;      // lead to, or through, the value that comes next
    size_t writing_ = 0;  // levels, from the outermost one that is wanted as text
    std::string json_;
    std::deque<std::string>
        texts_;  // of maps and arrays that were found; a deque: they stay where they are
};

}  // namespace zbridge::routing
