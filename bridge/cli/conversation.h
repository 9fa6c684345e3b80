// What a command says to a running bridge, and hears: ZBP/1 over its admin socket, one session.
//
// Thread:  one. It blocks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/clock.h"
#include "bridge/net/dialled/dealer.h"
#include "bridge/protocol/heard.h"

namespace zbridge::cli {

class Conversation {
 public:
    struct Piece {
        std::string name;
        telemetry::Report fields;
        std::string block;  // empty: none
    };

    // HELLO and WELCOME. `patience`: for each thing that is waited for. kUnavailable: nobody answers.
    static Result<std::unique_ptr<Conversation>> open(const std::string& address,
                                                      Duration patience);

    // kInvalid: it is larger than the bridge takes, and was not sent.
    Status say(std::string_view name, const telemetry::Report& fields,
               std::optional<std::string_view> block = {});
    // A header that is packed already, for one that has bytes in it.
    Status say_packed(std::string_view header) { return dealer_->send({header}, patience_); }
    // BYE, and waits for the bridge's: what it was given and has not settled goes back.
    Status leave();
    // The next thing that the bridge says, whatever it is. kUnavailable: nothing came in time.
    Result<Piece> hear() { return hear(patience_); }
    Result<Piece> hear(Duration patience);
    // Until there is something to hear, or so long, to some microseconds; or before that, for nothing.
    void wait(Duration time) { dealer_->wait(time); }
    // A call of the command line, and its answer; what else comes is left out.
    Result<telemetry::Report> ask(const std::string& call, telemetry::Report args);

    const telemetry::Report& welcome() const { return welcome_; }

 private:
    Conversation(std::unique_ptr<net::Dealer> dealer, Duration patience)
        : dealer_(std::move(dealer)), patience_(patience) {}
    Status greet();
    Status check_size(uint64_t bytes) const;

    std::unique_ptr<net::Dealer> dealer_;
    Duration patience_;
    uint64_t last_ref_ = 0;
    telemetry::Report welcome_;
};

}  // namespace zbridge::cli
