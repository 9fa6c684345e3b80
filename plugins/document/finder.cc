#include "plugins/document/finder.h"

#include <algorithm>

#include "plugins/document/text.h"

namespace zbridge::document {

Status Finder::add(std::string_view field) {
    if (keys_.size() + paths_.size() == kFieldsMax)
        return {Code::kInvalid, "at most " + std::to_string(kFieldsMax) + " fields"};
    if (field.empty())
        return {Code::kInvalid, "a key or a path is expected: card, $.customer.iban"};
    if (!field.starts_with('$')) {
        keys_.emplace_back(field);
        return {};
    }
    auto path = parse_path(field);
    if (!path.ok()) return std::move(path).error();
    paths_.push_back(std::move(*path));
    return {};
}

Status Finder::read(Format format, std::string_view bytes) {
    format_ = format;
    bytes_ = bytes;
    matches_.clear();
    depth_ = match_depth_ = 0;
    return scan(format, bytes, *this);
}

// Of the paths that lead through the map or array we are in, those that `step` takes on.
template <class Step>
void Finder::follow(const Step& step) {
    here_ = 0;
    Paths alive = levels_[depth_ - 1].alive;
    for (size_t path = 0; alive != 0; path++, alive >>= 1) {
        if ((alive & 1) == 0 || !paths_[path][depth_ - 1].meets(step)) continue;
        if (paths_[path].size() == depth_)
            found_ = true;
        else
            here_ |= Paths{1} << path;
    }
}

bool Finder::meets() {
    if (depth_ == 0) {
        here_ = paths_.empty() ? 0 : ~Paths{0} >> (kFieldsMax - paths_.size());
        return false;
    }
    Level& level = levels_[depth_ - 1];
    if (level.is_map) return found_;
    found_ = false;
    follow(level.next_index++);
    return found_;
}

void Finder::on_key(const Scalar& key) {
    if (match_depth_ != 0) return;
    found_ = false;
    here_ = 0;
    std::string_view name;
    if (key.kind == Kind::kText || key.kind == Kind::kBytes) {
        name = text_of(key, room_);
    } else {
        const auto words = words_of(format_, key);
        if (!words) return;  // null, or an extension
        name = room_ = *words;
    }
    found_ = std::find(keys_.begin(), keys_.end(), name) != keys_.end();
    follow(name);
}

void Finder::on_scalar(const Scalar& value) {
    if (match_depth_ != 0 || !meets()) return;
    const auto begin = static_cast<size_t>(value.raw.data() - bytes_.data());
    matches_.push_back({begin, begin + value.raw.size(), value});
}

void Finder::on_open(Kind kind, size_t at) {
    if (match_depth_ == 0 && meets()) {
        match_depth_ = depth_ + 1;
        matches_.push_back({at, at, {kind, {}, {}, false}});
    }
    levels_[depth_++] = {here_, 0, kind == Kind::kMap};
}

void Finder::on_close(size_t end) {
    if (match_depth_ == depth_) {
        matches_.back().end = end;
        match_depth_ = 0;
    }
    depth_--;
}

}  // namespace zbridge::document
