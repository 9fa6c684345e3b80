// A client's core that is open, and says and hears what docs/PROTOCOL.md shows.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/clients/cpp/page.h"
#include "tests/clients/cpp/program.h"

namespace zbridge::client::tests {

using core::Core;
using core::Heard;

// A core that has heard the page's WELCOME, but for what it holds of before.
struct Opened {
    explicit Opened(Page& with, Options options = {}, uint64_t first_seq = 1)
        : page(with), core(std::move(options), 0, first_seq, 1) {
        core.tick(0);
        hello = core.take_output(0);
    }
    void welcome() {
        const Heard heard(page["welcome"][0]);
        core::Command nothing_held("WELCOME");
        nothing_held.number("version", 1).number("epoch", heard.fields.number("epoch"));
        nothing_held.value("features",
                           [&](core::Packer& to) { to.pack(heard.fields.get("features")); });
        nothing_held.number("heartbeat", 2000).number("resumed", 0);
        nothing_held.value("limits",
                           [&](core::Packer& to) { to.pack(heard.fields.get("limits")); });
        core.received(nothing_held.header(), {}, 0);
    }
    void says(const char* name) {
        CAPTURE(name);
        const auto said = core.take_output(0);
        REQUIRE(said.size() == 1);
        CHECK(said[0].header == page[name][0]);
        CHECK(said[0].block.value_or("") == (page[name].size() > 1 ? page[name][1] : ""));
    }
    void hears(const char* name) {
        core::Block block;
        if (page[name].size() > 1) {
            const auto kept = std::make_shared<const std::string>(page[name][1]);
            block = {kept, *kept};
        }
        core.received(page[name][0], block, 0);
        CAPTURE(name);
        CHECK(core.is_open());
    }
    FatePtr publish(const Message& message, bool once = false) {
        auto fate = std::make_shared<Fate>();
        core::Publication made =
            core::publication_of(message, core.outbox.topics.number_of("orders"));
        made.once = once;
        made.waiter = fate;
        core.publish(std::move(made), std::nullopt, 0);
        return fate;
    }
    uint32_t logistics() { return core.groups.number_of("logistics"); }
    // The next ref is this one.
    void next_ref(uint64_t ref) {
        while (core.next_ref() + 1 < ref) {
        }
    }

    Page& page;
    Core core;
    std::vector<core::Said> hello;
};

}  // namespace zbridge::client::tests
