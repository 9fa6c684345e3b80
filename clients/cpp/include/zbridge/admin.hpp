// What the command line asks of a running bridge: docs/PROTOCOL.md, "The admin socket".
//
//   zbridge::client::Client client("ipc:///var/lib/shop/admin");
//   const zbridge::client::Report report = zbridge::client::Admin(client).ask("status").get();
//
// Thread:  as Client.
// Failure: over a lost connection a call is `in_doubt`: it may have been done. Calls and their
//          reports are those of one version of the bridge, and may change with each.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "client.hpp"
#include "message.hpp"

namespace zbridge::client {

// A value in msgpack, most often a map. Copies share it.
class Report {
 public:
    Report() = default;
    explicit Report(const msgpack::object& value)
        : kept_(std::make_shared<const msgpack::object_handle>(msgpack::clone(value))) {}

    const msgpack::object& object() const {
        static const msgpack::object nil;
        return kept_ ? kept_->get() : nil;
    }

 private:
    std::shared_ptr<const msgpack::object_handle> kept_;
};

namespace core {

class ReportPromise final : public AskWaiter {
 public:
    std::future<Report> future() { return promise_.get_future(); }
    void on_answered(const Heard& heard, uint64_t) override {
        const Value* report = heard.fields.find("report");
        promise_.set_value(report == nullptr ? Report() : Report(*report));
    }
    void on_failed(const Failure& failure) override {
        promise_.set_exception(exception_of(failure));
    }

 private:
    std::promise<Report> promise_;
};

}  // namespace core

class Admin {
 public:
    explicit Admin(const Client& client) : engine_(client.engine()) {}

    // A call of the command line (`status`, `topic show`, ...) with what it takes. Only what is just
    // asked, and changes nothing, is `again`: asked anew over a lost connection.
    std::future<Report> ask(const std::string& call, std::map<std::string, Property> args = {},
                            bool again = false) const {
        if (call.empty() || call.size() > 200) throw Invalid("call: 1 to 200 octets");
        for (const auto& each : args)
            if (const auto* text = std::get_if<std::string>(&each.second);
                !core::is_utf8(each.first) || (text != nullptr && !core::is_utf8(*text)))
                throw Invalid("args: not UTF-8");
        auto waiter = std::make_shared<core::ReportPromise>();
        auto future = waiter->future();
        core::Ask ask;
        ask.name = "ADMIN";
        ask.answer = "ANSWER";
        ask.again = again;
        ask.write = [call, args = std::move(args)](core::Command& command) {
            command.text("call", call);
            if (args.empty()) return;
            command.value("args", [&args](core::Packer& packer) {
                packer.pack_map(static_cast<uint32_t>(args.size()));
                for (const auto& each : args) {
                    core::pack_text(packer, core::checked(each.first, "args"));
                    core::pack_property(packer, each.second);
                }
            });
        };
        ask.waiter = std::move(waiter);
        engine_->enter([&](core::Core& core, uint64_t) {
            core.check_open();
            core.need("admin");
            core.asking.ask(std::move(ask));
        });
        return future;
    }

 private:
    std::shared_ptr<Engine> engine_;
};

}  // namespace zbridge::client
