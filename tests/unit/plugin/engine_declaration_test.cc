#include <doctest/doctest.h>

#include "tests/unit/support/scripted_plugin.h"
#include "tests/unit/support/toy_engine.h"

using namespace zbridge;
using namespace zbridge::testing;
using plugin::Declaration;

namespace {

// An engine and nothing else, of this build.
struct Rig {
    Rig() {
        script.is_step = script.is_source = script.is_sink = script.is_auth = false;
        script.as_engine = &engine;
        script.plugin.build_id = our_build_id().c_str();
    }
    auto check() {
        Script::current = &script;
        return Declaration::check(&script.plugin, "");
    }
    // Why it is not taken; "" if it is.
    std::string wrong() {
        auto checked = check();
        if (checked.ok()) return "";
        const std::string who = "plugin scripted: ";
        const std::string message = checked.error().message();
        CHECK(message.rfind(who, 0) == 0);
        return message.substr(who.size());
    }
    std::string wrong_with(const zb_section& section) {
        engine.sections = &section;
        engine.section_count = 1;
        return wrong();
    }

    zb_engine engine = toy_engine();
    Script script;
};

zb_option row(const char* key, uint32_t flags = 0) {
    return {key, ZB_OPTION_TEXT, flags, nullptr, nullptr, nullptr, nullptr, "What it is.", nullptr};
}

zb_section section_of(const std::vector<zb_option>& rows) {
    return {"topics", "What is kept.", rows.data(), static_cast<uint32_t>(rows.size()),
            sizeof(zb_option)};
}

}  // namespace

TEST_CASE("an engine is taken with the sections that it declares") {
    Rig rig;
    auto checked = rig.check();
    REQUIRE(checked.ok());
    CHECK((*checked)->engine() == &rig.engine);
    const plugin::Declared& declared = (*checked)->declared();
    CHECK(declared.engine);
    CHECK_FALSE(declared.step);
    REQUIRE(declared.sections.size() == 2);
    CHECK(declared.sections[0].name == "topics");
    CHECK(declared.sections[1].name == "groups");
    CHECK(declared.sections[0].help == "What is kept.");
    REQUIRE(declared.sections[0].options.size() == 4);
    CHECK(declared.sections[0].options[0].key == "retention.age");
    CHECK(declared.sections[0].options[2].choices ==
          std::vector<std::string>{"all", "last_per_key"});
}

TEST_CASE("an engine without sections keeps what it likes") {
    Rig rig;
    rig.engine.section_count = 0;
    rig.engine.sections = nullptr;
    CHECK(rig.wrong().empty());
}

TEST_CASE("an engine of another build is refused before anything of it is read") {
    Rig rig;
    rig.script.plugin.build_id = "yesterday's";
    rig.engine.size = 8;
    CHECK(rig.wrong() ==
          "zbridge.engine/0 loads in the build that it was made for: it has build id "
          "`yesterday's`, this bridge `" +
              our_build_id() + "`");
}

TEST_CASE("an engine whose structs are of another size is refused with both sizes") {
    Rig rig;
    rig.engine.size -= 8;
    CHECK(rig.wrong() == "its zbridge.engine/0 says it has " +
                             std::to_string(sizeof(zb_engine) - 8) + " bytes; this build's has " +
                             std::to_string(sizeof(zb_engine)));
    Rig sections;
    sections.engine.section_size = 8;
    CHECK(sections.wrong() == "its zb_section says it has 8 bytes; this build's has " +
                                  std::to_string(sizeof(zb_section)));
}

TEST_CASE("a function that an engine lacks is named") {
    const auto without = [](auto zb_engine::*field) {
        Rig rig;
        rig.engine.*field = nullptr;
        return rig.wrong();
    };
    CHECK(without(&zb_engine::topic) == "its zbridge.engine/0 has no `topic`");
    CHECK(without(&zb_engine::has_room) == "its zbridge.engine/0 has no `has_room`");
    CHECK(without(&zb_engine::publish) == "its zbridge.engine/0 has no `publish`");
    CHECK(without(&zb_engine::note) == "its zbridge.engine/0 has no `note`");
    CHECK(without(&zb_engine::turn_end) == "its zbridge.engine/0 has no `turn_end`");
    CHECK(without(&zb_engine::bounds) == "its zbridge.engine/0 has no `bounds`");
    CHECK(without(&zb_engine::position) == "its zbridge.engine/0 has no `position`");
    CHECK(without(&zb_engine::read) == "its zbridge.engine/0 has no `read`");
    CHECK(without(&zb_engine::group) == "its zbridge.engine/0 has no `group`");
    CHECK(without(&zb_engine::receive) == "its zbridge.engine/0 has no `receive`");
    CHECK(without(&zb_engine::settle) == "its zbridge.engine/0 has no `settle`");
    CHECK(without(&zb_engine::admin) == "its zbridge.engine/0 has no `admin`");
    CHECK(without(&zb_engine::idle) == "its zbridge.engine/0 has no `idle`");
    CHECK(without(&zb_engine::prepare) == "its zbridge.engine/0 has no `prepare`");
    CHECK(without(&zb_engine::resolve) == "its zbridge.engine/0 has no `resolve`");
    CHECK(without(&zb_engine::sections) == "`sections` is null, and `section_count` is not 0");
}

TEST_CASE("a section has a name that the file keeps for engines, a help, and is there once") {
    Rig rig;
    zb_section section = kToySections[0];
    section.name = nullptr;
    CHECK(rig.wrong_with(section) ==
          "section 0: `name` must be one that the file keeps for engines: topics, groups");
    section.name = "routes";
    CHECK(rig.wrong_with(section) ==
          "section routes: `name` must be one that the file keeps for engines: topics, groups");
    section.name = "groups";
    CHECK(rig.wrong_with(section).empty());
    section.help = "";
    CHECK(rig.wrong_with(section) == "section groups: `help` is missing");
    const zb_section twice[] = {kToySections[0], kToySections[0]};
    rig.engine.sections = twice;
    rig.engine.section_count = 2;
    CHECK(rig.wrong() == "section topics: it stands twice");
    rig.engine.section_count = Declaration::kSectionsMax + 1;
    CHECK(rig.wrong() == "17 sections; at most 16");
}

TEST_CASE("a wrong row of a section is named by the section and its key") {
    Rig rig;
    CHECK(
        rig.wrong_with(section_of({row("Keep")})).rfind("section topics: option Keep: `key`", 0) ==
        0);
    CHECK(rig.wrong_with(section_of({row("keep"), row("keep")})) ==
          "section topics: option keep: it stands twice");
    CHECK(rig.wrong_with(section_of({row("keep", ZB_OPTION_SHORT)})) ==
          "section topics: option keep: entries have no short form");
    zb_section without_rows = section_of({row("keep")});
    without_rows.options = nullptr;
    CHECK(rig.wrong_with(without_rows) ==
          "section topics: `options` is null, and `option_count` is not 0");
}

TEST_CASE("a dotted key is an option in a map, and a map is no option itself") {
    Rig rig;
    CHECK(rig.wrong_with(section_of({row("retention.age"), row("retention.size"), row("a.b.c")}))
              .empty());
    for (const char* key : {".age", "retention.", "retention..age", "retention.1", "."}) {
        CAPTURE(key);
        CHECK(rig.wrong_with(section_of({row(key)})).find(": `key` must be") != std::string::npos);
    }
    CHECK(rig.wrong_with(section_of({row("retention.age"), row("retention")})) ==
          "section topics: option retention.age: `retention` is an option itself, and no map");
    CHECK(rig.wrong_with(section_of({row("a"), row("a.b.c")})) ==
          "section topics: option a.b.c: `a` is an option itself, and no map");
    CHECK(rig.wrong_with(section_of({row("a", ZB_OPTION_MANY), row("a.b")})).empty());
    CHECK(rig.wrong_with(section_of({row("a", ZB_OPTION_MANY | ZB_OPTION_REQUIRED), row("a.b")})) ==
          "section topics: option a.b: `a` is an option itself, and no map");
    const zb_option dotted = row("retention.age", ZB_OPTION_SHORT);
    rig.script.plugin.options = &dotted;
    rig.script.plugin.option_count = 1;
    CHECK(rig.wrong() == "option retention.age: the short form is an option without dots");
}
