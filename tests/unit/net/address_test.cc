#include "bridge/net/address.h"

#include <string>

using zbridge::net::Address;

namespace {

std::string error_of(std::string_view text) {
    const auto address = Address::parse(text);
    return address.ok() ? "parsed" : address.error().message();
}

}  // namespace

TEST_CASE("tcp addresses are read as libzmq writes them, and written back") {
    struct Row {
        const char* text;
        const char* host;
        uint16_t port;
    };
    const Row rows[] = {
        {"tcp://*:5551", "*", 5551},
        {"tcp://127.0.0.1:0", "127.0.0.1", 0},
        {"tcp://0.0.0.0:65535", "0.0.0.0", 65535},
        {"tcp://[::1]:5551", "::1", 5551},
        {"tcp://[fe80::1%eth0]:1", "fe80::1%eth0", 1},
        {"tcp://queue.example.org:80", "queue.example.org", 80},
        {"tcp://eth0:5551", "eth0", 5551},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto address = Address::parse(row.text);
        REQUIRE(address.ok());
        CHECK(address->transport == Address::Transport::kTcp);
        CHECK(address->host == row.host);
        CHECK(address->port == row.port);
        CHECK(address->text() == row.text);
    }
}

TEST_CASE("a port that is * is 0: the system's choice") {
    const auto address = Address::parse("tcp://*:*");
    REQUIRE(address.ok());
    CHECK(address->port == 0);
    CHECK(*Address::parse(address->text()) == *address);
}

TEST_CASE("ipc addresses keep their path, absolute, relative or abstract") {
    for (const std::string text :
         {"ipc:///run/z.sock", "ipc://z.sock", "ipc://@zbridge", "ipc://./a b"}) {
        CAPTURE(text);
        const auto address = Address::parse(text);
        REQUIRE(address.ok());
        CHECK(address->transport == Address::Transport::kIpc);
        CHECK(address->path == text.substr(6));
        CHECK(address->text() == text);
    }
}

TEST_CASE("an ipc path that the system cannot bind is refused") {
    CHECK(Address::parse("ipc://" + std::string(107, 'x')).ok());
    CHECK(error_of("ipc://" + std::string(108, 'x')) ==
          "the path is longer than the 107 bytes that the system allows");
    CHECK(error_of("ipc://") ==
          "the path is missing: expected ipc:///path, ipc://path or ipc://@name");
    CHECK(error_of("ipc://@") == "the name behind the `@` is missing");
    CHECK(error_of("ipc://*") == "a path that is made up (ipc://*) is not supported: name one");
    CHECK(error_of("ipc:///run/") == "the path names a folder: expected that of a file");
    CHECK(error_of(std::string_view("ipc://a\0b", 9)) == "the path holds a zero byte");
}

TEST_CASE("what is wrong with an address is said in a sentence") {
    CHECK(error_of("") == "it is empty: expected tcp://HOST:PORT or ipc://PATH");
    CHECK(error_of("*:5551") == "the transport is missing: expected tcp://HOST:PORT or ipc://PATH");
    CHECK(error_of("5551") == "the transport is missing: expected tcp://HOST:PORT or ipc://PATH");
    CHECK(error_of("TCP://*:5551") == "the transport is written in small letters: tcp://");
    CHECK(error_of("udp://*:5551") == "the transport is not one of tcp, ipc");
    CHECK(error_of("inproc://x") ==
          "inproc reaches threads of one process only: expected tcp:// or ipc://");
    CHECK(error_of("tcp://*") == "the port is missing: expected tcp://HOST:PORT");
    CHECK(error_of("tcp://*:") == "the port is missing behind the `:`");
    CHECK(error_of("tcp://:5551") ==
          "the host is missing: expected tcp://HOST:PORT, `*` for every interface");
    CHECK(error_of("tcp://*:55x") == "the port is not a number from 0 to 65535, nor `*`");
    CHECK(error_of("tcp://*:-1") == "the port is not a number from 0 to 65535, nor `*`");
    CHECK(error_of("tcp://*:65536") == "the port is above 65535");
    CHECK(error_of("tcp://*:99999999999999999999") == "the port is above 65535");
    CHECK(error_of("tcp://::1:5551") == "an IPv6 address stands in brackets, as tcp://[::1]:5551");
    CHECK(error_of("tcp://[::1") == "the `[` of the IPv6 address is not closed");
    CHECK(error_of("tcp://[::1]") == "the port is missing: expected tcp://[HOST]:PORT");
    CHECK(error_of("tcp://[::g]:1") == "what stands in [ ] is not an IPv6 address");
    CHECK(error_of("tcp://256.0.0.1:1") ==
          "the host is not an IPv4 address: expected four numbers from 0 to 255, as 127.0.0.1");
    CHECK(error_of("tcp://a/b:1") ==
          "the host may hold letters, digits, `.`, `-` and `_` only, or be `*`");
    CHECK(error_of("tcp://*: 5551") == "it holds a space or a control character");
    CHECK(error_of("tcp://a:1;b:2") == "a source address (`;`) is not supported");
}
