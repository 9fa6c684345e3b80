// What `zbridge journal` is told of files alone.
#include "plugins/durable/tool/tool.h"

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;

TEST_CASE("journal dump names each record, those of groups and their dead letters too") {
    AdminRig rig;
    rig.start();
    rig.let_die("0");
    rig.put("1");
    rig.ack(rig.take_one());
    rig.commit();
    rig.stop();
    std::set<std::string> types;
    const auto tell = [&](std::string_view piece) {
        const auto batch = msgpack::unpack(piece.data(), piece.size());
        for (const auto& record :
             AdminRig::Said::at(batch.get(), "records").as<std::vector<msgpack::object>>())
            types.insert(AdminRig::Said::at(record, "type").as<std::string>());
    };
    ValueWriter everything;
    everything.begin_map(0);
    REQUIRE(ask_journal(rig.disk, "/data/journal", "journal dump", everything.take(), tell).ok());
    for (const char* type : {"EPOCH", "TOPIC", "GROUP", "MSG", "DEAD", "ACKS", "CLEAN_STOP"})
        CHECK_MESSAGE(types.count(type) == 1, type);
    CHECK(types.count("?") == 0);
}
