#include "bridge/net/dialled/dealer.h"

#include <doctest/doctest.h>

#include <zmq.hpp>

#include "tests/unit/support/temp_folder.h"

using namespace zbridge;
using namespace zbridge::net;
using namespace std::chrono_literals;
using zbridge::testing::TempFolder;

TEST_CASE("what is said goes in its frames, and what comes back is heard in its own") {
    const TempFolder folder;
    const std::string address = "ipc://" + (folder / "socket");
    zmq::context_t context(1);
    zmq::socket_t router(context, zmq::socket_type::router);
    router.set(zmq::sockopt::linger, 0);
    router.bind(address);
    auto dealer = Dealer::open(address);
    REQUIRE(dealer.ok());
    REQUIRE((*dealer)->send({"header", "block"}, 30s).ok());
    zmq::message_t identity, header, block, more;
    REQUIRE(router.recv(identity));
    REQUIRE(router.recv(header));
    REQUIRE(router.recv(block));
    CHECK(header.to_string() == "header");
    CHECK(block.to_string() == "block");
    CHECK_FALSE(block.more());
    router.send(identity, zmq::send_flags::sndmore);
    router.send(zmq::buffer(std::string("answer")), zmq::send_flags::sndmore);
    router.send(zmq::buffer(std::string()), zmq::send_flags::none);
    const auto heard = (*dealer)->receive(30s);
    REQUIRE(heard.ok());
    CHECK(*heard == std::vector<std::string>{"answer", ""});
}

TEST_CASE("where nobody is, or nothing comes, that is said") {
    const TempFolder folder;
    const std::string address = "ipc://" + (folder / "socket");
    auto nobody = Dealer::open(address);
    REQUIRE(nobody.ok());
    const auto heard = (*nobody)->receive(1ms);
    REQUIRE_FALSE(heard.ok());
    CHECK(heard.error().code() == Code::kUnavailable);
    CHECK(heard.error().message() == "nobody answers at " + address);
    CHECK(Dealer::open("nonsense").error().code() == Code::kInvalid);
}
