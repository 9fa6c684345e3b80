#include "bridge/routing/selector.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "bridge/base/check.h"

namespace zbridge::routing {

namespace {

template <class Do>
void for_each_bit(uint64_t bits, Do what) {
    for (; bits != 0; bits &= bits - 1)
        what(static_cast<size_t>(std::countr_zero(bits)));
}

}  // namespace

bool Selector::can_add(const Path& path) const {
    return paths_.size() < kPathsMax ||
           std::find(paths_.begin(), paths_.end(), path) != paths_.end();
}

size_t Selector::add(const Path& path) {
    const auto known = std::find(paths_.begin(), paths_.end(), path);
    if (known != paths_.end()) return static_cast<size_t>(known - paths_.begin());
    ZB_CHECK(paths_.size() < kPathsMax && path.size() <= kPathSegmentsMax, paths_.size(),
             path.size());
    of_length_[path.size()] |= Paths{1} << paths_.size();
    paths_.push_back(path);
    found_.emplace_back();
    return paths_.size() - 1;
}

void Selector::begin() {
    std::fill(found_.begin(), found_.end(), Found{});
    texts_.clear();
    json_.clear();
    depth_ = 0;
    writing_ = 0;
    here_ = paths_.size() == kPathsMax ? ~Paths{0} : (Paths{1} << paths_.size()) - 1;
}

Selector::Paths Selector::step(Paths through, std::string_view name) const {
    Paths on = 0;
    for_each_bit(through, [&](size_t i) {
        const PathSegment& segment = paths_[i][depth_ - 1];
        if (!segment.index && segment.key == name) on |= Paths{1} << i;
    });
    return on;
}

Selector::Paths Selector::step(Paths through, uint64_t index) const {
    Paths on = 0;
    for_each_bit(through, [&](size_t i) {
        if (paths_[i][depth_ - 1].index == index) on |= Paths{1} << i;
    });
    return on;
}

void Selector::forget(Paths paths) {
    for_each_bit(paths, [&](size_t i) { found_[i] = Found{}; });
}

void Selector::key(std::string_view name) {
    Level& level = levels_[depth_ - 1];
    here_ = level.alive == 0 ? 0 : step(level.alive, name);
    if (here_ != 0) forget(here_);  // the last of equal keys counts
    if (writing_ != 0) {
        if (!level.empty) json_ += ',';
        write_text(name);
        json_ += ':';
    }
    level.empty = false;
}

// An array's values have no key(): they are counted here.
void Selector::begin_value() {
    if (depth_ == 0) return;
    Level& level = levels_[depth_ - 1];
    if (level.is_map) return;
    here_ = level.alive == 0 ? 0 : step(level.alive, level.next_index);
    level.next_index++;
    if (writing_ != 0 && !level.empty) json_ += ',';
    level.empty = false;
}

bool Selector::open(bool is_map) {
    begin_value();
    if (depth_ == kDepthMax) return false;
    const Paths whole = here_ & of_length_[depth_];
    levels_[depth_] = {
        .alive = here_ & ~whole, .whole = whole, .text_at = json_.size(), .is_map = is_map};
    if (writing_ != 0 || whole != 0) {
        writing_++;
        json_ += is_map ? '{' : '[';
    }
    depth_++;
    here_ = 0;
    return true;
}

void Selector::close() {
    const Level& level = levels_[--depth_];
    if (writing_ == 0) return;
    json_ += level.is_map ? '}' : ']';
    if (level.whole != 0) {
        texts_.push_back(json_.substr(level.text_at));
        for_each_bit(level.whole, [&](size_t i) { found_[i] = Found::of_text(texts_.back()); });
    }
    if (--writing_ == 0) json_.clear();
}

void Selector::scalar(const Found& value) {
    begin_value();
    if (writing_ != 0) write_scalar(value);
    for_each_bit(here_ & of_length_[depth_], [&](size_t i) { found_[i] = value; });
}

void Selector::write_scalar(const Found& value) {
    if (value.kind == Found::Kind::kText)
        write_text(value.text);
    else if (!value || (value.kind == Found::Kind::kDouble && !std::isfinite(value.real)))
        json_ += "null";
    else
        json_ += text_of(value);
}

// Bytes that are no UTF-8 pass as they are: only msgpack can hold them.
void Selector::write_text(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    json_ += '"';
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        if (c == '"' || c == '\\') {
            json_ += '\\';
            json_ += c;
        } else if (byte < 0x20) {
            json_ += "\\u00";
            json_ += kHex[byte >> 4];
            json_ += kHex[byte & 15];
        } else {
            json_ += c;
        }
    }
    json_ += '"';
}

}  // namespace zbridge::routing
