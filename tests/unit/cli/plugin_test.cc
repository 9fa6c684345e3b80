#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "bridge/cli/plugin_check/elf.h"
#include "bridge/cli/plugin_check/run_stage.h"
#include "tests/unit/cli/ran.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

namespace {

namespace fs = std::filesystem;

const std::string kFolder = ZBRIDGE_CLUMSY_FOLDER;
const std::string kClumsy = kFolder + "/clumsy.so";

Ran check(const std::string& mistake) {
    return run({"plugin", "check", kClumsy, "--seed", "1", "--set", "mistake=" + mistake});
}

// A working folder of its own, left again at its end.
class Elsewhere {
 public:
    Elsewhere() : before_(fs::current_path()) {
        std::string name = (fs::temp_directory_path() / "zbridge-cli-XXXXXX").string();
        here_ = mkdtemp(name.data());
        fs::current_path(here_);
    }
    ~Elsewhere() {
        fs::current_path(before_);
        fs::remove_all(here_);
    }

 private:
    fs::path before_, here_;
};

}  // namespace

TEST_CASE("`plugin` alone is a mistake, and its help is the list of its commands") {
    CHECK(run({"plugin"}).exit == Exit::kUsage);
    CHECK(run({"plugin", "--help"}).exit == Exit::kOk);
    CHECK(has(run({"help", "plugin"}).out, "plugin check"));
    CHECK(has(run({"help", "plugin", "new"}).out,
              "usage: zbridge plugin new NAME --kind KIND [--lang LANG]"));
    CHECK(has(run({"plugin", "lss"}).err, "did you mean \"plugin ls\"?"));
}

TEST_CASE(
    "plugin ls has those linked in and those of the search folders; a file that does not load is "
    "named") {
    Elsewhere elsewhere;
    fs::copy(kClumsy, "clumsy.so");
    std::ofstream("broken.so") << "no plugin";
    const auto ran = run({"plugin", "ls"}, {.plugin_path = fs::current_path().string()});
    CHECK(ran.exit == Exit::kOk);
    CHECK(has(ran.out, "mask"));
    CHECK(has(ran.out, "clumsy"));
    CHECK(has(ran.out, "does not load: " + (fs::current_path() / "broken.so").string()));
    CHECK(has(run({"plugin", "ls", "--json"}).out, "\"name\": \"file-sink\""));
}

TEST_CASE(
    "plugin info shows options and YAML to begin with; an unknown name is told what was meant") {
    const auto ran = run({"plugin", "info", "mask"});
    CHECK(ran.exit == Exit::kOk);
    CHECK(has(ran.out, "fields (required)  text, or a list"));
    CHECK(has(ran.out, "      fields: [card, $.customer.iban]\n"));
    CHECK(has(run({"plugin", "info", kClumsy}).out, "use: " + kClumsy));
    CHECK(has(run({"plugin", "info", "mask", "--json"}).out, "\"key\": \"keep_last\""));
    CHECK(run({"plugin", "info", "maks"}).exit == Exit::kFailed);
    CHECK(has(run({"plugin", "info", "maks"}).err, "did you mean \"mask\"?"));
}

TEST_CASE("plugin new writes a folder whose YAML is right once it is built") {
    Elsewhere elsewhere;
    for (const char* kind : {"step", "source", "sink"}) {
        for (const char* language : {"c", "cpp"}) {
            const std::string name = std::string("my-") + kind + "-" + language;
            const std::string extension = std::string(language) == "c" ? ".c" : ".cc";
            CHECK(run({"plugin", "new", name, "--kind", kind, "--lang", language}).exit ==
                  Exit::kOk);
            for (const std::string& file :
                 {name + extension, name + "_test.cc", name + ".yaml",
                  std::string("CMakeLists.txt"), std::string("README.md")}) {
                std::stringstream text;
                text << std::ifstream(fs::path(name) / file).rdbuf();
                CHECK(!text.str().empty());
                for (const char* mark : {"{{name}}", "{{class}}", "{{kind}}", "{{lang}}",
                                         "{{prefix}}", "{{prefix_note}}"})
                    CHECK_FALSE(has(text.str(), mark));
            }
        }
    }
}

TEST_CASE("plugin new of a program that is not installed says what PREFIX is") {
    Elsewhere elsewhere;
    const auto made = run({"plugin", "new", "mine", "--kind", "step"});
    std::stringstream readme;
    readme << std::ifstream("mine/README.md").rdbuf();
    for (const std::string& text : {made.out, readme.str()}) {
        CHECK(has(text, "-DCMAKE_PREFIX_PATH=PREFIX "));
        CHECK(has(text, "\n\nPREFIX is where zbridge is installed"));
    }
}

TEST_CASE("plugin new refuses what is there already, and names that are none") {
    Elsewhere elsewhere;
    CHECK(run({"plugin", "new", "mine", "--kind", "step"}).exit == Exit::kOk);
    const auto again = run({"plugin", "new", "mine", "--kind", "sink"});
    CHECK(again.exit == Exit::kUsage);
    CHECK(has(again.err, "./mine is there already"));
    for (const char* name : {"Mine", "a/b", "..", "", "test", "-x"}) {
        CHECK(run({"plugin", "new", name, "--kind", "step"}).exit == Exit::kUsage);
    }
    CHECK(run({"plugin", "new", "other", "--kind", "gateway"}).exit == Exit::kUsage);
    CHECK(run({"plugin", "new", "other"}).exit == Exit::kUsage);
    CHECK_FALSE(fs::exists("other"));
}

TEST_CASE("plugin check has nothing against a plugin without mistakes") {
    const auto ran = check("none");
    CHECK(ran.exit == Exit::kOk);
    CHECK(has(ran.out, "20000 messages: pass 20000"));
    CHECK(has(ran.out, "no findings; --seed 1"));
}

TEST_CASE("plugin check finds each mistake and says where it was made") {
    const std::pair<const char*, const char*> mistakes[] = {
        {"no_nul", "in create"},
        {"create_opens", "create has side effects, 1 open file"},
        {"create_crashes", "in create, with `name`: 64 KiB long"},
        {"thread_stays", "after stop and destroy there is still 1 thread"},
        {"no_start", "start failed: the device is not there"},
        {"reads_beyond", "in on_message, message "},
        {"reads_later", "in on_message, message 100"},
        {"writes", "it writes into views"},
        {"crashes", "in on_message, message 12"},
        {"exits", "it ended the process in on_message, message 12 (exit status 3)"},
        {"nonsense", "20000 answers of on_message are no verdict, the last was 42"},
        {"silent", "20000 times it answered ZB_ERROR and did not say why"},
        {"aimless", "20000 times it answered ZB_ROUTE without set_target()"},
        {"keeps", "1000 messages that it has made or copied were never released"},
    };
    for (const auto& [mistake, sentence] : mistakes) {
        const auto ran = check(mistake);
        INFO(mistake << ": " << ran.out);
        CHECK(ran.exit == Exit::kFindings);
        CHECK(has(ran.out, sentence));
    }
}

TEST_CASE("plugin check of what is no plugin, and of options that it has not") {
    CHECK(run({"plugin", "check", "no/such.so"}).exit == Exit::kFindings);
    CHECK(has(run({"plugin", "check", ZBRIDGE_SOURCE_DIR "/README.md"}).out,
              "it is no shared object"));
    CHECK(has(run({"plugin", "check", kClumsy, "--set", "mistke=none"}).out,
              "did you mean \"mistake\"?"));
    CHECK(has(run({"plugin", "check", kClumsy, "--set", "mistake"}).out, "expected KEY=VALUE"));
    CHECK(has(run({"plugin", "check", kClumsy, "--seed", "1", "--json"}).out, "\"ok\": true"));
}

TEST_CASE(
    "a file that ends in the middle of its tables is no shared object, and nothing else happens") {
    Elsewhere elsewhere;
    std::stringstream whole;
    whole << std::ifstream(kClumsy, std::ios::binary).rdbuf();
    const std::string bytes = whole.str();
    for (size_t size = 0; size < bytes.size(); size += 997) {
        std::ofstream("cut.so", std::ios::binary | std::ios::trunc) << bytes.substr(0, size);
        const auto symbols = cli::read_symbols("cut.so");
        CHECK((!symbols.ok() || symbols->exported.size() <= 1));
    }
}

TEST_CASE("a stage that does not return is ended, and what it was about to do is named") {
    const auto report =
        cli::run_stage("messages", "/tmp", std::chrono::seconds(1), [](cli::Board& board) {
            board.at("on_message");
            board.number(7);
            for (;;)
                pause();
        });
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0] == "it did not return from on_message, message 7 within 1 s");
}
