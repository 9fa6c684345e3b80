// What a step costs a message, from the intake to the outbox of a PULL: the straight route against
// the same with a step that does nothing, with a filter of two comparisons, with a mask of a JSON
// body, with copies that are kept; and three routes of one endpoint. All in one run, in turns: the
// median of the rounds. Run it from a release build.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "bridge/intake/intake.h"
#include "bridge/net/posix_net.h"
#include "plugins/built_in.h"

using namespace zbridge;

namespace {

constexpr std::string_view kOrder =
    R"({"order_id":"o-2026-000017","customer":"c-4711","card":"4929 1234 5678 9012","region":"EU","amount":199.95,)"
    R"("lines":[{"sku":"A-100","count":2,"price":49.95},{"sku":"B-7","count":1,"price":100.05}],"ship_to":)"
    R"({"name":"Ann Example","street":"Long Road 17","city":"Sometown"},"note":"ring twice","gift":false})";
constexpr size_t kBatch = 400;  // different messages, one behind the other as they arrive
constexpr int kMessages = 200'000;
constexpr int kRounds = 15;

// The same for all instances.
const zb_host* host = nullptr;

template <const zb_step* kStep>
zb_plugin plugin_of(const char* name, const char* summary) {
    zb_plugin plugin{};
    plugin.size = sizeof(zb_plugin);
    plugin.abi_major = ZB_ABI_MAJOR;
    plugin.abi_minor = ZB_ABI_MINOR;
    plugin.name = name;
    plugin.version = "1.0.0";
    plugin.summary = summary;
    plugin.create = [](const zb_host* its_host, zb_context* its_context, void** self) -> zb_result {
        host = its_host;
        *self = its_context;
        return ZB_OK;
    };
    plugin.destroy = [](void*) {};
    plugin.get_extension = [](const char* id) -> const void* {
        return std::string_view(id) == ZB_STEP ? kStep : nullptr;
    };
    return plugin;
}

const zb_plugin* nothing() {
    static constexpr zb_step kStep{sizeof(zb_step), 0,
                                   [](void*, zb_message*) -> zb_verdict { return ZB_PASS; }};
    static const zb_plugin plugin = plugin_of<&kStep>("nothing", "Does nothing.");
    return &plugin;
}

const zb_plugin* keeps() {
    static constexpr zb_step kStep{sizeof(zb_step), 0,
                                   [](void* self, zb_message* message) -> zb_verdict {
                                       auto* its_context = static_cast<zb_context*>(self);
                                       host->release(its_context, host->copy(its_context, message));
                                       return ZB_PASS;
                                   }};
    static const zb_plugin plugin = plugin_of<&kStep>("keeps", "Keeps each message for a moment.");
    return &plugin;
}

// A peer whose socket takes all at once.
class Swallow final : public net::Peer {
 public:
    Swallow(uint64_t number, SocketType type)
        : Peer({PeerId(number), EndpointId(1), type, "", "tcp://10.0.0.7:1", ""}) {}
    void flush() override { outbox_.consume(outbox_.bytes()); }
    void close(Refusal) override {}

 private:
    void on_queued() override {}
};

using Values = std::map<std::string, std::vector<plugin::OptionValue>>;

plugin::OptionValue text(const std::string& value) {
    plugin::OptionValue option;
    option.text = value;
    return option;
}

// A PUSH, one route or several that take each of its messages, a PULL for each.
class Case {
 public:
    Case(std::string its_name, net::Net& net, const routing::ShapeOptions& shape,
         const zb_plugin* step, const Values& values, std::string_view body, size_t routes)
        : name(std::move(its_name)), reactor_(net, clock_, memory_) {
        if (step != nullptr) make_instance(step, values);
        std::vector<intake::Route*> all;
        for (size_t i = 0; i < routes; i++)
            all.push_back(&add_route(shape));
        intake_ = std::make_unique<intake::Intake>(intake::IntakeOptions{}, all, ids_,
                                                   reactor_.timers(), clock_, memory_, nullptr);
        intake_->on_opened(push_);
        for (size_t i = 0; i < kBatch; i++)
            messages_.push_back(make_message(memory_, {body}));
    }
    void round() {
        const std::clock_t start = std::clock();  // processor time: others may use the machine
        for (int i = 0; i < kMessages; i++)
            taken_ += intake_->on_message(push_, messages_[static_cast<size_t>(i) % kBatch]) ==
                              net::Take::kTaken
                          ? 1
                          : 0;
        for (const auto& pull : pulls_)
            pull->flush();
        rounds_.push_back(1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC /
                          kMessages);
    }
    double median_ns() {
        ZB_CHECK(taken_ == uint64_t{kMessages} * rounds_.size(), name, taken_);
        std::sort(rounds_.begin(), rounds_.end());
        return rounds_[rounds_.size() / 2];
    }
    uint64_t delivered() const {
        uint64_t delivered = 0;
        for (const auto& outlet : outlets_)
            delivered += outlet->counters().to_pulls;
        return delivered;
    }

    std::string name;

 private:
    void make_instance(const zb_plugin* step, const Values& values) {
        auto checked = plugin::Declaration::check(step, "");
        ZB_CHECK(checked.ok());
        declaration_ = *std::move(checked);
        plugin::InstanceOptions options;
        options.name = "step";
        options.values = values;
        auto made = plugin::Instance::create(*declaration_, options, services_);
        ZB_CHECK(made.ok(), made.ok() ? "" : made.error()[0].sentence);
        instance_ = *std::move(made);
        ZB_CHECK(instance_->start().ok());
    }
    intake::Route& add_route(const routing::ShapeOptions& shape) {
        auto compiled = routing::Shape::compile(shape, clock_);
        ZB_CHECK(compiled.ok());
        routes_.push_back(
            std::make_unique<intake::Route>("route", std::move(*compiled), std::nullopt));
        intake::Route& route = *routes_.back();
        outlets_.push_back(std::make_unique<delivery::Outlet>("out", SocketTypes{SocketType::kPull},
                                                              delivery::LineOptions{}, reactor_));
        route.add({outlets_.back().get(), nullptr, nullptr});
        pulls_.push_back(std::make_unique<Swallow>(1 + pulls_.size() + 1, SocketType::kPull));
        outlets_.back()->on_opened(*pulls_.back());
        if (!instance_) return route;
        route.workers.push_back(nullptr);
        route.steps =
            std::make_unique<plugin::Pipeline>(std::vector<plugin::Instance*>{instance_.get()},
                                               std::vector<std::string>{"out"}, pulse_, memory_);
        return route;
    }

    RealClock clock_;
    MemoryBudget memory_{256 << 20};
    net::Reactor reactor_;
    plugin::Services services_{&clock_, nullptr, nullptr, {}};
    plugin::Pulse pulse_;
    std::unique_ptr<plugin::Declaration> declaration_;
    std::unique_ptr<plugin::Instance> instance_;
    std::vector<std::unique_ptr<delivery::Outlet>> outlets_;
    std::vector<std::unique_ptr<intake::Route>> routes_;
    intake::MessageIds ids_{1, 1};
    std::unique_ptr<intake::Intake> intake_;
    Swallow push_{1, SocketType::kPush};
    std::vector<std::unique_ptr<Swallow>> pulls_;
    std::vector<Message> messages_;
    uint64_t taken_ = 0;
    std::vector<double> rounds_;
};

}  // namespace

int main() {
    auto net = net::PosixNet::open();
    ZB_CHECK(net.ok());
    const routing::ShapeOptions bare;
    routing::ShapeOptions set;
    set.set.properties = {{"region", "EU"}, {"sender", "$peer.address"}};
    const std::string body(100, 'x'), kilobyte(1 << 10, 'x'), sixteen(16 << 10, 'x');
    const std::vector<std::unique_ptr<Case>> cases = [&] {
        std::vector<std::unique_ptr<Case>> made;
        const auto add = [&](const char* name, const routing::ShapeOptions& shape,
                             const zb_plugin* step, const Values& values, std::string_view what,
                             size_t routes = 1) {
            made.push_back(std::make_unique<Case>(name, **net, shape, step, values, what, routes));
        };
        add("straight", bare, nullptr, {}, body);
        add("a step that does nothing", bare, nothing(), {}, body);
        add("two properties, straight", set, nullptr, {}, body);
        add("two properties, a step that does nothing", set, nothing(), {}, body);
        add("two properties, filter of two comparisons", set, zbridge_plugin_entry_filter(),
            {{"where", {text("region = 'EU' AND sender <> 'nobody'")}},
             {"otherwise", {text("drop")}}},
            body);
        add("straight, JSON", bare, nullptr, {}, kOrder);
        add("mask of one field, JSON", bare, zbridge_plugin_entry_mask(),
            {{"fields", {text("$.card")}},
             {"with", {text("***")}},
             {"format", {text("json")}},
             {"otherwise", {text("refuse")}}},
            kOrder);
        add("three routes, straight", bare, nullptr, {}, body, 3);
        add("three routes, a step that does nothing", bare, nothing(), {}, body, 3);
        add("a copy of 100 B, made and released", bare, keeps(), {}, body);
        add("a copy of 1 KiB, made and released", bare, keeps(), {}, kilobyte);
        add("a copy of 16 KiB, made and released", bare, keeps(), {}, sixteen);
        return made;
    }();
    for (int i = 0; i < kRounds; i++) {
        for (const auto& each : cases)
            each->round();
    }
    std::printf("bodies of %zu bytes, JSON of %zu; the median of %d rounds of %d messages\n",
                body.size(), kOrder.size(), kRounds, kMessages);
    std::vector<double> ns;
    for (const auto& each : cases) {
        ns.push_back(each->median_ns());
        std::printf("%-42s %8.1f ns a message  %8.0f k messages/s  (%llu delivered)\n",
                    each->name.c_str(), ns.back(), 1e6 / ns.back(),
                    static_cast<unsigned long long>(each->delivered()));
    }
    std::printf("a step that does nothing costs %.1f ns, with properties %.1f ns\n", ns[1] - ns[0],
                ns[3] - ns[2]);
    std::printf("the filter costs %.1f ns, %.1f ns of them more than a step that does nothing\n",
                ns[4] - ns[2], ns[4] - ns[3]);
    std::printf("the mask costs %.1f ns\n", ns[6] - ns[5]);
    std::printf("a step that does nothing in each of three routes costs %.1f ns\n", ns[8] - ns[7]);
    std::printf("a kept copy costs %.1f ns for 100 B, %.1f for 1 KiB, %.1f for 16 KiB\n",
                ns[9] - ns[1], ns[10] - ns[1], ns[11] - ns[1]);
    return 0;
}
