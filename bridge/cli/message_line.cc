#include "bridge/cli/message_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/base/time_text.h"
#include "bridge/cli/option_values.h"
#include "bridge/settings/finding.h"
#include "plugins/document/text.h"
#include "plugins/document/tree.h"

namespace zbridge::cli {

namespace {

using document::Kind;
using document::Node;
using telemetry::Report;

constexpr uint64_t kPriorityMax = 9;

Status wrong(std::string sentence) {
    return {Code::kInvalid, std::move(sentence)};
}

// The message as far as it has been read.
struct Reading {
    MessageLine message;
    std::set<std::string_view> seen{};
    int64_t now_ms = 0;
};

// None: it is no text.
std::optional<std::string> text_in(const Node& node) {
    std::string room;
    if (!node.is(Kind::kText)) return std::nullopt;
    return std::string(document::text_of(node.value, room));
}

template <class Number>
std::optional<Number> number_in(const Node& node) {
    Number number{};
    const std::string_view digits = node.value.text;
    const char* const end = digits.data() + digits.size();
    if (!node.is(Kind::kNumber)) return std::nullopt;
    const auto read = std::from_chars(digits.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

Status take_text(const Node& node, std::string_view key, std::optional<std::string>& into) {
    into = text_in(node);
    return into ? Status() : wrong(fmt::format("`{}`: expected a text", key));
}

// Of an array, each a text.
Status take_texts(const Node& node, std::string_view key, std::vector<std::string>& into) {
    into.clear();
    for (const Node& each : node.children) {
        if (auto text = text_in(each)) into.push_back(*std::move(text));
    }
    const bool all = node.is(Kind::kArray) && into.size() == node.children.size();
    return all ? Status() : wrong(fmt::format("`{}`: expected an array of texts", key));
}

// "00ff"; none: it is no such text.
std::optional<std::string> bytes_of(std::string_view hex) {
    std::string bytes;
    if (hex.size() % 2 != 0) return std::nullopt;
    for (size_t at = 0; at < hex.size(); at += 2) {
        uint8_t byte = 0;
        const auto read = std::from_chars(hex.data() + at, hex.data() + at + 2, byte, 16);
        if (read.ec != std::errc() || read.ptr != hex.data() + at + 2) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

Status take_body(const Node& node, Reading& reading) {
    std::optional<std::string> body;
    Status status = take_text(node, "body", body);
    if (body) reading.message.frames = {*std::move(body)};
    return status;
}

Status take_frames(const Node& node, Reading& reading) {
    MessageFrames& frames = reading.message.frames;
    if (Status status = take_texts(node, "frames", frames); !status.ok()) return status;
    return frames.empty() ? wrong("`frames`: expected one text or more") : Status();
}

Status take_frames_hex(const Node& node, Reading& reading) {
    MessageFrames& frames = reading.message.frames;
    if (Status status = take_texts(node, "frames_hex", frames); !status.ok()) return status;
    for (std::string& frame : frames) {
        auto bytes = bytes_of(frame);
        if (!bytes) return wrong("`frames_hex`: expected two hexadecimal digits for each byte");
        frame = *std::move(bytes);
    }
    return frames.empty() ? wrong("`frames_hex`: expected one text or more") : Status();
}

Status take_keys(const Node& node, Reading& reading) {
    const auto one = text_in(node);
    if (!one) return take_texts(node, "keys", reading.message.its.keys);
    reading.message.its.keys = {*one};
    return {};
}

Status take_id(const Node& node, Reading& reading) {
    return take_text(node, "id", reading.message.its.id);
}

Status take_tag(const Node& node, Reading& reading) {
    return take_text(node, "tag", reading.message.its.tag);
}

Status take_order_key(const Node& node, Reading& reading) {
    return take_text(node, "order_key", reading.message.its.order_key);
}

Status take_priority(const Node& node, Reading& reading) {
    const auto priority = number_in<uint64_t>(node);
    if (!priority || *priority > kPriorityMax)
        return wrong("`priority`: expected a whole number from 0 to 9");
    reading.message.its.priority = priority;
    return {};
}

Status take_delay(const Node& node, Reading& reading) {
    const auto delay = parse_duration(text_in(node).value_or(""));
    if (!delay) return wrong("`delay`: expected a duration, as \"30s\"");
    reading.message.its.deliver_at_ms =
        reading.now_ms + std::chrono::ceil<std::chrono::milliseconds>(*delay).count();
    return {};
}

Status take_deliver_at(const Node& node, Reading& reading) {
    const auto text = node.is(Kind::kNumber) ? std::string(node.value.text) : text_in(node);
    const auto then = time_argument(text.value_or(""), reading.now_ms);
    if (!then) {
        return wrong(
            "`deliver_at`: expected milliseconds since 1970, or a text as "
            "\"2026-11-24T10:00:00Z\"");
    }
    reading.message.its.deliver_at_ms = then;
    return {};
}

// None: no filter compares what it is.
std::optional<Report> property_in(const Node& node) {
    if (node.is(Kind::kBool)) return Report(node.value.raw == "true");
    if (const auto text = text_in(node)) return Report(*text);
    if (const auto integer = number_in<int64_t>(node)) return Report(*integer);
    if (const auto real = number_in<double>(node)) return Report(*real);
    return std::nullopt;
}

Status take_properties(const Node& node, Reading& reading) {
    if (!node.is(Kind::kMap)) return wrong("`properties`: expected a map");
    auto& properties = reading.message.its.properties;
    for (const Node& each : node.children) {
        auto value = property_in(each);
        if (!value) {
            return wrong(fmt::format("`properties`: {}: expected a text, a number, true or false",
                                     settings::in_quotes(each.name)));
        }
        std::erase_if(properties, [&](const auto& known) { return known.first == each.name; });
        properties.emplace_back(each.name, *std::move(value));
    }
    return {};
}

struct Field {
    std::string_view name;
    Status (*take)(const Node& node, Reading& reading);
};
constexpr std::array kFields = {
    Field{"body", take_body},
    Field{"frames", take_frames},
    Field{"frames_hex", take_frames_hex},
    Field{"keys", take_keys},
    Field{"tag", take_tag},
    Field{"order_key", take_order_key},
    Field{"id", take_id},
    Field{"priority", take_priority},
    Field{"properties", take_properties},
    Field{"delay", take_delay},
    Field{"deliver_at", take_deliver_at},
};

Status take_field(const Node& node, Reading& reading) {
    const auto* const field = std::find_if(
        kFields.begin(), kFields.end(), [&](const Field& each) { return each.name == node.name; });
    if (field == kFields.end()) {
        std::vector<std::string_view> known;
        for (const Field& each : kFields)
            known.push_back(each.name);
        return wrong(fmt::format("no key is named {}{}", settings::in_quotes(node.name),
                                 did_you_mean(node.name, known)));
    }
    if (!reading.seen.insert(field->name).second)
        return wrong(fmt::format("`{}` stands there twice", field->name));
    return field->take(node, reading);
}

// Of keys that mean the same thing.
size_t how_many(const Reading& reading, std::initializer_list<std::string_view> keys) {
    return static_cast<size_t>(std::count_if(keys.begin(), keys.end(), [&](std::string_view key) {
        return reading.seen.contains(key);
    }));
}

}  // namespace

Result<MessageLine> read_message_line(std::string_view line, const Attributed& common,
                                      int64_t now_ms) {
    document::Tree tree;
    if (Status status = tree.read(document::Format::kJson, line); !status.ok()) return status;
    if (!tree.root().is(Kind::kMap)) return wrong("expected an object, as {\"body\": \"order 7\"}");
    Reading reading{.message = {{}, common}, .now_ms = now_ms};
    for (const Node& node : tree.root().children) {
        if (node.is(Kind::kNull)) continue;
        if (Status status = take_field(node, reading); !status.ok()) return status;
    }
    if (how_many(reading, {"body", "frames", "frames_hex"}) != 1)
        return wrong("expected one of `body`, `frames` and `frames_hex`");
    if (how_many(reading, {"delay", "deliver_at"}) > 1)
        return wrong("expected one of `delay` and `deliver_at`, not both");
    return std::move(reading.message);
}

}  // namespace zbridge::cli
