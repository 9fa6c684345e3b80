#include "bridge/app/taps.h"

#include <algorithm>
#include <utility>

#include "bridge/model/message.h"
#include "bridge/protocol/found_messages.h"
#include "bridge/protocol/report_codec.h"

namespace zbridge::app {

using telemetry::Report;

// One tap, and who waits for what it finds.
class Taps::Open final : public std::enable_shared_from_this<Taps::Open> {
 public:
    Open(Taps& taps, std::optional<admin::TapFilter> filter, TapPlaces looks_at)
        : found(std::move(looks_at)),
          taps_(taps),
          tap_(std::move(filter)),
          due_(taps.bridge_.reactor().timers(), [this] { on_due(); }),
          asked_at_(now()) {
        if (found.topic) cursor_ = taps_.bridge_.engine()->bounds(*found.topic).head;
    }

    void offer(const Passing& passing, std::string_view at) {
        tap_.offer(passing, at, {now(), taps_.clock_.wall_us()});
        gather();
    }

    // Who waited before is told what there is.
    void next(admin::Admin::Tell tell) {
        if (tell_) answer();
        tell_ = std::move(tell);
        until_ = now() + kWaitMax;
        due_.arm(found.topic ? std::max(now(), read_at_ + kReadEvery) : until_);
        gather();
    }

    // It ends: likewise.
    void leave() {
        if (tell_) answer();
    }

    bool idle() const { return !tell_ && now() - asked_at_ >= kIdleMax; }

    const TapPlaces found;

 private:
    Instant now() const { return taps_.bridge_.reactor().now(); }

    // Never in the call that a message passes in.
    void gather() {
        if (!tell_ || tap_.empty()) return;
        const Instant at = tap_.full() ? now() : now() + kGather;
        if (!due_.armed() || at < due_.due()) due_.arm(at);
    }

    void on_due() {
        if (!tell_) return;
        if (!tap_.empty() || now() >= until_) return answer();
        if (found.topic)
            read();
        else
            due_.arm(until_);
    }

    // What the topic has more. on_read() goes on.
    void read() {
        plugin::Engine& engine = *taps_.bridge_.engine();
        const auto [floor, head] = engine.bounds(*found.topic);
        const uint64_t from = std::max({cursor_, floor, head - std::min(head, kReadMessages)});
        read_at_ = now();
        if (from >= head) return due_.arm(std::min(until_, now() + kReadEvery));
        if (std::exchange(reading_, true)) return;
        tap_.miss(from - cursor_);
        cursor_ = from;
        Report asked = Report::map();
        asked.add("topic", found.topic_name);
        asked.add("from", from);
        asked.add("max", head - from);
        engine.admin("topic browse", protocol::pack(asked),
                     [its = weak_from_this(), end = head](zb_result result, std::string_view body) {
                         if (const auto open = its.lock())
                             open->on_read(result == ZB_OK, body, end);
                     });
    }

    void on_read(bool ok, std::string_view body, uint64_t end) {
        reading_ = false;
        const Result<Report> messages =
            ok ? protocol::unpack(body) : Result<Report>(Status(Code::kIo, std::string(body)));
        if (!messages.ok()) tap_.miss(end - cursor_);
        if (!messages.ok() || messages->items().empty())
            cursor_ = end;
        else
            offer_stored(*messages);
        if (tell_) due_.arm(tap_.empty() ? std::min(until_, now() + kReadEvery) : now());
    }

    void offer_stored(const Report& messages) {
        const protocol::FoundMessages stored = protocol::read_found(messages);
        const Slice block = taps_.bridge_.reactor().memory().copy(stored.block);
        const std::string at = "topic/" + found.topic_name;
        size_t begin = 0;
        for (const protocol::FoundMessage& each : stored.messages) {
            const size_t end = message_end(block.bytes(), begin).end;
            Passing passing;
            passing.way = Passing::Way::kStored;
            passing.wire = block.part(begin, end - begin);
            passing.attributes = &each.attributes;
            passing.offset = each.offset;
            passing.id = each.id;
            tap_.offer(passing, at, {now(), static_cast<int64_t>(each.stored_ms) * 1000});
            cursor_ = each.offset + 1;
            begin = end;
        }
    }

    void answer() {
        due_.cancel();
        asked_at_ = now();
        std::exchange(tell_, nullptr)(tap_.take());
    }

    Taps& taps_;
    admin::Tap tap_;
    admin::Admin::Tell tell_;  // none: nobody waits
    Instant until_{};
    uint64_t cursor_ = 0;  // of the topic: what is to be read next
    Instant read_at_{};
    bool reading_ = false;
    Timer due_;
    Instant asked_at_;
};

// Somewhere in the bridge that is looked at, by one tap or several.
class Taps::Place final : public Watch {
 public:
    explicit Place(TapPlace place) : place_(std::move(place)) { place_.watch(this); }
    ~Place() override { place_.watch(nullptr); }

    void on_passing(const Passing& passing) override {
        for (Open* each : taps)
            each->offer(passing, place_.name);
    }

    std::vector<Open*> taps;

 private:
    TapPlace place_;
};

Taps::Taps(Bridge& bridge, const Clock& clock)
    : bridge_(bridge), clock_(clock), sweep_(bridge.reactor().timers(), [this] { on_sweep(); }) {}

Taps::~Taps() = default;

void Taps::serve(admin::Admin& admin) {
    admin.serve("tap", [this](const Report& args) { return begin(args); });
    admin.serve_later("tap next", [this](const Report& args, const admin::Admin::Tell& tell) {
        next(args, tell);
    });
    admin.serve("tap end", [this](const Report& args) { return end(args); });
}

Result<Report> Taps::begin(const Report& args) {
    if (open_.size() >= kTapsMax) {
        return Status(Code::kBusy, "as many taps are open as may: " + std::to_string(kTapsMax));
    }
    auto found = find_tap_places(bridge_, args.at("ref").text());
    if (!found.ok()) return std::move(found).error();
    std::optional<admin::TapFilter> filter;
    if (!args.at("where").is_null()) {
        auto compiled = admin::TapFilter::compile(args.at("where").text());
        if (!compiled.ok()) return std::move(compiled).error();
        filter = *std::move(compiled);
    }
    const uint64_t number = next_number_++;
    const auto open = std::make_shared<Open>(*this, std::move(filter), *std::move(found));
    open_.emplace(number, open);
    if (!sweep_.armed()) sweep_.arm(bridge_.reactor().now() + kIdleMax);
    Report answer = Report::map();
    answer.add("tap", number);
    Report& names = answer.add("places", Report::list());
    for (const TapPlace& each : open->found.places) {
        std::unique_ptr<Place>& place = places_[each.name];
        if (!place) place = std::make_unique<Place>(each);
        place->taps.push_back(open.get());
        names.add(each.name);
    }
    if (open->found.topic) names.add("topic/" + open->found.topic_name);
    return answer;
}

void Taps::next(const Report& args, admin::Admin::Tell tell) {
    Open* open = find(args);
    if (open == nullptr)
        return tell(
            Status(Code::kNotFound, "this tap is not there: nobody had asked for too long"));
    open->next(std::move(tell));
}

Result<Report> Taps::end(const Report& args) {
    remove(args.at("tap").number());
    return Report::map();
}

Taps::Open* Taps::find(const Report& args) const {
    const auto found = open_.find(args.at("tap").number());
    return found == open_.end() ? nullptr : found->second.get();
}

void Taps::remove(uint64_t number) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    const std::shared_ptr<Open> open = found->second;
    for (const TapPlace& each : open->found.places) {
        const auto place = places_.find(each.name);
        if (place == places_.end()) continue;
        std::erase(place->second->taps, open.get());
        if (place->second->taps.empty()) places_.erase(place);
    }
    open_.erase(number);
    open->leave();
}

// Those whose reader has gone without a word.
void Taps::on_sweep() {
    std::vector<uint64_t> idle;
    for (const auto& [number, open] : open_) {
        if (open->idle()) idle.push_back(number);
    }
    for (const uint64_t number : idle)
        remove(number);
    if (!open_.empty()) sweep_.arm(bridge_.reactor().now() + kIdleMax / 2);
}

}  // namespace zbridge::app
