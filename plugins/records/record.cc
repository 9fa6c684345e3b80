#include "plugins/records/record.h"

#include "bridge/base/crc32c.h"

namespace zbridge::records {

namespace {

constexpr size_t kNumberBytes = 4;

void append_number(size_t number, std::string& out) {
    for (size_t i = 0; i < kNumberBytes; i++)
        out += static_cast<char>(number >> (8 * i) & 0xff);
}

uint32_t number_in(std::string_view bytes) {
    uint32_t number = 0;
    for (size_t i = kNumberBytes; i-- > 0;)
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return number;
}

bool cut_frames(std::string_view payload, std::vector<std::string_view>& frames) {
    frames.clear();
    while (!payload.empty()) {
        if (payload.size() < kNumberBytes || frames.size() == kFramesMax) return false;
        const size_t size = number_in(payload);
        payload.remove_prefix(kNumberBytes);
        if (size > payload.size()) return false;
        frames.push_back(payload.substr(0, size));
        payload.remove_prefix(size);
    }
    return !frames.empty();
}

}  // namespace

bool append_record(const std::vector<std::string_view>& frames, std::string& out) {
    if (frames.empty() || frames.size() > kFramesMax) return false;
    size_t size = 0;
    for (const std::string_view frame : frames) {
        if (frame.size() > kPayloadBytesMax) return false;
        size += kNumberBytes + frame.size();
    }
    if (size > kPayloadBytesMax) return false;

    const size_t begin = out.size();
    append_number(size, out);
    append_number(0, out);  // the sum, below
    for (const std::string_view frame : frames) {
        append_number(frame.size(), out);
        out += frame;
    }
    std::string sum;
    append_number(crc32c(std::string_view(out).substr(begin + kHeadBytes)), sum);
    out.replace(begin + kNumberBytes, kNumberBytes, sum);
    return true;
}

Cut measure_record(std::string_view bytes, size_t& size) {
    if (bytes.size() < kHeadBytes) return Cut::kPartial;
    const size_t payload = number_in(bytes);
    if (payload < kNumberBytes || payload > kPayloadBytesMax) return Cut::kDamaged;
    size = kHeadBytes + payload;
    return Cut::kWhole;
}

Cut cut_record(std::string_view bytes, size_t& size, std::vector<std::string_view>& frames) {
    const Cut head = measure_record(bytes, size);
    if (head != Cut::kWhole) return head;
    if (bytes.size() < size) return Cut::kPartial;
    const std::string_view payload = bytes.substr(kHeadBytes, size - kHeadBytes);
    if (crc32c(payload) != number_in(bytes.substr(kNumberBytes))) return Cut::kDamaged;
    return cut_frames(payload, frames) ? Cut::kWhole : Cut::kDamaged;
}

std::optional<size_t> find_record(std::string_view bytes, size_t from) {
    std::vector<std::string_view> frames;
    size_t searched = 0;
    for (size_t at = from; at + kHeadBytes < bytes.size(); at++) {
        const std::string_view rest = bytes.substr(at);
        size_t size = 0;
        if (measure_record(rest, size) != Cut::kWhole || size > rest.size()) continue;
        if (!cut_frames(rest.substr(kHeadBytes, size - kHeadBytes), frames)) continue;
        searched += size;
        if (searched > kSearchedBytesMax) return at;
        if (cut_record(rest, size, frames) == Cut::kWhole) return at;
    }
    return std::nullopt;
}

}  // namespace zbridge::records
