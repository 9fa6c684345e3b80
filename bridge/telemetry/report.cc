#include "bridge/telemetry/report.h"

#include "bridge/base/check.h"

namespace zbridge::telemetry {

namespace {

void write(JsonWriter& json, const Report& report);

struct Write {
    JsonWriter& json;
    void operator()(std::monostate) const { json.null(); }
    void operator()(bool value) const { json.flag(value); }
    void operator()(const std::string& value) const { json.text(value); }
    template <class Number>
    void operator()(Number value) const {
        json.number(value);
    }
    void operator()(const Report::List& list) const {
        json.begin_list();
        for (const Report& each : list)
            write(json, each);
        json.end_list();
    }
    void operator()(const Report::Map& map) const {
        json.begin_map();
        for (const auto& [name, each] : map) {
            json.key(name);
            write(json, each);
        }
        json.end_map();
    }
};

void write(JsonWriter& json, const Report& report) {
    std::visit(Write{json}, report.value());
}

}  // namespace

Report& Report::add(std::string name, Report value) {
    auto* map = std::get_if<Map>(&value_);
    ZB_CHECK(map != nullptr, name);
    map->emplace_back(std::move(name), std::move(value));
    return map->back().second;
}

Report& Report::add(Report value) {
    auto* list = std::get_if<List>(&value_);
    ZB_CHECK(list != nullptr);
    list->push_back(std::move(value));
    return list->back();
}

const Report& Report::at(std::string_view name) const {
    static const Report kNull;
    for (const auto& [key, value] : entries()) {
        if (key == name) return value;
    }
    return kNull;
}

const Report::List& Report::items() const {
    static const List kNone;
    const auto* list = std::get_if<List>(&value_);
    return list != nullptr ? *list : kNone;
}

const Report::Map& Report::entries() const {
    static const Map kNone;
    const auto* map = std::get_if<Map>(&value_);
    return map != nullptr ? *map : kNone;
}

uint64_t Report::number() const {
    if (const auto* number = std::get_if<uint64_t>(&value_)) return *number;
    if (const auto* number = std::get_if<int64_t>(&value_))
        return *number > 0 ? static_cast<uint64_t>(*number) : 0;
    return 0;
}

std::string Report::text() const {
    if (const auto* text = std::get_if<std::string>(&value_)) return *text;
    if (is_null() || std::holds_alternative<List>(value_) || std::holds_alternative<Map>(value_))
        return {};
    return json();
}

std::string Report::json(JsonWriter::Style style) const {
    JsonWriter json(style);
    write(json, *this);
    return json.take();
}

}  // namespace zbridge::telemetry
