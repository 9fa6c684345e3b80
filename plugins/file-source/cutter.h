// Cuts messages off the front of a file's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace zbridge::file_source {

class Cutter {
 public:
    struct Options {
        bool records = false;             // else lines
        size_t line_bytes_max = 1 << 20;  // without the line break
    };
    enum class Kind : uint8_t {
        kMessage,  // frames()
        kTooLong,  // a piece of a line that is above the limit, perhaps not its last one
        kPartial,  // more bytes are needed
        kDamaged,  // no record begins here
    };
    struct Cut {
        Kind kind = Kind::kPartial;
        size_t size = 0;         // bytes that are done with
        bool ends_line = false;  // kTooLong: that was all of it
    };

    explicit Cutter(const Options& options) : options_(options) {}

    // After kPartial: the same bytes and more, of which only what is new is searched; or again().
    Cut cut(std::string_view bytes);
    // Views of the bytes, until the next cut().
    const std::vector<std::string_view>& frames() const { return frames_; }
    bool of_records() const { return options_.records; }
    // Within a line that is too long.
    bool in_long_line() const { return in_long_line_; }
    // The same place, but perhaps other bytes.
    void again() { searched_ = 0; }
    // Elsewhere, another file.
    void reset() {
        in_long_line_ = false;
        searched_ = 0;
    }

 private:
    Cut cut_line(std::string_view bytes);

    Options options_;
    std::vector<std::string_view> frames_;
    bool in_long_line_ = false;
    size_t searched_ = 0;  // of the unfinished line: there is no line break
};

}  // namespace zbridge::file_source
