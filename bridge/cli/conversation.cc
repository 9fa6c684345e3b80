#include "bridge/cli/conversation.h"

#include <fmt/format.h>

#include "bridge/cli/text.h"
#include "bridge/model/refusal.h"

namespace zbridge::cli {

using telemetry::Report;

namespace {

constexpr uint64_t kFrameHeadsBytesMax = 18;  // of a header and a block

Report list_of(Report entry) {
    Report list = Report::list();
    list.add(std::move(entry));
    return list;
}

}  // namespace

Result<std::unique_ptr<Conversation>> Conversation::open(const std::string& address,
                                                         Duration patience) {
    auto dealer = net::Dealer::open(address);
    if (!dealer.ok()) return std::move(dealer).error();
    std::unique_ptr<Conversation> its(new Conversation(*std::move(dealer), patience));
    if (Status status = its->greet(); !status.ok()) return status;
    return its;
}

Status Conversation::greet() {
    Report hello = Report::map();
    hello.add("versions", list_of(uint64_t{1}));
    hello.add("needs", list_of("admin"));
    hello.add("client", "zbridge " ZBRIDGE_VERSION);
    if (Status status = say("HELLO", hello); !status.ok()) return status;
    auto heard = hear();
    if (!heard.ok()) return std::move(heard).error();
    if (heard->name == "REFUSED") return protocol::status_of(heard->fields);
    if (heard->name != "WELCOME")
        return {Code::kInvalid, "HELLO is answered by " + heard->name + ": is it a bridge?"};
    welcome_ = std::move(heard->fields);
    return {};
}

Status Conversation::say(std::string_view name, const Report& fields,
                         std::optional<std::string_view> block) {
    const std::string header = protocol::pack_command(name, fields);
    if (Status status = check_size(header.size() + (block ? block->size() : 0)); !status.ok())
        return status;
    if (!block) return dealer_->send({header}, patience_);
    return dealer_->send({header, *block}, patience_);
}

// The bridge would close the connection, and there would be nothing to hear.
Status Conversation::check_size(uint64_t bytes) const {
    const uint64_t bytes_max = welcome_.at("limits").at("message_bytes").number();
    if (bytes_max == 0 || bytes + kFrameHeadsBytesMax <= bytes_max) return {};
    return {Code::kInvalid,
            fmt::format("{}: {} in one message, and the bridge takes {} at most from commands",
                        name_of(Refusal::kTooLarge), bytes_text(bytes), bytes_text(bytes_max))};
}

Result<Conversation::Piece> Conversation::hear(Duration patience) {
    auto frames = dealer_->receive(patience);
    if (!frames.ok()) return std::move(frames).error();
    auto heard = protocol::read_heard(frames->front());
    if (!heard.ok()) return std::move(heard).error();
    return Piece{std::move(heard->name), std::move(heard->fields),
                 frames->size() > 1 ? std::move(frames->back()) : std::string()};
}

Status Conversation::leave() {
    if (Status status = say("BYE", Report::map()); !status.ok()) return status;
    for (;;) {
        const auto heard = hear();
        if (!heard.ok()) return heard.error();
        if (heard->name == "BYE") return {};
    }
}

Result<Report> Conversation::ask(const std::string& call, Report args) {
    const uint64_t ref = ++last_ref_;
    Report fields = Report::map();
    fields.add("ref", ref);
    fields.add("call", call);
    if (!args.entries().empty()) fields.add("args", std::move(args));
    if (Status status = say("ADMIN", fields); !status.ok()) return status;
    for (;;) {
        auto heard = hear();
        if (!heard.ok()) return std::move(heard).error();
        const bool its = heard->fields.at("ref").number() == ref;
        if (heard->name == "ANSWER" && its) return heard->fields.at("report");
        const bool fatal = heard->fields.at("fatal").text() == "true";
        if (heard->name == "REFUSED" && (its || fatal)) return protocol::status_of(heard->fields);
    }
}

}  // namespace zbridge::cli
