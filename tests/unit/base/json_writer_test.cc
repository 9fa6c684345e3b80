#include "bridge/base/json_writer.h"

using zbridge::JsonWriter;

TEST_CASE("maps, lists and values, on one line or indented") {
    const auto write = [](JsonWriter json) {
        json.begin_map()
            .text("a", "b")
            .key("list")
            .begin_list()
            .number(1)
            .flag(true)
            .null()
            .end_list();
        json.key("empty").begin_map().end_map().key("none").begin_list().end_list();
        return json.end_map().take();
    };
    CHECK(write(JsonWriter(JsonWriter::Style::kOneLine)) ==
          R"({"a":"b","list":[1,true,null],"empty":{},"none":[]})");
    CHECK(write(JsonWriter()) ==
          "{\n  \"a\": \"b\",\n  \"list\": [\n    1,\n    true,\n    null\n  ],\n  \"empty\": "
          "{},\n  \"none\": []\n}");
}

TEST_CASE("texts are escaped, and bytes that are no UTF-8 become the replacement character") {
    const auto quoted = [](std::string_view text) { return JsonWriter().text(text).take(); };
    CHECK(quoted("a\"\\\n\x01") == "\"a\\\"\\\\\\n\\u0001\"");
    CHECK(quoted("gr\xc3\xbcn") == "\"gr\xc3\xbcn\"");
    CHECK(quoted("\xff") == "\"\xef\xbf\xbd\"");
    CHECK(quoted("a\xc3") == "\"a\xef\xbf\xbd\"");
}
