// What the steps of the tree cost a message: called through the C interface, with a host whose
// messages are as plain as can be, so that the steps are what is measured. Run it from a release
// build.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/built_in.h"

namespace {

constexpr std::string_view kOrder =
    R"({"order_id":"o-2026-000017","customer":"c-4711","kind":"express","region":"EU","amount":199.95,"lines":[)"
    R"({"sku":"A-100","count":2,"price":49.95},{"sku":"B-7","count":1,"price":100.05}],"ship_to":{"name":"Ann Example",)"
    R"("street":"Long Road 17","city":"Sometown"},"card":"4111222233334444","gift":false,"v":3})";
constexpr int kMessages = 1'000'000;

using Options = std::vector<std::pair<std::string, std::string>>;

zb_view view(std::string_view text) {
    return {text.data(), text.size()};
}
std::string_view text(zb_view bytes) {
    return {bytes.data, bytes.size};
}

struct Message {
    std::string body;
    std::vector<std::pair<std::string_view, zb_value>> properties;
    size_t changes = 0;
};
Message& of(zb_message* message) {
    return *reinterpret_cast<Message*>(message);
}
const Message& of(const zb_message* message) {
    return *reinterpret_cast<const Message*>(message);
}

// The values of one option: a context is the options of its instance.
std::vector<const std::string*> values_of(zb_context* context, const char* key) {
    std::vector<const std::string*> values;
    for (const auto& [name, value] : *reinterpret_cast<const Options*>(context)) {
        if (name == key) values.push_back(&value);
    }
    return values;
}

zb_host make_host() {
    zb_host host{};
    host.size = sizeof(host);
    host.abi_major = ZB_ABI_MAJOR;
    host.option_count = [](zb_context* c, const char* key) {
        return static_cast<uint32_t>(values_of(c, key).size());
    };
    host.option_text = [](zb_context* c, const char* key, uint32_t index) {
        const auto values = values_of(c, key);
        return index < values.size() ? view(*values[index]) : zb_view{nullptr, 0};
    };
    host.option_integer = [](zb_context* c, const char* key, uint32_t index) {
        const auto values = values_of(c, key);
        return index < values.size() ? static_cast<int64_t>(std::stoll(*values[index])) : 0;
    };
    host.option_number = [](zb_context* c, const char* key, uint32_t index) {
        const auto values = values_of(c, key);
        return index < values.size() ? std::stod(*values[index]) : 0.0;
    };
    host.option_name = [](zb_context*, const char*, uint32_t) { return view("$.version"); };
    host.option_error = [](zb_context*, const char* key, uint32_t, zb_view why) {
        std::printf("%s: %.*s\n", key, static_cast<int>(why.size), why.data);
    };
    const auto metric = [](zb_context* c, const char*, const char*) {
        return reinterpret_cast<zb_metric*>(c);
    };
    host.counter = host.gauge = host.histogram = metric;
    host.metric_add = host.metric_set = [](zb_metric*, int64_t) {};
    host.set_error = [](zb_context*, zb_result, int, zb_view) {};
    host.now_ns = [](zb_context*) {
        static uint64_t now_ns = 1;
        return now_ns += 1000;
    };
    host.frame_count = [](const zb_message*) { return uint32_t{1}; };
    host.frame = [](const zb_message* m, uint32_t) { return view(of(m).body); };
    host.set_frame = [](zb_message* m, uint32_t, zb_view body) -> zb_result {
        // A copy, as the bridge makes one; the message stays as it was for the next round.
        static std::string copy;
        copy.assign(body.data, body.size);
        of(m).changes += copy.size() != of(m).body.size() ? 1 : 0;
        return ZB_OK;
    };
    host.attribute = [](const zb_message*, uint32_t) {
        return zb_value{ZB_STRING, 0, 0, 0, view("express")};
    };
    host.property = [](const zb_message* m, zb_view name) {
        for (const auto& [known, value] : of(m).properties) {
            if (known == text(name)) return value;
        }
        return zb_value{};
    };
    host.peer = [](const zb_message*, uint32_t) { return view("uid:1000"); };
    host.set_reason = [](zb_context*, zb_view) {};
    host.set_hold = [](zb_context*, uint64_t) {};
    return host;
}

void measure(const char* name, const zb_plugin* plugin, Options options) {
    static const zb_host host = make_host();
    for (uint32_t i = 0; i < plugin->option_count; i++) {
        const zb_option& row = plugin->options[i];
        const bool given = std::any_of(options.begin(), options.end(),
                                       [&](const auto& one) { return one.first == row.key; });
        if (!given && row.fallback != nullptr) options.emplace_back(row.key, row.fallback);
    }
    void* instance = nullptr;
    if (plugin->create(&host, reinterpret_cast<zb_context*>(&options), &instance) != ZB_OK) return;
    const auto& step = *static_cast<const zb_step*>(plugin->get_extension(ZB_STEP));

    Message message;
    message.body = kOrder;
    message.properties = {{"kind", {ZB_STRING, 0, 0, 0, view("express")}},
                          {"region", {ZB_STRING, 0, 0, 0, view("EU")}},
                          {"amount", {ZB_NUMBER, 0, 0, 199.95, {nullptr, 0}}}};
    size_t passed = 0;
    const std::clock_t start = std::clock();  // processor time: others may use the machine
    for (int i = 0; i < kMessages; i++)
        passed += step.on_message(instance, reinterpret_cast<zb_message*>(&message)) == ZB_PASS;
    const double ns = 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kMessages;
    std::printf("%-44s %8.1f ns a message  %7.0f k messages/s  (%zu passed, %zu changed)\n", name,
                ns, 1e6 / ns, passed, message.changes);
    plugin->destroy(instance);
}

}  // namespace

int main() {
    std::printf("a body of %zu bytes\n", kOrder.size());
    const zb_plugin* const filter = zbridge_plugin_entry_filter();
    measure("filter: a tag", filter, {{"where", "express"}});
    measure("filter: two comparisons", filter, {{"where", "region = 'EU' AND amount > 100"}});
    const zb_plugin* const mask = zbridge_plugin_entry_mask();
    measure("mask: nothing to mask", mask, {{"fields", "iban"}});
    measure("mask: a key", mask, {{"fields", "card"}, {"with", "****"}});
    measure("mask: a key, the last 4 stay", mask, {{"fields", "card"}, {"keep_last", "4"}});
    measure("mask: a key and four paths", mask,
            {{"fields", "card"},
             {"fields", "$.ship_to.name"},
             {"fields", "$.ship_to.street"},
             {"fields", "$.lines[*].price"},
             {"fields", "$.customer"}});
    measure("throttle: one key", zbridge_plugin_entry_throttle(),
            {{"rate", "1000000000"}, {"per", "user"}});
    const zb_plugin* const transform = zbridge_plugin_entry_transform();
    measure("transform: set one, remove one", transform,
            {{"set", "2"}, {"remove", "$.card"}, {"to", "same"}});
    measure("transform: to msgpack", transform, {{"to", "msgpack"}});
    return 0;
}
