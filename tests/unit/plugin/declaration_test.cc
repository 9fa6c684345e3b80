#include "bridge/plugin/declaration.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "bridge/plugin/option_rows.h"
#include "tests/unit/support/scripted_plugin.h"

using namespace zbridge;
using namespace zbridge::testing;
using plugin::Declaration;
using plugin::DeclaredOption;

namespace {

// Why the plugin is not taken; "" if it is.
std::string wrong_of(Script& script, const std::string& file = "./libmine.so") {
    Script::current = &script;
    auto checked = Declaration::check(&script.plugin, file);
    return checked.ok() ? "" : checked.error().message();
}

zb_option row(const char* key, uint32_t type = ZB_OPTION_TEXT, uint32_t flags = 0) {
    return {key, type, flags, nullptr, nullptr, nullptr, nullptr, "What it is.", nullptr};
}

std::string wrong_with(std::vector<zb_option> rows) {
    Script script;
    script.plugin.options = rows.data();
    script.plugin.option_count = static_cast<uint32_t>(rows.size());
    const std::string wrong = wrong_of(script);
    const std::string who = "plugin scripted (./libmine.so): ";
    CHECK((wrong.empty() || wrong.rfind(who, 0) == 0));
    return wrong.empty() ? "" : wrong.substr(who.size());
}

}  // namespace

TEST_CASE("a whole plugin is taken, with what it can be and where it came from") {
    Script script;
    script.is_sink = false;
    std::vector<zb_option> rows{row("fields", ZB_OPTION_TEXT, ZB_OPTION_MANY | ZB_OPTION_SHORT),
                                row("mode", ZB_OPTION_CHOICE)};
    rows[1].choices = "hold|refuse";
    rows[1].fallback = "hold";
    script.plugin.options = rows.data();
    script.plugin.option_count = 2;
    Script::current = &script;
    auto checked = Declaration::check(&script.plugin, "./libmine.so");
    REQUIRE(checked.ok());
    const plugin::Declared& declared = (*checked)->declared();
    CHECK(declared.name == "scripted");
    CHECK(declared.version == "1.2.3");
    CHECK(declared.origin == "./libmine.so");
    CHECK(declared.step);
    CHECK_FALSE(declared.sink);
    REQUIRE(declared.options.size() == 2);
    CHECK(declared.options[0].many);
    CHECK(declared.options[0].short_form);
    CHECK(declared.options[1].choices == std::vector<std::string>{"hold", "refuse"});
}

TEST_CASE("a null field is named, with the plugin and its file") {
    Script::current = nullptr;
    CHECK(Declaration::check(nullptr, "./libmine.so").error().message() ==
          "./libmine.so: zbridge_plugin_entry() returned no plugin");
    const auto without = [](auto zb_plugin::*field) {
        Script script;
        script.plugin.*field = nullptr;
        return wrong_of(script);
    };
    CHECK(without(&zb_plugin::name) == "./libmine.so: `name` is null");
    const std::string who = "plugin scripted (./libmine.so): ";
    CHECK(without(&zb_plugin::version) == who + "`version` is missing");
    CHECK(without(&zb_plugin::summary).rfind(who + "`summary` is missing", 0) == 0);
    CHECK(without(&zb_plugin::create) == who + "`create` is null");
    CHECK(without(&zb_plugin::destroy) == who + "`destroy` is null");
    CHECK(without(&zb_plugin::get_extension) == who + "`get_extension` is null");
    CHECK(without(&zb_plugin::start).empty());
    CHECK(without(&zb_plugin::drain).empty());
    CHECK(without(&zb_plugin::stop).empty());
}

TEST_CASE("another ABI is refused with both versions, and before anything else of it is read") {
    Script script;
    script.plugin.abi_major = 7;
    script.plugin.abi_minor = 4;
    script.plugin.name = nullptr;
    script.plugin.size = 8;
    CHECK(wrong_of(script) ==
          "./libmine.so: it was built for plugin interface 7.4, this bridge has 1.0: build it "
          "against this bridge's zbridge_plugin.h");
}

TEST_CASE("a younger minor version is taken: structs only grow at their end") {
    Script script;
    script.plugin.abi_minor = 9;
    script.plugin.size += 64;
    CHECK(wrong_of(script).empty());
}

TEST_CASE("a struct that is shorter than version 1.0 is refused with both sizes") {
    Script script;
    script.plugin.size = sizeof(zb_plugin) - 8;
    CHECK(wrong_of(script) == "./libmine.so: its zb_plugin says it has " +
                                  std::to_string(sizeof(zb_plugin) - 8) +
                                  " bytes; version 1.0 has " + std::to_string(sizeof(zb_plugin)));
    Script rows;
    const zb_option option = row("a");
    rows.plugin.options = &option;
    rows.plugin.option_count = 1;
    rows.plugin.option_size = 16;
    CHECK(wrong_of(rows).find("its zb_option says it has 16 bytes") != std::string::npos);
    const auto shorter = [](auto Script::*interface) {
        Script script_with;
        (script_with.*interface).size = 4;
        return wrong_of(script_with);
    };
    CHECK(shorter(&Script::as_step).find("its zbridge.step/1 says it has 4 bytes") !=
          std::string::npos);
    CHECK(shorter(&Script::as_source).find("zbridge.source/1") != std::string::npos);
    CHECK(shorter(&Script::as_sink).find("zbridge.sink/1") != std::string::npos);
    CHECK(shorter(&Script::as_auth).find("zbridge.auth/1") != std::string::npos);
}

TEST_CASE("rows of options that have grown are read at their own distance") {
    struct Grown {
        zb_option row;
        const char* younger;
    };
    const Grown rows[] = {{row("first"), "x"}, {row("second"), "y"}};
    Script script;
    script.plugin.options = &rows[0].row;
    script.plugin.option_count = 2;
    script.plugin.option_size = sizeof(Grown);
    Script::current = &script;
    auto checked = Declaration::check(&script.plugin, "");
    REQUIRE(checked.ok());
    CHECK((*checked)->declared().options[1].key == "second");
}

TEST_CASE("a distance of rows that can be none is refused before a second row is read") {
    for (const uint32_t size : {uint32_t{sizeof(zb_option)} + 1, uint32_t{0x7ffffff8}}) {
        const zb_option rows[] = {row("first"), row("second")};
        Script script;
        script.plugin.options = rows;
        script.plugin.option_count = 2;
        script.plugin.option_size = size;
        CHECK(wrong_of(script) == "plugin scripted (./libmine.so): its zb_option says it has " +
                                      std::to_string(size) + " bytes: expected sizeof(zb_option)");
    }
}

TEST_CASE("a plugin's words are shown as text that no terminal obeys, and names not without end") {
    Script script;
    script.plugin.version = "1\n\x1b[31m";
    script.plugin.summary = "Counts\xff.";
    zb_option helped = row("a");
    helped.help = "What\tit is.";
    script.plugin.options = &helped;
    script.plugin.option_count = 1;
    Script::current = &script;
    auto checked = Declaration::check(&script.plugin, "./libmine.so");
    REQUIRE(checked.ok());
    CHECK((*checked)->declared().version == "1\\n\\x1b[31m");
    CHECK((*checked)->declared().summary == "Counts\\xff.");
    CHECK((*checked)->declared().options[0].help == "What\\tit is.");
    CHECK(wrong_with({row("a\x1b[31m")}).rfind("option a\\x1b[31m: `key`", 0) == 0);
    const std::string long_name(100'000, 'a');
    CHECK(wrong_with({row(long_name.c_str())}).size() < 300);
    script.plugin.name = long_name.c_str();
    CHECK(wrong_of(script).size() < 300);
}

TEST_CASE("a get_extension that throws is the plugin's error") {
    Script script;
    script.plugin.get_extension = [](const char*) -> const void* {
        throw std::runtime_error("nothing today");
    };
    CHECK(wrong_of(script) ==
          "plugin scripted (./libmine.so): get_extension() threw an exception: nothing today");
}

TEST_CASE("a wrong row of the option table is named by its key") {
    CHECK(wrong_with({row(nullptr)}) ==
          "option 0: `key` must be 1 to 63 of a-z, 0-9 and `_`, a letter first; dots between such "
          "words are maps in each other");
    CHECK(wrong_with({row("1st")}).rfind("option 1st: `key`", 0) == 0);
    CHECK(wrong_with({row("Key")}).rfind("option Key: `key`", 0) == 0);
    CHECK(wrong_with({row("")}).rfind("option : `key`", 0) == 0);
    CHECK(wrong_with({row("a"), row("b"), row("a")}) == "option a: it stands twice");
    CHECK(wrong_with({row("a", 8)}) == "option a: type 8 is none that this bridge knows");
    zb_option helpless = row("a");
    helpless.help = nullptr;
    CHECK(wrong_with({helpless}) == "option a: `help` is missing");
    CHECK(wrong_with({row("a", ZB_OPTION_CHOICE)}) == "option a: a choice without `choices`");
    CHECK(wrong_with({row("a", ZB_OPTION_TEXT, ZB_OPTION_MAP | ZB_OPTION_MANY)}) ==
          "option a: a map is neither a list nor has a fallback");
    CHECK(wrong_with({row("a", ZB_OPTION_TEXT, ZB_OPTION_SHORT),
                      row("b", ZB_OPTION_TEXT, ZB_OPTION_SHORT)}) ==
          "option b: another option is the short form already");
    Script rowless;
    rowless.plugin.option_count = 1;
    CHECK(wrong_of(rowless).find("`options` is null, and `option_count` is not 0") !=
          std::string::npos);
    rowless.plugin.option_count = plugin::kOptionsMax + 1;
    CHECK(wrong_of(rowless).find("257 options; at most 256") != std::string::npos);
}

TEST_CASE("a plugin that is nothing, or lacks a function of what it is, is refused") {
    Script nothing;
    nothing.is_step = nothing.is_source = nothing.is_sink = nothing.is_auth = false;
    CHECK(wrong_of(nothing) ==
          "plugin scripted (./libmine.so): it is no step, source, sink, auth or engine that this "
          "bridge knows");
    Script step;
    step.as_step.on_message = nullptr;
    CHECK(wrong_of(step).find("its zbridge.step/1 has no `on_message`") != std::string::npos);
    Script source;
    source.as_source.read = nullptr;
    CHECK(wrong_of(source).find("its zbridge.source/1 has no `read`") != std::string::npos);
    Script deaf;
    deaf.as_source.on_outcomes = nullptr;
    CHECK(wrong_of(deaf).find("no `on_outcomes`") != std::string::npos);
    Script sink;
    sink.as_sink.on_batch = nullptr;
    CHECK(wrong_of(sink).find("no `on_batch`") != std::string::npos);
    Script auth;
    auth.as_auth.on_peer = nullptr;
    CHECK(wrong_of(auth).find("no `on_peer`") != std::string::npos);
}

TEST_CASE("an interface x/0 loads in its own build alone, and both ids are told") {
    static const zb_step step{sizeof(zb_step), 0,
                              [](void*, zb_message*) -> zb_verdict { return ZB_PASS; }};
    Script script;
    script.plugin.get_extension = [](const char* id) -> const void* {
        const std::string_view wanted(id);
        return wanted == ZB_STEP || wanted == "zbridge.store/0" ? &step : nullptr;
    };
    CHECK(wrong_of(script) ==
          "plugin scripted (./libmine.so): zbridge.store/0 loads in the build that it was made "
          "for: it has build id ``, this bridge `" +
              std::string(plugin::build_id()) + "`");
    script.plugin.build_id = "yesterday's";
    CHECK(wrong_of(script).find("build id `yesterday's`") != std::string::npos);
    const std::string ours(plugin::build_id());
    script.plugin.build_id = ours.c_str();
    CHECK(wrong_of(script).empty());
}
