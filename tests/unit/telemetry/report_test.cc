#include "bridge/telemetry/report.h"

using zbridge::JsonWriter;
using zbridge::telemetry::Report;

TEST_CASE("a report keeps its order, and is one line of JSON or indented") {
    Report report = Report::map();
    report.add("zulu", -5);
    report.add("alpha", uint64_t{1} << 63);
    report.add("half", 0.5);
    report.add("on", true);
    report.add("nothing", Report());
    Report& list = report.add("list", Report::list());
    list.add("a");
    list.add(Report::map());
    CHECK(report.json() == R"({"zulu":-5,"alpha":9223372036854775808,"half":0.5,"on":true,)"
                           R"("nothing":null,"list":["a",{}]})");
    CHECK(list.json(JsonWriter::Style::kIndented) == "[\n  \"a\",\n  {}\n]");
}

TEST_CASE("a report's values are asked for without a fear of what is not there") {
    Report report = Report::map();
    report.add("count", 7);
    report.add("negative", -7);
    report.add("name", "shop");
    CHECK(report.at("count").number() == 7);
    CHECK(report.at("count").text() == "7");
    CHECK(report.at("negative").number() == 0);
    CHECK(report.at("name").text() == "shop");
    CHECK(report.at("absent").is_null());
    CHECK(report.at("absent").at("deeper").text().empty());
    CHECK(report.at("name").items().empty());
    CHECK(report.at("name").entries().empty());
}

TEST_CASE("an identity of any bytes is JSON that a program can read") {
    CHECK(Report("a\"\x01\xed\xa0\x80").json() == R"("a\"\u0001\\xed\\xa0\\x80")");
}
