#include "tests/sim/topic_world.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "bridge/app/linked_in.h"
#include "bridge/settings/load.h"

namespace zbridge::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t kIn = 7001, kOut = 7002;
constexpr uint32_t kLivesMax = 5;
constexpr Duration kDiskTimeMax = milliseconds(3);  // of what a thread does at once
constexpr size_t kBytesMax = 20'000;                // of a message: so that segments are filled

constexpr const char* kFile = R"(
bridge: { data_dir: /data }
plugins: { durable: { config: { segment_bytes: 1MiB, hot_memory: 1MiB, read_memory: 1MiB } } }
endpoints:
  in: { bind: tcp://127.0.0.1:7001 }
  out: { bind: tcp://127.0.0.1:7002 }
topics:
  orders: {}
routes:
  - { from: in, to: topic/orders }
  - { from: topic/orders, to: out, start: earliest }
)";

}  // namespace

void TopicStatistics::add(const TopicStatistics& other) {
    published += other.published;
    receipted += other.receipted;
    kept += other.kept;
    read += other.read;
    power_losses += other.power_losses;
    stops += other.stops;
    turns += other.turns;
}

TopicWorld::TopicWorld(uint64_t seed, bool print_script)
    : print_script_(print_script),
      agenda_(clock_),
      trace_(false),
      random_(seed * 2 + 1),
      net_random_(seed * 2 + 0x70b1c),
      net_({}, net_random_, agenda_, trace_) {
    catalog_ = std::make_unique<plugin::Catalog>(app::linked_in_plugins(),
                                                 std::vector<std::string>(), clock_);
    auto loaded = settings::load_text(
        kFile, "sim.yaml", [](const std::string&) { return std::nullopt; }, catalog_.get());
    if (loaded.config)
        config_ = *std::move(loaded.config);
    else
        fail(loaded.errors[0].text());
    if (!disk_.make_dir("/data").ok() || !disk_.sync_dir("/").ok()) fail("there is no disk");
    const uint64_t producers = 1 + random_.below(4);
    for (uint64_t i = 0; i < producers; i++) {
        published_.push_back(std::make_unique<Published>());
        published_.back()->name = "p" + std::to_string(i);
    }
}

TopicWorld::~TopicWorld() = default;

void TopicWorld::fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
    net_.wake();
}

void TopicWorld::script(const std::string& what) const {
    if (!print_script_) return;
    std::printf("  %10.3f ms  %s\n",
                static_cast<double>(agenda_.now().time_since_epoch().count()) / 1e6, what.c_str());
}

Surroundings TopicWorld::around() {
    return {net_, agenda_, random_, trace_, [this](const std::string& what) { fail(what); }};
}

PeerSetup TopicWorld::peer_setup(const std::string& type, uint16_t port) {
    PeerSetup setup;
    setup.number = next_peer_++;
    setup.type = type;
    setup.zmtp = random_.below(2) == 0 ? Zmtp::k30 : Zmtp::k31;
    setup.eager = random_.below(3) == 0;
    setup.port = port;
    setup.bridge_name = config_.bridge.name;
    if (random_.below(3) == 0) setup.think_max = milliseconds(1 + random_.below(5));
    return setup;
}

void TopicWorld::open_bridge(bool clean) {
    executors_.clear();
    disk_planned_ = false;
    life_++;
    const auto make_executor = [this](ExecutorOptions options) -> std::unique_ptr<Executor> {
        auto made = std::make_unique<SimExecutor>(std::move(options), random_);
        executors_.push_back(made.get());
        return made;
    };
    auto opened = app::Bridge::open(
        config_, {net_, clock_, *this, rpc::Life{Epoch(7 + life_), clean, clock_.now()},
                  catalog_.get(), make_executor, nullptr, &disk_, &random_, "/data"});
    if (!opened.ok()) return fail("the bridge does not open: " + opened.error().message());
    bridge_ = std::move(opened).value();
    // One whose connection is still on its way would come beside its next self.
    for (const auto& each : producers_)
        each->die();
    for (const auto& each : published_) {
        const bool receipts = random_.below(3) > 0;
        producers_.push_back(std::make_unique<TopicProducer>(
            peer_setup(receipts ? "REQ" : "PUSH", kIn), around(), *each, kBytesMax));
        producers_.back()->join();
    }
    for (uint64_t readers = random_.below(3); readers > 0; readers--)
        new_reader();
}

TopicReader& TopicWorld::new_reader() {
    readers_.push_back(std::make_unique<TopicReader>(peer_setup("SUB", kOut), around()));
    readers_.back()->join();
    return *readers_.back();
}

// What the journal's threads do takes time, and comes in pieces.
void TopicWorld::plan_disk_work() {
    const bool any = std::any_of(executors_.begin(), executors_.end(),
                                 [](const SimExecutor* each) { return each->tasks() > 0; });
    if (!any || disk_planned_) return;
    disk_planned_ = true;
    agenda_.after(some_time(kDiskTimeMax), [this, life = life_] {
        if (life != life_) return;
        disk_planned_ = false;
        for (SimExecutor* each : executors_)
            each->run_some();
        net_.wake();
    });
}

void TopicWorld::turn() {
    plan_disk_work();
    bridge_->reactor().turn(true);
    if (++turns_ > kTurnsMax) fail("no end in sight");
}

void TopicWorld::live(Duration length) {
    bool over = false;
    agenda_.after(length, [&] {
        over = true;
        net_.wake();
    });
    while (!over && failure_.empty())
        turn();
}

void TopicWorld::stop() {
    script("the bridge ends in order");
    statistics_.stops++;
    bridge_->request_stop();
    while (!bridge_->ended() && failure_.empty())
        turn();
    bridge_->stop_plugins();
    if (!bridge_->ended_clean()) fail("an end in order was none");
    bridge_.reset();
}

void TopicWorld::lose_power() {
    script("the power goes");
    statistics_.power_losses++;
    disk_.crash(random_);
    // What its threads still do goes to a disk that is dead; what reaches the disk after that is lost.
    bridge_.reset();
    disk_.crash(random_);
}

// All that the topic has is `all`.
void TopicWorld::check(const Log& all) {
    std::map<std::string, std::vector<uint64_t>> of;
    for (const auto& [name, number] : all)
        of[name].push_back(number);
    for (const auto& each : published_) {
        const auto& numbers = of[each->name];
        for (size_t i = 1; i < numbers.size(); i++) {
            if (numbers[i] <= numbers[i - 1])
                fail(each->name + ": " + std::to_string(numbers[i]) + " comes behind " +
                     std::to_string(numbers[i - 1]));
        }
        for (const uint64_t number : each->receipted) {
            if (!std::binary_search(numbers.begin(), numbers.end(), number))
                fail(each->name + ": " + std::to_string(number) + " was receipted, and is lost");
        }
        if (!numbers.empty() && numbers.back() >= each->next)
            fail(each->name + ": a message that nobody has published");
        statistics_.published += each->next;
        statistics_.receipted += each->receipted.size();
    }
    for (const auto& reader : readers_) {
        const Log& got = reader->log();
        statistics_.read += got.size();
        if (got.size() > all.size() || !std::equal(got.begin(), got.end(), all.begin()))
            fail(reader->name() + " got what the topic does not have now");
    }
    statistics_.kept += all.size();
}

void TopicWorld::run() {
    if (!failure_.empty()) return;
    open_bridge(true);
    for (uint64_t life = 1 + random_.below(kLivesMax); life > 0 && failure_.empty(); life--) {
        live(some_time(milliseconds(800)));
        if (!failure_.empty()) break;
        const bool clean = random_.below(3) == 0;
        // Sometimes the disk is gone for a moment before the bridge is.
        if (!clean && random_.below(2) == 0) {
            disk_.cut_power_at(disk_.operations() + random_.below(20));
            live(some_time(milliseconds(50)));
        }
        if (!failure_.empty()) break;
        if (clean)
            stop();
        else
            lose_power();
        disk_.cut_power_at(UINT64_MAX);
        if (failure_.empty()) open_bridge(clean);
    }
    for (const auto& each : published_)
        each->enough = true;
    if (failure_.empty()) live(seconds(1));  // what is on its way
    if (failure_.empty()) {
        net_.hurry();
        TopicReader& last = new_reader();
        last.hurry();
        for (size_t before = 1; failure_.empty() && before != last.log().size();) {
            before = last.log().size();
            live(seconds(1));
        }
        check(last.log());
    }
    statistics_.turns = turns_;
    trace_.note(agenda_.now(), "end", statistics_.receipted, statistics_.kept, turns_);
}

}  // namespace zbridge::sim
