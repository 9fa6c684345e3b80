// A group `g` of topic `t`, and what an operator asks of it.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

#include "plugins/durable/admin/values.h"
#include "tests/unit/plugins/durable/groups_rig.h"

namespace zbridge::durable {

class AdminRig : public GroupsRig {
 public:
    using Value = std::variant<uint64_t, std::string, bool>;
    using Args = std::initializer_list<std::pair<const char*, Value>>;
    using GroupsRig::GroupsRig;

    struct Said {
        zb_result result = ZB_OK;
        std::string body;  // a sentence, if it was refused
        msgpack::object_handle handle;

        const msgpack::object& all() const { return handle.get(); }
        // Of a map; nothing, if it has none.
        static msgpack::object at(const msgpack::object& map, const std::string& name) {
            if (map.type != msgpack::type::MAP) return {};
            for (const auto& [key, value] : msgpack::object_map(map.via.map)) {
                if (key.as<std::string>() == name) return value;
            }
            return {};
        }
        msgpack::object at(const std::string& name) const { return at(all(), name); }
        uint64_t number(const std::string& name) const { return at(name).as<uint64_t>(); }
        std::string text(const std::string& name) const { return at(name).as<std::string>(); }
        bool flag(const std::string& name) const { return at(name).as<bool>(); }
        std::vector<msgpack::object> list(const std::string& name) const {
            return at(name).as<std::vector<msgpack::object>>();
        }
    };

    Said ask(const std::string& verb, Args args) {
        ValueWriter writer;
        writer.begin_map(args.size());
        for (const auto& [name, value] : args)
            std::visit([&, name = name](const auto& its) { writer.entry(name, its); }, value);
        Said said;
        std::tie(said.result, said.body) = EngineRig::ask(verb, writer.take());
        if (said.result == ZB_OK) said.handle = msgpack::unpack(said.body.data(), said.body.size());
        return said;
    }
    Said show(const std::string& group = "g") { return ask("group show", {{"group", group}}); }
    // Of the group `g`; in pieces of `max`.
    std::vector<std::string> dead(const std::string& where = "", uint64_t max = 1000) {
        std::vector<std::string> bodies;
        uint64_t from = 0;
        while (true) {
            const Said said =
                ask("dead ls",
                    {{"group", std::string("g")}, {"where", where}, {"from", from}, {"max", max}});
            ZB_CHECK(said.result == ZB_OK, said.body);
            for (const msgpack::object& each : said.list("letters")) {
                const auto frames = Said::at(each, "frames").as<std::vector<std::vector<char>>>();
                bodies.emplace_back(frames.back().begin(), frames.back().end());
            }
            if (said.flag("done")) return bodies;
            from = said.number("next");
        }
    }

    // A message that is rejected by its consumer.
    void let_die(const std::string& body, const std::string& reason = "bad",
                 const std::string& tag = "") {
        put(body, "", tag);
        const Got got = take_one();
        ZB_CHECK(got.body == body, got.body);
        ZB_CHECK(settle(ZB_SETTLE_REJECT, got, -1, reason) == ZB_TAKEN);
        commit();
    }
};

}  // namespace zbridge::durable
