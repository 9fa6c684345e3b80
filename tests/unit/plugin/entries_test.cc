// The entries of an engine's sections, as the engine is asked to read them.
#include <doctest/doctest.h>

#include "bridge/plugin/catalog.h"
#include "tests/unit/support/scripted_plugin.h"
#include "tests/unit/support/toy_engine.h"

using namespace zbridge;
using namespace zbridge::testing;
using plugin::OptionValue;
using plugin::SectionEntry;

namespace {

struct Rig {
    Rig() {
        it.script.as_engine = &engine;
        it.script.plugin.build_id = our_build_id().c_str();
        SectionEntry orders{"orders", 12, 3, {}};
        orders.values["retention.age"] = {{"", "", 72, 72, 12, 30}};
        orders.values["keep"] = {{"", "all", 0, 0, 0, 0}};  // its fallback
        it.options.sections["topics"] = {orders, SectionEntry{"Prices.EU", 13, 3, {}}};
    }
    const zb_host& host() { return *it.script.host; }

    ManualClock clock;
    plugin::Services services{&clock, nullptr, nullptr, {}};
    zb_engine engine = toy_engine();
    ScriptedPlugin it{services, "durable"};
};

}  // namespace

TEST_CASE("an entry is asked as a context of its own: its name, its options") {
    Rig rig;
    rig.it.make(false);
    const zb_context& instance = *rig.it.script.context;
    REQUIRE(instance.entry_count("topics") == 2);
    zb_context* orders = instance.entry("topics", 0);
    REQUIRE(orders != nullptr);
    const zb_host& host = rig.host();
    CHECK(text_of(host.instance_name(orders)) == "orders");
    CHECK(host.option_count(orders, "retention.age") == 1);
    CHECK(host.option_integer(orders, "retention.age", 0) == 72);
    CHECK(host.option_number(orders, "retention.age", 0) == 72);
    CHECK(text_of(host.option_text(orders, "keep", 0)) == "all");
    CHECK(host.option_count(orders, "retention.size") == 0);
    zb_context* prices = instance.entry("topics", 1);
    REQUIRE(prices != nullptr);
    CHECK(text_of(host.instance_name(prices)) == "Prices.EU");
    CHECK(host.option_count(prices, "keep") == 0);
    CHECK(text_of(host.instance_name(rig.it.script.context)) == "durable");
}

TEST_CASE("an entry or a section that is not there is none") {
    Rig rig;
    rig.it.make(false);
    const zb_context& instance = *rig.it.script.context;
    CHECK(instance.entry("topics", 2) == nullptr);
    CHECK(instance.entry_count("groups") == 0);
    CHECK(instance.entry("groups", 0) == nullptr);
    CHECK(instance.entry_count(nullptr) == 0);
    CHECK(instance.entry(nullptr, 0) == nullptr);
    CHECK(instance.entry("topics", 0)->entry_count("topics") == 0);
}

TEST_CASE("once it has started an engine has read them: they cost no memory any more") {
    Rig rig;
    uint32_t at_start = 0;
    rig.it.script.start = [&] {
        at_start = rig.it.script.context->entry_count("topics");
        return zb_result{ZB_OK};
    };
    rig.it.make();
    CHECK(at_start == 2);
    CHECK(rig.it.script.context->entry_count("topics") == 0);
    CHECK(rig.it.script.context->entry("topics", 0) == nullptr);
    CHECK(rig.it.script.context->options().sections.empty());
}

TEST_CASE("what an engine says of an entry's option stands at its place in the file") {
    Rig rig;
    rig.it.script.create = [&] {
        const zb_host& host = rig.host();
        zb_context* orders = rig.it.script.context->entry("topics", 0);
        zb_context* prices = rig.it.script.context->entry("topics", 1);
        host.option_error(prices, "dedup.window", 0, view_of("it is needed here"));
        host.option_error(orders, "retention.age", 0, view_of("it is too short"));
        host.option_error(orders, "keep", 0, view_of("it is not known yet"));
        return zb_result{ZB_INVALID};
    };
    Script::current = &rig.it.script;
    auto checked = plugin::Declaration::check(&rig.it.script.plugin, "");
    REQUIRE(checked.ok());
    auto made = plugin::Instance::create(**checked, rig.it.options, rig.services);
    REQUIRE_FALSE(made.ok());
    REQUIRE(made.error().size() == 3);
    CHECK(made.error()[0].line == 12);
    CHECK(made.error()[0].column == 30);
    CHECK(made.error()[0].sentence == "`retention.age`: it is too short");
    CHECK(made.error()[1].line == 12);  // a fallback: the entry's own
    CHECK(made.error()[1].column == 3);
    CHECK(made.error()[2].line == 13);
    CHECK(made.error()[2].sentence == "`dedup.window`: it is needed here");
}

TEST_CASE("an engine that is tried out sees its entries too") {
    Rig rig;
    rig.it.script.create = [&] {
        zb_context* context = rig.it.script.context;
        if (context->entry_count("topics") == 2)
            rig.host().option_error(context->entry("topics", 0), "keep", 0, view_of("not here"));
        return zb_result{ZB_OK};
    };
    Script::current = &rig.it.script;
    const zb_entry entry = [] { return const_cast<const zb_plugin*>(&Script::current->plugin); };
    plugin::Catalog catalog({entry}, {}, rig.clock);
    const auto declared = catalog.find("scripted", "");
    REQUIRE(declared.ok());
    const auto problems = catalog.try_out(**declared, rig.it.options);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].sentence == "`keep`: not here");
    CHECK(problems[0].line == 12);
}
