#include "bridge/protocol/heard.h"

#include <doctest/doctest.h>

#include "bridge/protocol/answer.h"
#include "bridge/protocol/command.h"

using namespace zbridge;
using namespace zbridge::protocol;
using telemetry::Report;

TEST_CASE("what the command line says is what the bridge understands, and the other way round") {
    Report args = Report::map();
    args.add("topic", "orders");
    Report fields = Report::map();
    fields.add("ref", 5);
    fields.add("call", "topic show");
    fields.add("args", args);
    const std::string header = pack_command("ADMIN", fields);
    const ReadCommand read = read_command(header);
    REQUIRE(read.ok());
    CHECK(read.command.verb == Verb::kAdmin);
    CHECK(read.command.ref == 5U);
    CHECK(read.command.call == "topic show");
    CHECK(read_command(pack_command("HEARTBEAT", Report::map())).ok());

    const auto heard = read_heard(pack_answer(5, args));
    REQUIRE(heard.ok());
    CHECK(heard->name == "ANSWER");
    CHECK(heard->fields.at("ref").number() == 5);
    CHECK(heard->fields.at("report").at("topic").text() == "orders");
}

TEST_CASE("what is no header is not heard") {
    using namespace std::string_view_literals;
    for (const std::string_view bytes : {""sv, "hello"sv,
                                         "\x91\xa3"
                                         "BYE"sv,
                                         "\x92\x01\x80"sv,
                                         "\x93\xa3"
                                         "BYE\x80\x00"sv,
                                         "\xdd\xff\xff\xff\xff"sv})
        CHECK_FALSE(read_heard(bytes).ok());
}

TEST_CASE("a REFUSED is the status of its sentence") {
    const auto status = [](Refusal code) {
        const auto heard = read_heard(
            pack(Refused{.re = "ADMIN", .ref = 5, .code = code, .text = "it is not there"}));
        return status_of(heard->fields);
    };
    CHECK(status(Refusal::kNotFound).code() == Code::kNotFound);
    CHECK(status(Refusal::kNotFound).message() == "it is not there");
    CHECK(status(Refusal::kLineFull).code() == Code::kBusy);
    CHECK(status(Refusal::kStoreFailed).code() == Code::kIo);
    CHECK(status(Refusal::kUnable).code() == Code::kInvalid);
    CHECK(status(Refusal::kDenied).message() == "denied: it is not there");
}
