// Any bytes as a YAML file: the loader answers with a configuration or with findings, each of which
// can be shown; of a configuration, every route can be built.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/routing/shape.h"
#include "bridge/settings/load.h"

using namespace zbridge;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "EMPTY") return "";
        if (name == "PORT") return "5551";
        if (name == "NEST") return "${NEST}";
        return std::nullopt;
    };
    const auto loaded =
        settings::load_text({reinterpret_cast<const char*>(bytes), size}, "fuzz.yaml", environment);
    if (loaded.config.has_value() != loaded.errors.empty()) std::abort();
    for (const auto& finding : loaded.errors) {
        if (finding.text().empty()) std::abort();
    }
    for (const auto& finding : loaded.warnings) {
        if (finding.text().empty()) std::abort();
    }
    if (!loaded.config) return 0;
    const RealClock clock;
    for (const auto& route : loaded.config->routes) {
        if (!routing::Shape::compile(route.shape, clock).ok()) std::abort();
    }
    for (const auto& service : loaded.config->services) {
        const auto& dedup = service.options.dedup;
        if (dedup && !routing::compile_expression(dedup->key).ok()) std::abort();
    }
    return 0;
}
