// What a step of a scenario says to the program of the C++ client, and what the program says of it: msgpack.
#pragma once

#include <any>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <zbridge/message.hpp>

namespace zbridge::client::tests {

struct Wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The arguments of a step. Whatever is not asked for is Wrong: nothing is left out in silence.
class Arguments {
 public:
    explicit Arguments(const core::Value& map) : map_(map), fields_(map) {}

    bool has(const char* name) {
        asked_.insert(name);
        return fields_.find(name) != nullptr;
    }
    std::string text(const char* name) {
        return has(name) ? std::string(fields_.text(name)) : std::string();
    }
    uint64_t number(const char* name, uint64_t usual = 0) {
        return has(name) ? fields_.number(name) : usual;
    }
    bool flag(const char* name) { return has(name) && fields_.flag(name); }
    std::optional<milliseconds> duration(const char* name) {
        if (!has(name)) return std::nullopt;
        return milliseconds(static_cast<int64_t>(fields_.number(name)));
    }
    const core::Value& value(const char* name) {
        asked_.insert(name);
        return fields_.get(name);
    }
    Message message(const char* name) { return message_of(value(name)); }
    std::vector<Message> messages(const char* name) {
        std::vector<Message> found;
        for (const core::Value& each : core::list_of(value(name)))
            found.push_back(message_of(each));
        return found;
    }

    void check_all_asked() const {
        for (size_t at = 0; at < map_.via.map.size; at++) {
            const std::string name(core::text_of(map_.via.map.ptr[at].key));
            if (asked_.count(name) == 0) throw Wrong("this client is not told of " + name);
        }
    }

 private:
    // [frames, attributes]
    static Message message_of(const core::Value& value) {
        const core::List both = core::list_of(value, 2);
        Message made;
        if (const AttributesPtr its = core::attributes_of(both[1]))
            static_cast<Attributes&>(made) = *its;
        for (const core::Value& each : core::list_of(both[0]))
            made.frames.emplace_back(core::octets_of(each));
        return made;
    }

    const core::Value& map_;
    core::Fields fields_;
    std::set<std::string> asked_;
};

// What became of a step: a map, which grows.
class Result {
 public:
    core::Packer& operator[](const char* key) {
        count_++;
        core::pack_text(packer_, key);
        return packer_;
    }
    Result& text(const char* key, const std::string& value) {
        core::pack_text((*this)[key], value);
        return *this;
    }
    Result& number(const char* key, uint64_t value) {
        (*this)[key].pack_uint64(value);
        return *this;
    }
    Result& flag(const char* key, bool value) {
        (*this)[key].pack(value);
        return *this;
    }
    Result& texts(const char* key, const std::vector<std::string>& values) {
        (*this)[key].pack(values);
        return *this;
    }
    template <class Frames>
    Result& message(const char* key, const Frames& frames) {
        (void)(*this)[key];
        pack(frames);
        return *this;
    }
    Result& attributes(const char* key, const AttributesPtr& its) {
        (void)(*this)[key];
        pack(its);
        return *this;
    }
    // Of each of several: `messages`, and `attributes`.
    template <class Several>
    Result& messages(const Several& several) {
        (*this)["messages"].pack_array(static_cast<uint32_t>(several.size()));
        for (const auto& each : several)
            pack(frames_of(each));
        (*this)["attributes"].pack_array(static_cast<uint32_t>(several.size()));
        for (const auto& each : several)
            pack(attributes_of(each));
        return *this;
    }

    std::string packed() const {
        core::Octets whole;
        core::Packer(whole).pack_map(count_);
        return whole.bytes + fields_.bytes;
    }

 private:
    template <class One>
    static auto frames_of(const One& one) -> decltype(one.frames()) {
        return one.frames();
    }
    template <class One>
    static auto frames_of(const One& one) -> decltype((one.frames)) {
        return one.frames;
    }
    template <class One>
    static auto attributes_of(const One& one) -> decltype(one.attributes()) {
        return one.attributes();
    }
    template <class One>
    static auto attributes_of(const One& one) -> decltype((one.attributes)) {
        return one.attributes;
    }

    template <class Frame>
    void pack(const std::vector<Frame>& frames) {
        packer_.pack_array(static_cast<uint32_t>(frames.size()));
        for (const Frame& each : frames)
            core::pack_octets(packer_, each);
    }
    void pack(const AttributesPtr& its) {
        Message message;
        if (its) static_cast<Attributes&>(message) = *its;
        const std::string packed = core::attributes_of(message, {});
        fields_.bytes += packed.empty() ? "\xc0" : packed;
    }

    core::Octets fields_;
    core::Packer packer_{fields_};
    uint32_t count_ = 0;
};

}  // namespace zbridge::client::tests
