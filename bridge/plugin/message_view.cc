#include "bridge/plugin/message_view.h"

#include <algorithm>

namespace zbridge::plugin {

namespace {

size_t bytes_of(const Value& value) {
    const std::string* text = std::get_if<std::string>(&value);
    return text == nullptr ? sizeof(int64_t) : text->size();
}

zb_value text_value(const std::optional<std::string>& text) {
    zb_value out{ZB_NOTHING, 0, 0, 0, {nullptr, 0}};
    if (!text) return out;
    out.kind = ZB_STRING;
    out.text = to_c(*text);
    return out;
}

}  // namespace

std::optional<Value> value_from_c(const zb_value& value) {
    switch (value.kind) {
        case ZB_BOOL:
            return Value(value.flag != 0);
        case ZB_INTEGER:
            return Value(value.integer);
        case ZB_NUMBER:
            return Value(value.number);
        case ZB_STRING:
            return Value(std::string(from_c(value.text)));
        default:
            return std::nullopt;
    }
}

zb_value value_to_c(const Value& value) {
    zb_value out{ZB_NOTHING, 0, 0, 0, {nullptr, 0}};
    if (const bool* flag = std::get_if<bool>(&value)) {
        out.kind = ZB_BOOL;
        out.flag = *flag ? 1 : 0;
    } else if (const int64_t* integer = std::get_if<int64_t>(&value)) {
        out.kind = ZB_INTEGER;
        out.integer = *integer;
    } else if (const double* number = std::get_if<double>(&value)) {
        out.kind = ZB_NUMBER;
        out.number = *number;
    } else if (const std::string* text = std::get_if<std::string>(&value)) {
        out.kind = ZB_STRING;
        out.text = to_c(*text);
    }
    return out;
}

zb_view to_c(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}

std::string_view from_c(zb_view view) {
    return view.data == nullptr ? std::string_view() : std::string_view(view.data, view.size);
}

size_t LooseMessage::bytes() const {
    size_t bytes = bytes_of(attributes);
    for (const std::string& frame : frames)
        bytes += frame.size();
    return bytes;
}

size_t bytes_of(const Attributes& attributes) {
    size_t bytes = 0;
    for (const auto* text : {&attributes.id, &attributes.order_key, &attributes.tag})
        bytes += *text ? (*text)->size() : 0;
    for (const std::string& key : attributes.keys)
        bytes += key.size();
    for (const auto& [name, value] : attributes.properties)
        bytes += name.size() + bytes_of(value);
    return bytes;
}

bool KeptBytes::grow(size_t from, size_t to) {
    if (to <= from) {
        shrink(from - to);
        return true;
    }
    const size_t more = to - from;
    uint64_t used = used_.load(std::memory_order_relaxed);
    do {
        if (more > max_ || used > max_ - more) return false;
    } while (!used_.compare_exchange_weak(used, used + more, std::memory_order_relaxed));
    return true;
}

MessageView::~MessageView() {
    if (kept_) kept_->shrink(charged_);
}

bool MessageView::change(size_t from, size_t to) {
    if (!kept_) return true;
    if (!kept_->grow(from, to)) return false;
    charged_ = charged_ + to - from;
    return true;
}

void MessageView::forget_changes() {
    own_frames_.clear();
    edited_.reset();
}

bool MessageView::own(LooseMessage message, std::shared_ptr<KeptBytes> kept) {
    kept_ = std::move(kept);
    if (!change(0, message.bytes())) return false;
    body_ = nullptr;
    peer_ = nullptr;
    frames_.clear();
    own_frames_ = std::move(message.frames);
    edited_ = std::move(message.attributes);
    attributes_ = &nothing_;
    return true;
}

void MessageView::index() const {
    if (!frames_.empty() || body_ == nullptr) return;
    const std::string_view wire = body_->wire().bytes();
    for (size_t at = 0; at < wire.size();) {
        const Frame frame = frame_at(wire, at);
        frames_.push_back(kExactViews ? lend(frame.body) : frame.body);
        at = frame.end;
    }
}

std::string_view MessageView::lend(std::string_view body) const {
    lent_.push_back(std::make_unique<char[]>(body.size()));
    std::copy(body.begin(), body.end(), lent_.back().get());
    return {lent_.back().get(), body.size()};
}

uint32_t MessageView::frame_count() const {
    if (!own_frames_.empty() || body_ == nullptr) return static_cast<uint32_t>(own_frames_.size());
    return body_->frames();
}

std::string_view MessageView::body_of(uint32_t index_of_frame) const {
    if (!own_frames_.empty() || body_ == nullptr)
        return index_of_frame < own_frames_.size() ? std::string_view(own_frames_[index_of_frame])
                                                   : std::string_view();
    index();
    return index_of_frame < frames_.size() ? frames_[index_of_frame] : std::string_view();
}

zb_view MessageView::frame(uint32_t index_of_frame) const {
    return to_c(body_of(index_of_frame));
}

void MessageView::take_frames() {
    if (!own_frames_.empty() || body_ == nullptr) return;
    index();
    own_frames_.assign(frames_.begin(), frames_.end());
}

zb_result MessageView::set_frame(uint32_t index_of_frame, std::string_view body) {
    if (index_of_frame >= frame_count()) return ZB_NOT_FOUND;
    if (body.size() > kBytesMax) return ZB_FULL;
    std::string copy(body);  // `body` may be a part of the frame that it replaces
    take_frames();
    size_t others = 0;
    for (const std::string& frame : own_frames_)
        others += frame.size();
    const size_t before = own_frames_[index_of_frame].size();
    others -= before;
    if (others + copy.size() > kBytesMax || !change(before, copy.size())) return ZB_FULL;
    own_frames_[index_of_frame] = std::move(copy);
    return ZB_OK;
}

zb_result MessageView::set_frames(const zb_view* bodies, uint32_t count) {
    if (count == 0 || count > kFramesMax || bodies == nullptr) return ZB_INVALID;
    std::vector<std::string> frames;
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        const std::string_view body = from_c(bodies[i]);
        if (body.size() > kBytesMax - bytes) return ZB_FULL;
        bytes += body.size();
        frames.emplace_back(body);
    }
    size_t before = 0;
    for (const std::string& frame : own_frames_)
        before += frame.size();
    if (!change(before, bytes)) return ZB_FULL;
    own_frames_ = std::move(frames);
    return ZB_OK;
}

Attributes& MessageView::edit() {
    if (!edited_) edited_ = *attributes_;
    return *edited_;
}

zb_value MessageView::attribute(uint32_t which) const {
    const Attributes& all = attributes();
    switch (which) {
        case ZB_ID:
            return text_value(all.id);
        case ZB_ORDER_KEY:
            return text_value(all.order_key);
        case ZB_TAG:
            return text_value(all.tag);
        case ZB_DELIVER_AT:
            if (all.deliver_at_ms) return value_to_c(Value(*all.deliver_at_ms));
            break;
        default:
            break;
    }
    return text_value(std::nullopt);
}

zb_result MessageView::set_attribute(uint32_t which, const zb_value& value) {
    if (which == ZB_DELIVER_AT) {
        if (value.kind != ZB_INTEGER && value.kind != ZB_NOTHING) return ZB_INVALID;
        edit().deliver_at_ms =
            value.kind == ZB_NOTHING ? std::nullopt : std::optional(value.integer);
        return ZB_OK;
    }
    switch (which) {
        case ZB_ID:
            return set_text(&Attributes::id, value);
        case ZB_ORDER_KEY:
            return set_text(&Attributes::order_key, value);
        case ZB_TAG:
            return set_text(&Attributes::tag, value);
        default:
            return ZB_INVALID;
    }
}

zb_result MessageView::set_text(std::optional<std::string> Attributes::*attribute,
                                const zb_value& value) {
    if (value.kind != ZB_STRING && value.kind != ZB_NOTHING) return ZB_INVALID;
    std::optional<std::string> text;
    if (value.kind == ZB_STRING) {
        if (value.text.size > kTextBytesMax) return ZB_FULL;
        text = std::string(from_c(value.text));
    }
    const auto& before = attributes().*attribute;
    if (!change(before ? before->size() : 0, text ? text->size() : 0)) return ZB_FULL;
    edit().*attribute = std::move(text);
    return ZB_OK;
}

zb_value MessageView::property(std::string_view name) const {
    for (const auto& [known, value] : attributes().properties) {
        if (known == name) return value_to_c(value);
    }
    return text_value(std::nullopt);
}

zb_result MessageView::set_property(std::string_view name, const zb_value& value) {
    if (name.empty() || value.kind > ZB_STRING) return ZB_INVALID;
    if (name.size() > kNameBytesMax || (value.kind == ZB_STRING && value.text.size > kTextBytesMax))
        return ZB_FULL;
    const auto typed = value_from_c(value);
    const std::string key(name);  // it may be a part of what it changes
    auto& properties = edit().properties;
    const auto known = std::find_if(properties.begin(), properties.end(),
                                    [&](const auto& property) { return property.first == key; });
    const bool is_there = known != properties.end();
    if (!is_there && !typed) return ZB_OK;
    if (!is_there && properties.size() >= kPropertiesMax) return ZB_FULL;
    const size_t before = is_there ? key.size() + bytes_of(known->second) : 0;
    if (!change(before, typed ? key.size() + bytes_of(*typed) : 0)) return ZB_FULL;
    if (!typed)
        properties.erase(known);
    else if (is_there)
        known->second = *typed;
    else
        properties.emplace_back(key, *typed);
    return ZB_OK;
}

zb_view MessageView::peer(uint32_t what) const {
    if (peer_ == nullptr) return {nullptr, 0};
    switch (what) {
        case ZB_PEER_USER:
            return to_c(peer_->user);
        case ZB_PEER_IDENTITY:
            return to_c(peer_->identity);
        case ZB_PEER_ADDRESS:
            return to_c(peer_->address);
        default:
            return {nullptr, 0};
    }
}

std::string MessageView::wire() const {
    std::string wire;
    const uint32_t count = frame_count();
    for (uint32_t i = 0; i < count; i++)
        append_frame(wire, body_of(i), i + 1 < count);
    return wire;
}

LooseMessage MessageView::copy() const {
    LooseMessage loose;
    for (uint32_t i = 0; i < frame_count(); i++)
        loose.frames.emplace_back(body_of(i));
    loose.attributes = attributes();
    return loose;
}

}  // namespace zbridge::plugin
