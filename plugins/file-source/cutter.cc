#include "plugins/file-source/cutter.h"

#include <utility>

#include "plugins/records/record.h"

namespace zbridge::file_source {

Cutter::Cut Cutter::cut(std::string_view bytes) {
    if (!options_.records) return cut_line(bytes);
    size_t size = 0;
    switch (records::cut_record(bytes, size, frames_)) {
        case records::Cut::kWhole:
            return {Kind::kMessage, size, false};
        case records::Cut::kPartial:
            return {Kind::kPartial, 0, false};
        default:
            return {Kind::kDamaged, 0, false};
    }
}

Cutter::Cut Cutter::cut_line(std::string_view bytes) {
    const size_t end = bytes.find('\n', std::exchange(searched_, 0));
    const bool whole = end != bytes.npos;
    if (in_long_line_ || (whole ? end : bytes.size()) > options_.line_bytes_max) {
        if (bytes.empty()) return {};
        in_long_line_ = !whole;
        return {Kind::kTooLong, whole ? end + 1 : bytes.size(), whole};
    }
    if (!whole) {
        searched_ = bytes.size();
        return {};
    }
    frames_.assign(1, bytes.substr(0, end));
    return {Kind::kMessage, end + 1, false};
}

}  // namespace zbridge::file_source
