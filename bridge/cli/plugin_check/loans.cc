#include "bridge/cli/plugin_check/loans.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "bridge/base/check.h"
#include "bridge/plugin/context.h"

// There under AddressSanitizer alone.
extern "C" {
void __asan_poison_memory_region(void const volatile* at, size_t size) __attribute__((weak));
void __asan_unpoison_memory_region(void const volatile* at, size_t size) __attribute__((weak));
}

namespace zbridge::cli {

namespace {

// The C functions of a table have no place for more than the message.
Loans* active = nullptr;

const zb_host& bridge() {
    return plugin::host_table();
}

zb_view lent(const zb_message* message, zb_view view) {
    return active->is_of_call(message) ? active->lend(view) : view;
}

zb_value lent(const zb_message* message, zb_value value) {
    if (value.kind == ZB_STRING) value.text = lent(message, value.text);
    return value;
}

size_t page_bytes() {
    static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

}  // namespace

Loans::Loans() : host_(bridge()) {
    ZB_CHECK(active == nullptr);
    active = this;
    host_.option_text = [](zb_context* context, const char* key, uint32_t index) {
        return active->lend_for_good(bridge().option_text(context, key, index));
    };
    host_.option_name = [](zb_context* context, const char* key, uint32_t index) {
        return active->lend_for_good(bridge().option_name(context, key, index));
    };
    host_.frame = [](const zb_message* message, uint32_t index) {
        const zb_view view = bridge().frame(message, index);
        return view.data == nullptr ? view : lent(message, view);
    };
    host_.attribute = [](const zb_message* message, uint32_t which) {
        return lent(message, bridge().attribute(message, which));
    };
    host_.key = [](const zb_message* message, uint32_t index) {
        return lent(message, bridge().key(message, index));
    };
    host_.property = [](const zb_message* message, zb_view name) {
        return lent(message, bridge().property(message, name));
    };
    host_.property_name = [](const zb_message* message, uint32_t index) {
        return lent(message, bridge().property_name(message, index));
    };
    host_.peer = [](const zb_message* message, uint32_t what) {
        return lent(message, bridge().peer(message, what));
    };
}

Loans::~Loans() {
    for (auto* areas : {&idle_, &lent_, &for_good_}) {
        for (Area& area : *areas) {
            if (__asan_unpoison_memory_region != nullptr)
                __asan_unpoison_memory_region(area.base, area.room);
            munmap(area.base, area.room + page_bytes());
        }
    }
    active = nullptr;
}

zb_view Loans::lend(zb_view view) {
    const std::lock_guard<std::mutex> lock(shared_);
    if (idle_.size() <= kIdleMin) {
        lent_.emplace_back();
    } else {
        lent_.push_back(std::move(idle_.front()));
        idle_.pop_front();
    }
    Area& area = lent_.back();
    open(area, view);
    return {area.view, view.size};
}

zb_view Loans::lend_for_good(zb_view view) {
    if (view.data == nullptr) return view;
    const std::lock_guard<std::mutex> lock(shared_);
    Area& area = for_good_.emplace_back();
    open(area, view);
    return {area.view, view.size};
}

bool Loans::end() {
    const std::lock_guard<std::mutex> lock(shared_);
    bool untouched = true;
    for (Area& area : lent_) {
        untouched = untouched && std::equal(area.contents.begin(), area.contents.end(), area.view);
        shut(area);
        idle_.push_back(std::move(area));
    }
    lent_.clear();
    messages_.clear();
    return untouched;
}

void Loans::open(Area& area, zb_view view) {
    const size_t room =
        (std::max<size_t>(view.size, 1) + page_bytes() - 1) / page_bytes() * page_bytes();
    if (area.room < room) {
        if (area.base != nullptr) munmap(area.base, area.room + page_bytes());
        void* made =
            mmap(nullptr, room + page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ZB_CHECK(made != MAP_FAILED);
        area.base = static_cast<char*>(made);
        area.room = room;
    }
    ZB_CHECK(mprotect(area.base, area.room, PROT_READ | PROT_WRITE) == 0);
    area.view = area.base + area.room - view.size;
    area.contents.assign(view.data == nullptr ? "" : view.data, view.size);
    if (__asan_unpoison_memory_region != nullptr)
        __asan_unpoison_memory_region(area.base, area.room);
    std::copy(area.contents.begin(), area.contents.end(), area.view);
    if (__asan_poison_memory_region != nullptr)
        __asan_poison_memory_region(area.base, area.room - view.size);
}

void Loans::shut(Area& area) {
    ZB_CHECK(mprotect(area.base, area.room, PROT_NONE) == 0);
}

}  // namespace zbridge::cli
