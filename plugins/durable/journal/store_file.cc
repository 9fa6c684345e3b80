#include "plugins/durable/journal/store_file.h"

#include <fmt/format.h>

#include <charconv>
#include <initializer_list>
#include <optional>

#include "bridge/base/crc32c.h"

namespace zbridge::durable {

namespace {

constexpr std::string_view kBegin = "zbridge journal ";

// "name 12 name 12": the numbers behind these words, and nothing else.
bool take(std::string_view line, int base_of_last,
          std::initializer_list<std::pair<std::string_view, uint64_t*>> fields) {
    size_t left = fields.size();
    for (const auto& [word, into] : fields) {
        if (!line.starts_with(word)) return false;
        line.remove_prefix(word.size());
        const int base = --left == 0 ? base_of_last : 10;
        const auto [end, error] =
            std::from_chars(line.data(), line.data() + line.size(), *into, base);
        if (error != std::errc()) return false;
        line.remove_prefix(static_cast<size_t>(end - line.data()));
    }
    return line.empty();
}

std::string_view take_line(std::string_view& text) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

// Takes one line in. False: it is none of this version.
bool take_entry(std::string_view line, StoreFile& file) {
    uint64_t segment = 0, first = 0, position = 0, crc = 0;
    if (line.starts_with("store ")) {
        const auto id = StoreId::parse(line.substr(6));
        if (id) file.store = *id;
        return id.has_value();
    }
    if (take(line, 10, {{"from ", &file.from}})) return true;
    if (take(line, 16,
             {{"dropped ", &segment},
              {" first ", &first},
              {" prev_end ", &position},
              {" prev_crc ", &crc}})) {
        file.dropped[segment] = {Seq{first}, static_cast<uint32_t>(position),
                                 static_cast<uint32_t>(crc)};
        return true;
    }
    if (take(line, 10, {{"lost ", &segment}, {" at ", &position}, {" from ", &first}})) {
        file.lost.insert({segment, static_cast<uint32_t>(position), Seq{first}});
        return true;
    }
    return false;
}

}  // namespace

Result<StoreFile> StoreFile::parse(std::string_view text) {
    const Status damaged(Code::kInvalid, "it is damaged");
    const size_t sum_at = text.rfind("crc ");
    if (sum_at == text.npos ||
        text.substr(sum_at) != fmt::format("crc {:08x}\n", crc32c(text.substr(0, sum_at))))
        return damaged;
    std::string_view rest = text.substr(0, sum_at);
    uint64_t version = 0;
    if (!take(take_line(rest), 10, {{kBegin, &version}})) return damaged;
    if (version > kVersion)
        return Status(
            Code::kUnavailable,
            fmt::format(
                "it has the format {}, this zbridge knows {}: it was written by a newer version",
                version, kVersion));
    StoreFile file;
    while (!rest.empty()) {
        if (!take_entry(take_line(rest), file)) return damaged;
    }
    return file;
}

std::string StoreFile::text() const {
    std::string text =
        fmt::format("{}{}\nstore {}\nfrom {}\n", kBegin, kVersion, store.text(), from);
    for (const auto& [segment, bound] : dropped)
        text += fmt::format("dropped {} first {} prev_end {} prev_crc {:08x}\n", segment,
                            number(bound.first), bound.prev_end, bound.prev_crc);
    for (const Loss& loss : lost)
        text +=
            fmt::format("lost {} at {} from {}\n", loss.segment, loss.position, number(loss.from));
    return text + fmt::format("crc {:08x}\n", crc32c(text));
}

void StoreFile::drop(uint64_t segment, const Bound& bound, uint64_t oldest) {
    dropped[segment] = bound;
    from = std::max(from, oldest);
    // What lies below the oldest needs no word.
    dropped.erase(dropped.begin(), dropped.lower_bound(from));
    lost.erase(lost.begin(), lost.lower_bound(Loss{from, 0, Seq{}}));
}

}  // namespace zbridge::durable
