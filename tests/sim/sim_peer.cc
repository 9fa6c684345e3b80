#include "tests/sim/sim_peer.h"

#include <algorithm>

namespace zbridge::sim {

namespace {

struct TypeRow {
    const char* type;
    uint8_t number;           // RFC 15
    const char* counterpart;  // RFC 23 and 28: what may be at the other end
};
// Behind a long wire a bridge takes a peer's PINGs for further apart than they are.
constexpr uint32_t kUnansweredPingsMax = 12;

constexpr TypeRow kTypes[] = {
    {"PAIR", 0, "PAIR"},  {"PUB", 1, "XSUB"},      {"SUB", 2, "XPUB"},      {"REQ", 3, "ROUTER"},
    {"REP", 4, "DEALER"}, {"DEALER", 5, "ROUTER"}, {"ROUTER", 6, "DEALER"}, {"PULL", 7, "PUSH"},
    {"PUSH", 8, "PULL"},  {"XPUB", 9, "XSUB"},     {"XSUB", 10, "XPUB"}};

const TypeRow& row_of(const std::string& type) {
    return *std::find_if(std::begin(kTypes), std::end(kTypes),
                         [&](const TypeRow& row) { return type == row.type; });
}

}  // namespace

std::string SimPeer::name() const {
    return type() + " " + std::to_string(number()) + " (link " + std::to_string(link_) + ")";
}

void SimPeer::join() {
    if (joined_) return;
    joined_ = true;
    link_ = around_.net.connect(setup_.port, *this);
    if (link_ == SimNet::kRefused) {
        gone_ = true;
        return;
    }
    reader_ = wire::Reader(setup_.zmtp);
    if (speaks_at_once()) {
        out_.append(prelude());
        out_.append(held_back_);  // what was meant before it joined
        held_back_.clear();
    } else {
        out_.append(wire::greeting_3(setup_.zmtp));
    }
    write_some();
    if (setup_.ping_every > Duration{}) around_.agenda.after(setup_.ping_every, [this] { ping(); });
}

// All that it says before its messages.
std::string SimPeer::prelude() const {
    if (setup_.zmtp == Zmtp::k20)
        return wire::greeting_2(row_of(type()).number, setup_.identity.value_or(""));
    return wire::greeting_3(setup_.zmtp) + wire::ready(type(), setup_.identity);
}

uint64_t SimPeer::say(std::string_view bytes) {
    if (mute_) return ~uint64_t{0};
    said_ += bytes.size();
    if (joined_ && (ready_ || speaks_at_once())) {
        out_.append(bytes);
        write_some();
    } else {
        held_back_ += bytes;
    }
    return prelude().size() + said_;
}

void SimPeer::write_some() {
    while (!gone_ && !out_.empty()) {
        const size_t taken = around_.net.app_write(link_, out_.view());
        out_.consume(taken);
        if (taken == 0) return;
    }
    if (leaving_ && out_.empty() && held_back_.empty() && !gone_) end();
}

void SimPeer::on_arrived() {
    if (reading_ || stalled_ || gone_) return;
    if (setup_.think_max == Duration{}) return read_some();
    reading_ = true;
    around_.agenda.after(Duration(static_cast<int64_t>(around_.random.below(
                             static_cast<uint64_t>(setup_.think_max.count()) + 1))),
                         [this] {
                             reading_ = false;
                             if (!stalled_) read_some();
                         });
}

void SimPeer::read_some() {
    while (!gone_ && !stalled_) {
        const SimNet::AppRead got = around_.net.app_read(link_, setup_.read_bytes_max);
        if (!got.bytes.empty()) unanswered_pings_ = 0;  // it is alive
        if (!got.bytes.empty())
            around_.trace.note(around_.agenda.now(), "app reads", link_, got.bytes.size());
        reader_.feed(got.bytes);
        if (!greeted_ && reader_.greeted()) {
            greeted_ = true;
            if (setup_.zmtp == Zmtp::k20) {
                if (reader_.socket_type_2() != row_of(row_of(type()).counterpart).number)
                    fail("a wrong type in the greeting");
                if (reader_.identity_2() != setup_.bridge_name)
                    fail("a wrong identity in the greeting");
                come_in();
            } else if (!setup_.eager) {
                const std::string ready = wire::ready(type(), setup_.identity);
                out_.append(ready);
                write_some();
            }
        }
        while (greeted_ && !gone_) {
            auto piece = reader_.next();
            if (!piece) break;
            take(std::move(*piece));
        }
        if (!reader_.fault().empty()) return fail("the bridge breaks ZMTP: " + reader_.fault());
        if (gone_) return;
        if (got.ended) {
            around_.trace.note(around_.agenda.now(), "app sees the end", link_);
            end();
            return on_gone();
        }
        if (got.bytes.empty()) return;
        if (setup_.think_max > Duration{}) return on_arrived();
    }
}

void SimPeer::take(wire::Piece piece) {
    if (!piece.is_command) {
        if (!ready_) return fail("a message before READY");
        return on_frames(std::move(piece.frames));
    }
    if (piece.name == "READY") return take_ready(piece);
    if (piece.name == "ERROR") {
        error_ = piece.data.substr(std::min<size_t>(1, piece.data.size()));
    } else if (piece.name == "PING") {
        if (setup_.zmtp != Zmtp::k31)
            fail("a PING to a peer that greeted with " +
                 std::to_string(static_cast<int>(setup_.zmtp)));
        if (piece.data.size() < 2) return fail("a PING without its TTL");
        say(wire::command("PONG", std::string_view(piece.data).substr(2)));
    } else if (piece.name == "PONG") {
        was_ponged_ = true;
        unanswered_pings_ = 0;
    } else {
        fail("an unknown command: " + piece.name);
    }
}

void SimPeer::take_ready(const wire::Piece& piece) {
    if (ready_) return fail("a second READY");
    const std::string expected = wire::ready(row_of(type()).counterpart, setup_.bridge_name);
    if (wire::command(piece.name, piece.data) != expected)
        fail("READY is not as expected: " + piece.data);
    come_in();
}

void SimPeer::come_in() {
    ready_ = true;
    heard_when_in_ = reader_.consumed();
    around_.trace.note(around_.agenda.now(), "app is in", link_, number());
    out_.append(held_back_);
    held_back_.clear();
    write_some();
    on_ready();
}

void SimPeer::go_on() {
    if (!stalled_) return;
    stalled_ = false;
    unanswered_pings_ = 0;
    if (joined_) on_arrived();
}

void SimPeer::stop_pinging() {
    if (setup_.ping_every == Duration{}) return;
    setup_.ping_every = {};
    // What the last one promised is taken back.
    if (ready_ && !gone_ && !left_) say(wire::command("PING", std::string("\0\0", 2)));
}

void SimPeer::leave() {
    leaving_ = true;
    left_ = true;
    if (joined_)
        write_some();
    else
        gone_ = true;
}

void SimPeer::die() {
    if (gone_) return;
    gone_ = true;
    left_ = true;
    if (!joined_) return;
    if (around_.random.below(2) == 0)
        around_.net.app_reset(link_);
    else
        around_.net.app_close(link_);
}

void SimPeer::end() {
    if (gone_) return;
    gone_ = true;
    around_.net.app_close(link_);
}

void SimPeer::ping() {
    if (gone_ || setup_.ping_every == Duration{}) return;
    if (ready_ && !leaving_) {
        // While the bridge reads, what it says may still be far behind what it has to read first.
        const uint64_t read = around_.net.read_by_bridge(link_);
        if (read != read_at_ping_) unanswered_pings_ = 0;
        read_at_ping_ = read;
        if (!stalled_ && was_ponged_ && ++unanswered_pings_ > kUnansweredPingsMax)
            fail("no PONG for " + std::to_string(kUnansweredPingsMax) + " intervals");
        say(wire::command("PING", std::string("\0\x1e"
                                              "zb",
                                              4)));  // three seconds to live
    }
    around_.agenda.after(setup_.ping_every, [this] { ping(); });
}

std::string SimPeer::encoded(const Frames& frames) {
    std::string bytes;
    for (size_t i = 0; i < frames.size(); i++) {
        bytes += wire::frame(frames[i], i + 1 < frames.size());
        const bool may =
            setup_.ping_every > Duration{} && setup_.zmtp != Zmtp::k20 && i + 1 < frames.size();
        if (may && around_.random.below(4) == 0)
            bytes += wire::command("PING", std::string("\0\0", 2));
    }
    return bytes;
}

std::vector<Frames> SimPeer::lost() {
    std::vector<Frames> frames;
    if (link_ == SimNet::kRefused) return frames;
    reader_.feed(around_.net.lost_by_app(link_));
    if (!reader_.greeted()) return frames;
    while (auto piece = reader_.next()) {
        if (!piece->is_command) frames.push_back(std::move(piece->frames));
    }
    if (!reader_.fault().empty()) fail("the bridge breaks ZMTP: " + reader_.fault());
    return frames;
}

void Producer::plan(Make make) {
    if (gone() || half_said) return;
    queue_.push_back(std::move(make));
    send_queued();
}

bool Producer::wanted(const std::string& topic) const {
    return std::any_of(demanded_.begin(), demanded_.end(), [&](const auto& each) {
        return topic.compare(0, each.first.size(), each.first) == 0;
    });
}

void Producer::send_queued() {
    const bool publisher = type() == "PUB" || type() == "XPUB";
    while (!queue_.empty() && !gone()) {
        if (type() == "REQ" && (!ready() || (receipts_ + refusals_ < sent_.size()))) return;
        Sent sent;
        Frames body = queue_.front()(sent);
        queue_.pop_front();
        if (publisher && !wanted(sent.topic)) continue;  // as a PUB does
        if (envelope_) body.insert(body.begin(), "");
        // Its end is known once it is said, and must be on record before the bridge can read it.
        const std::string bytes = encoded(body);
        sent_.push_back(std::move(sent));
        sent_.back().end = ~uint64_t{0};
        sent_.back().end = say(bytes);
    }
}

void Producer::send_half(const Frames& body) {
    if (gone() || half_said || !ready() || type() == "REQ") return;
    half_said = true;
    const std::string bytes = wire::message(body);
    say(std::string_view(bytes).substr(0, 1 + around_.random.below(bytes.size() - 1)));
    mute();
}

void Producer::on_frames(Frames frames) {
    if (type() == "PUB" || type() == "XPUB") {
        const bool fine =
            frames.size() == 1 && !frames[0].empty() && (frames[0][0] == 0 || frames[0][0] == 1);
        if (!fine) return fail("what a publisher got is no subscription");
        const std::string prefix = frames[0].substr(1);
        if (frames[0][0] == 1) {
            if (++demanded_[prefix] > 1) fail("subscribed twice to `" + prefix + "`");
        } else if (demanded_.erase(prefix) == 0) {
            fail("cancelled what was not wanted: `" + prefix + "`");
        }
        return;
    }
    if (!wants_receipt_) return fail("it was told something");
    if (frames.size() != 2 || !frames[0].empty())
        return fail("a receipt that is not one frame behind its envelope");
    const uint64_t index = receipts_ + refusals_;
    if (index >= sent_.size()) return fail("a receipt for nothing");
    const bool ok = frames[1].compare(0, 3, "OK ") == 0;
    if (!ok && frames[1].compare(0, 4, "ERR ") != 0)
        return fail("a receipt that says " + frames[1]);
    const bool dropped = frames[1].compare(0, 14, "ERR line_full ") == 0 &&
                         index < may_drop.size() && may_drop[index];
    if (index < outcome_ok.size() && outcome_ok[index] != ok && !dropped)
        fail("a receipt that is wrong: " + frames[1]);
    (ok ? receipts_ : refusals_)++;
    send_queued();
}

void Consumer::subscribe(const std::string& prefix, bool add) {
    const bool message = setup_.zmtp != Zmtp::k31 || around_.random.below(2) == 0;
    const std::string bytes = message ? wire::frame(std::string(1, add ? 1 : 0) + prefix, false)
                                      : wire::command(add ? "SUBSCRIBE" : "CANCEL", prefix);
    said_.push_back({~uint64_t{0}, prefix, add});
    said_.back().end = say(bytes);
}

}  // namespace zbridge::sim
