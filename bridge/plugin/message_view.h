// A message as a plugin sees it: zb_message. Either one of the bridge's, for the time of a call, or
// one of an instance's own.
//
// Promise: what a plugin changes stands in the view alone until the bridge takes it out: a call
//          that fails or holds leaves the message as it was.
// Memory:  of a message of the bridge's the frames are looked at where they stand, and only when
//          they are asked for. Under AddressSanitizer each is lent in memory of its own that ends
//          where it does, until the next message: an access beyond it, or later, ends the process
//          with a report that has the plugin's function.
// Limits:  kFramesMax frames, kBytesMax of all of them: beyond that a change is refused (ZB_FULL,
//          ZB_INVALID); likewise kTextBytesMax, kNameBytesMax, kPropertiesMax.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/model/attributes.h"
#include "bridge/model/message.h"
#include "bridge/routing/evaluator.h"
#include "plugins/sdk/zbridge_plugin.h"

namespace zbridge::plugin {

// A message that belongs to nobody's memory budget: a source's, a step's own, what a thread has
// made.
struct LooseMessage {
    std::vector<std::string> frames;
    Attributes attributes;

    size_t bytes() const;  // of frames, attributes and properties
};
// What they are to a limit: texts, keys, names and values of properties.
size_t bytes_of(const Attributes& attributes);

// How much an instance keeps in messages of its own. Any thread.
class KeptBytes {
 public:
    explicit KeptBytes(uint64_t max) : max_(max) {}
    // False: it may not have so many more; nothing has changed then.
    bool grow(size_t from, size_t to);
    void shrink(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
    uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
    const uint64_t max_;
    std::atomic<uint64_t> used_{0};
};

#if defined(__has_feature)  // clang says it so, g++ the other way
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kExactViews = true;
#else
inline constexpr bool kExactViews = false;
#endif

class MessageView {
 public:
    static constexpr uint32_t kFramesMax = 64;
    static constexpr size_t kBytesMax = 64 << 20;
    static constexpr size_t kPropertiesMax = 256;
    static constexpr size_t kTextBytesMax = 64 << 10;  // of an attribute, of a property's value
    static constexpr size_t kNameBytesMax = 255;       // of a property

    MessageView() = default;
    ~MessageView();
    MessageView(const MessageView&) = delete;
    MessageView& operator=(const MessageView&) = delete;

    // These live as long as the view is used. `peer` null: it is from none.
    void look_at(const Message& body, const Attributes& attributes, const routing::PeerView* peer) {
        body_ = &body;
        attributes_ = &attributes;
        peer_ = peer;
        frames_.clear();
        if constexpr (kExactViews) lent_.clear();
        if (changed()) forget_changes();
    }
    // A message of an instance's own: all that it grows to is counted in `kept`, until it goes.
    // False: it is larger than `kept` has room for.
    bool own(LooseMessage message, std::shared_ptr<KeptBytes> kept);

    uint32_t frame_count() const;
    zb_view frame(uint32_t index) const;
    zb_result set_frame(uint32_t index, std::string_view body);
    zb_result set_frames(const zb_view* bodies, uint32_t count);
    zb_value attribute(uint32_t which) const;
    zb_result set_attribute(uint32_t which, const zb_value& value);
    const Attributes& attributes() const { return edited_ ? *edited_ : *attributes_; }
    zb_value property(std::string_view name) const;
    zb_result set_property(std::string_view name, const zb_value& value);
    zb_view peer(uint32_t what) const;

    bool changed() const { return frames_changed() || attributes_changed(); }
    bool frames_changed() const { return !own_frames_.empty(); }
    bool attributes_changed() const { return edited_.has_value(); }
    // The frames as one message's wire form.
    std::string wire() const;
    std::string_view body_of(uint32_t index) const;
    Attributes take_attributes() { return edited_ ? *std::move(edited_) : *attributes_; }
    LooseMessage copy() const;
    size_t kept_bytes() const { return charged_; }

 private:
    void forget_changes();
    void index() const;
    std::string_view lend(std::string_view body) const;
    void take_frames();  // into own_frames_, to change them
    Attributes& edit();
    // Before `from` bytes of it become `to`. False: they may not.
    bool change(size_t from, size_t to);
    zb_result set_text(std::optional<std::string> Attributes::*attribute, const zb_value& value);

    const Message* body_ = nullptr;
    const Attributes* attributes_ = nullptr;
    const routing::PeerView* peer_ = nullptr;
    mutable std::vector<std::string_view> frames_;       // of body_, once somebody asked
    mutable std::vector<std::unique_ptr<char[]>> lent_;  // they, of kExactViews
    std::vector<std::string> own_frames_;                // instead of them, once one was changed
    std::optional<Attributes> edited_;
    Attributes nothing_;
    std::shared_ptr<KeptBytes> kept_;  // of a message of an instance's own
    size_t charged_ = 0;               // there
};

zb_view to_c(std::string_view bytes);
std::optional<Value> value_from_c(const zb_value& value);  // none: it is nothing
zb_value value_to_c(const Value& value);                   // its text is a view of the value's
std::string_view from_c(zb_view view);

}  // namespace zbridge::plugin

// What the C interface calls it.
struct zb_message final : zbridge::plugin::MessageView {};
