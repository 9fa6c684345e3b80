#include "bridge/base/json_writer.h"

#include <limits>

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

TEST_CASE("numbers are as short as they read back, and what JSON has no number for is null") {
    JsonWriter json(JsonWriter::Style::kOneLine);
    json.begin_list().number(-1).number(uint64_t{1} << 63).number(0.1).number(2.0);
    json.number(std::numeric_limits<double>::infinity());
    CHECK(json.end_list().take() == "[-1,9223372036854775808,0.1,2,null]");
}

TEST_CASE("texts are escaped, and bytes that are no UTF-8 can be told from one another") {
    const auto quoted = [](std::string_view text) { return JsonWriter().text(text).take(); };
    CHECK(quoted("a\"\\\n\x01") == "\"a\\\"\\\\\\n\\u0001\"");
    CHECK(quoted("gr\xc3\xbcn") == "\"gr\xc3\xbcn\"");
    CHECK(quoted("\xff") == "\"\\\\xff\"");
    CHECK(quoted("a\xc3") == "\"a\\\\xc3\"");
    CHECK(quoted("\xed\xa0\x80") == "\"\\\\xed\\\\xa0\\\\x80\"");             // a surrogate
    CHECK(quoted("\xf0\x80\x80\xaf") == "\"\\\\xf0\\\\x80\\\\x80\\\\xaf\"");  // longer than needed
}
