// A plugin with one thing wrong, which a definition names.
#include <stdexcept>

#include "plugins/sdk/zbridge_plugin.h"

#ifdef NEEDS_GONE
extern "C" int gone();
#endif

namespace {

const zb_host* host;
zb_context* context;

[[maybe_unused]] zb_result fail(const char* sentence, size_t size) {
    host->set_error(context, ZB_FAILED, 0, {sentence, size});
    return ZB_FAILED;
}

zb_result create(const zb_host* its_host, zb_context* its_context, void**) {
    host = its_host;
    context = its_context;
#if defined(NEEDS_GONE)
    return gone() == 1 ? ZB_OK : ZB_FAILED;
#elif defined(FAILING_CREATE)
    return fail("it is not in the mood", 21);
#elif defined(EXITING_CREATE)
    std::exit(0);
#else
    return ZB_OK;
#endif
}

zb_result start(void*) {
#ifdef FAILING_START
    return fail("the device is gone", 18);
#else
    return ZB_OK;
#endif
}

void destroy(void*) {}

zb_verdict on_message(void*, zb_message*) {
    return ZB_PASS;
}

#ifdef THROWING_LOAD
[[maybe_unused]] const int kLoaded = []() -> int {
    throw std::runtime_error("it does not like to be loaded");
}();
#endif

const void* extension(const char* id) {
#ifdef THROWING_EXTENSION
    throw std::runtime_error("it is nothing");
#endif
    static const zb_step step{sizeof(zb_step), 0, on_message};
    const char* wanted = ZB_STEP;
#if defined(NO_INTERFACE)
    wanted = "zbridge.nothing/1";
#elif defined(WRONG_BUILD)
    wanted = "zbridge.store/0";
#endif
    for (size_t i = 0;; i++) {
        if (id[i] != wanted[i]) return nullptr;
        if (id[i] == '\0') return &step;
    }
}

const zb_option kOptions[] = {
#ifdef WRONG_FALLBACK
    {"count", ZB_OPTION_COUNT, 0, "many", nullptr, nullptr, nullptr, "How many.", nullptr},
#else
    {"count", ZB_OPTION_COUNT, 0, "1", "1", "10", nullptr, "How many.", nullptr},
#endif
};

#ifdef SHORT_STRUCT
constexpr uint32_t kSize = 24;
#else
constexpr uint32_t kSize = sizeof(zb_plugin);
#endif
#ifdef WRONG_ABI
constexpr uint16_t kMajor = 9;
#else
constexpr uint16_t kMajor = ZB_ABI_MAJOR;
#endif
#ifdef NULL_CREATE
constexpr auto kCreate = nullptr;
#else
constexpr auto kCreate = create;
#endif

[[maybe_unused]] const zb_plugin kPlugin{
    kSize,    kMajor,   ZB_ABI_MINOR,      "wrong", "1.0.0", "Wrong.", nullptr,
    kOptions, 1,        sizeof(zb_option), kCreate, start,   nullptr,  nullptr,
    destroy,  extension};
[[maybe_unused]] const auto kUnused = create;

}  // namespace

#ifndef NO_ENTRY
const zb_plugin* zbridge_plugin_entry(void) {
#ifdef THROWING_ENTRY
    throw std::runtime_error("it is nobody");
#endif
    return &kPlugin;
}
#endif
