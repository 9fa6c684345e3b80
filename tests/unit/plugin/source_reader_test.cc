#include "bridge/plugin/source_reader.h"

#include <doctest/doctest.h>

#include <deque>

#include "tests/unit/plugin/worker_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using plugin::LooseMessage;
using plugin::SourceReader;

namespace {

struct Rig final : plugin::SourceTarget {
    ~Rig() override { rig.end(); }
    SourceReader& reader() {
        if (!reader_) {
            rig.it.script.read = [this](uint64_t) { return read(); };
            rig.it.script.outcome = [this](const zb_outcome& one) {
                known.push_back(std::to_string(one.cookie) +
                                (one.result == ZB_ACCEPTED ? "" : " " + text_of(one.reason)));
            };
            reader_ = std::make_unique<SourceReader>(rig.worker(), rig.timers, rig.clock);
            reader_->attach(*this);
        }
        return *reader_;
    }
    // Delivers what waits, as far as the bridge takes it.
    zb_result read() {
        reads++;
        const zb_host& host = *rig.it.script.host;
        if (fails) {
            host.set_error(rig.it.script.context, ZB_FAILED, 1, view_of("no such file"));
            return ZB_FAILED;
        }
        while (!waiting.empty()) {
            const zb_view frame = view_of(waiting.front());
            zb_message* message = host.make(rig.it.script.context);
            REQUIRE(host.set_frames(message, &frame, 1) == ZB_OK);
            const zb_result result = host.deliver(rig.it.script.context, message, ++cookie);
            host.release(rig.it.script.context, message);
            if (result != ZB_OK) {
                CHECK(result == ZB_FULL);
                cookie--;
                break;
            }
            waiting.pop_front();
        }
        return ZB_OK;
    }
    bool take(const LooseMessage& message, uint64_t its_cookie) override {
        if (!has_room) return false;
        taken.push_back(message.frames[0]);
        if (at_once) reader().outcome(its_cookie, true, "");
        return true;
    }
    // The thread does one round, and the reactor hears of it.
    void round() {
        rig.work();
        rig.hear();
    }

    WorkerRig rig;
    std::deque<std::string> waiting;
    std::vector<std::string> taken, known;
    uint64_t cookie = 0;
    int reads = 0;
    bool fails = false, has_room = true, at_once = false;

 private:
    std::unique_ptr<SourceReader> reader_;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what a source delivers is taken in order, and its outcomes come back once each") {
    Rig rig;
    rig.waiting = {"a", "b", "c"};
    rig.reader().begin();
    rig.round();
    CHECK(rig.taken == Texts{"a", "b", "c"});
    CHECK(rig.reader().open() == 3);
    rig.reader().outcome(2, true, "");
    rig.reader().outcome(1, false, "undecodable");
    for (int i = 0; i < 3; i++)
        rig.round();
    CHECK(rig.known == Texts{"2", "1 undecodable"});
    CHECK(rig.reader().open() == 1);
    CHECK(rig.rig.it.instance->counters.accepted == 1);
    CHECK(rig.rig.it.instance->counters.rejected == 1);
}

TEST_CASE("an outcome from within is told in the next round") {
    Rig rig;
    rig.at_once = true;
    rig.waiting = {"a", "b", "c"};
    rig.reader().begin();
    rig.round();
    CHECK(rig.reader().open() == 0);
    rig.round();
    CHECK(rig.known == Texts{"1", "2", "3"});
    CHECK(rig.reads == 2);
}

TEST_CASE("as many messages as the window are without an outcome; then the source is not read") {
    Rig rig;
    rig.rig.it.options.window = 2;
    rig.waiting = {"a", "b", "c"};
    rig.reader().begin();
    rig.round();
    CHECK(rig.taken == Texts{"a", "b"});
    CHECK_FALSE(rig.rig.work());
    rig.reader().outcome(1, true, "");
    rig.round();
    CHECK(rig.taken == Texts{"a", "b", "c"});
    CHECK(rig.known == Texts{"1"});
}

TEST_CASE("while its target has no room the source is not read, and nothing is lost") {
    Rig rig;
    rig.has_room = false;
    rig.waiting = {"a", "b"};
    rig.reader().begin();
    rig.round();
    CHECK(rig.taken.empty());
    CHECK_FALSE(rig.rig.work());
    rig.reader().go_on();
    CHECK_FALSE(rig.rig.work());
    rig.has_room = true;
    rig.reader().go_on();
    CHECK(rig.taken == Texts{"a", "b"});
    CHECK(rig.rig.work());
}

TEST_CASE("a read brings 4 MiB at most, but one message always") {
    Rig rig;
    const std::string large(SourceReader::kReadBytesMax + 1, 'x');
    rig.rig.it.options.keep_bytes = 2 * large.size();
    rig.waiting = {large, "b"};
    rig.reader().begin();
    rig.round();
    CHECK(rig.taken.size() == 1);
    rig.round();
    CHECK(rig.taken.size() == 2);
}

TEST_CASE("a read that fails comes again after a pause, which grows; health has its sentence") {
    Rig rig;
    rig.fails = true;
    rig.reader().begin();
    rig.round();
    CHECK(rig.rig.it.instance->context().health().second ==
          "plugin scripted (scripted 1.2.3) cannot read: no such file");
    Duration pause = 10ms;
    for (int i = 0; i < 12; i++) {
        CHECK_FALSE(rig.rig.work());
        rig.rig.pass(pause - 1ms);
        CHECK_FALSE(rig.rig.work());
        rig.rig.pass(1ms);
        rig.round();
        pause = std::min<Duration>(2 * pause, 10s);
    }
    CHECK(rig.reads == 13);
    rig.fails = false;
    rig.rig.pass(10s);
    rig.round();
    CHECK(rig.rig.it.instance->context().health().first);
    CHECK(rig.rig.work());
}

TEST_CASE("outcomes do not wait for the pause after a failed read") {
    Rig rig;
    rig.waiting = {"a"};
    rig.reader().begin();
    rig.round();
    rig.fails = true;
    rig.round();
    rig.reader().outcome(1, true, "");
    rig.round();
    CHECK(rig.known == Texts{"1"});
    CHECK(rig.reads == 2);
}

TEST_CASE("a source that cannot take its outcomes is degraded until it takes others") {
    Rig rig;
    rig.waiting = {"a", "b", "c"};
    SourceReader& reader = rig.reader();
    Script& script = rig.rig.it.script;
    const auto take = script.outcome;
    bool throws = false;
    SUBCASE("it says so") {
        script.outcome = [&](const zb_outcome&) {
            script.host->set_error(script.context, ZB_FAILED, 0, view_of("no position"));
        };
    }
    SUBCASE("it throws") {
        throws = true;
        script.outcome = [](const zb_outcome&) { throw std::runtime_error("no position"); };
    }
    const auto health = [&] { return rig.rig.it.instance->context().health(); };
    reader.begin();
    rig.round();
    reader.outcome(1, true, "");
    rig.round();  // the read that runs
    rig.round();
    CHECK(health() ==
          std::pair<bool, std::string>(
              false, std::string("plugin scripted (scripted 1.2.3) cannot take outcomes: ") +
                         (throws ? "it threw an exception: " : "") + "no position"));
    rig.round();  // a read that goes well is no outcome that is taken
    CHECK_FALSE(health().first);
    script.outcome = take;
    reader.outcome(2, true, "");
    rig.round();
    rig.round();
    CHECK(rig.known == Texts{"2"});
    CHECK(health().first);
}

TEST_CASE("a read that fails and recovers leaves what the source says of its health") {
    Rig rig;
    rig.fails = true;
    rig.reader().begin();
    Script& script = rig.rig.it.script;
    script.host->set_health(script.context, 0, view_of("stopped at a message"));
    rig.round();
    rig.fails = false;
    rig.rig.pass(10ms);
    rig.round();
    CHECK(rig.rig.it.instance->context().health() ==
          std::pair<bool, std::string>(false, "stopped at a message"));
}

TEST_CASE("after end() nothing is read, outcomes go on, and it is idle when all are known") {
    Rig rig;
    rig.waiting = {"a", "b"};
    rig.reader().begin();
    rig.rig.work();
    rig.reader().end();
    rig.rig.hear();
    CHECK(rig.taken == Texts{"a", "b"});
    CHECK_FALSE(rig.reader().idle());
    CHECK_FALSE(rig.rig.work());
    rig.reader().outcome(1, true, "");
    rig.reader().outcome(2, true, "");
    CHECK_FALSE(rig.reader().idle());
    rig.rig.settle();
    CHECK(rig.known == Texts{"1", "2"});
    CHECK(rig.reader().idle());
    CHECK(rig.reads == 1);
}

TEST_CASE("a source that throws has failed to read; what it had delivered counts") {
    Rig rig;
    SourceReader& reader = rig.reader();
    rig.rig.it.script.read = [&](uint64_t) -> zb_result {
        rig.waiting = {"a"};
        (void)rig.read();
        throw std::runtime_error("a bug");
    };
    reader.begin();
    rig.round();
    CHECK(rig.taken == Texts{"a"});
    CHECK(rig.rig.it.instance->context().health().second.find("it threw an exception: a bug") !=
          std::string::npos);
}
