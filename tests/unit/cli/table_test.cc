#include "bridge/cli/table.h"

using zbridge::cli::Table;

namespace {

Table shop() {
    Table table({"ENDPOINT", "ADDRESS", "SERVES", "PEERS", "NOTE"}, {"SERVES", "ADDRESS"});
    table.add({"orders-in", "tcp://127.0.0.1:5551", "PUSH", "7", ""});
    table.add({"packers", "tcp://*:5561", "PULL", "12", ""});
    return table;
}

}  // namespace

TEST_CASE("numbers stand to the right, and a column without anything in it is not there") {
    CHECK(shop().text() ==
          "ENDPOINT   ADDRESS               SERVES  PEERS\n"
          "orders-in  tcp://127.0.0.1:5551  PUSH        7\n"
          "packers    tcp://*:5561          PULL       12\n");
    CHECK(shop().text(46) == shop().text());
}

TEST_CASE("what can be spared is left out where the terminal is narrow, and named") {
    CHECK(shop().text(45) ==
          "ENDPOINT   ADDRESS               PEERS\n"
          "orders-in  tcp://127.0.0.1:5551      7\n"
          "packers    tcp://*:5561             12\n"
          "(45 columns: without SERVES)\n");
    CHECK(shop().text(10) ==
          "ENDPOINT   PEERS\n"
          "orders-in      7\n"
          "packers       12\n"
          "(10 columns: without SERVES, ADDRESS)\n");
}
