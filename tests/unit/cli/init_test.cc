// What `init` writes, and that it writes over nothing.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/cli/ran.h"
#include "tests/unit/support/temp_folder.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("init writes a file that is right for each kind, the same that is in config/") {
    const TempFolder folder;
    for (const auto& [kind, sample] : {std::pair("start", "start.yaml"),
                                       {"rpc", "rpc.yaml"},
                                       {"queue", "queue.yaml"},
                                       {"pubsub", "pubsub.yaml"},
                                       {"topic", "durable.yaml"}}) {
        CAPTURE(kind);
        const std::string path = folder / kind;
        const Ran ran = run({"init", path, "--kind", kind});
        CHECK(ran.exit == Exit::kOk);
        CHECK(has(ran.out, "\n  zbridge run " + path + "\n"));
        CHECK(content_of(path) == content_of(ZBRIDGE_SOURCE_DIR "/config/" + std::string(sample)));
        CHECK(run({"check", "--strict", path}).exit == Exit::kOk);
    }
}

TEST_CASE("what init writes is for this machine alone, and says how it is opened") {
    for (const char* kind : {"start", "rpc", "queue", "pubsub", "topic"}) {
        CAPTURE(kind);
        const std::string text = run({"init", "-", "--kind", kind}).out;
        for (size_t at = text.find("tcp://"); at != std::string::npos;
             at = text.find("tcp://", at + 1))
            CHECK(text.substr(at).starts_with("tcp://127.0.0.1:"));
        CHECK(has(text, "write `*` in its place"));
    }
}

TEST_CASE("init without a kind has a service, a topic and a group") {
    const Ran ran = run({"init", "-"});
    CHECK(ran.exit == Exit::kOk);
    for (const char* section : {"\nservices:\n", "\ntopics:\n", "\ngroups:\n"})
        CHECK(has(ran.out, section));
}

TEST_CASE("init leaves alone what is there, and says so") {
    const TempFolder folder;
    const std::string path = folder / "bridge.yaml";
    folder.write("bridge.yaml", "mine");
    const Ran ran = run({"init", path});
    CHECK(ran.exit == Exit::kFailed);
    CHECK(ran.err == "zbridge: init: " + path + " is there already: nothing was written\n");
    CHECK(folder.read("bridge.yaml") == "mine");
    std::filesystem::create_symlink(folder / "nowhere", folder / "link");
    CHECK(run({"init", folder / "link"}).exit == Exit::kFailed);
    CHECK_FALSE(folder.has("nowhere"));
    const Ran lost = run({"init", folder / "no/bridge.yaml"});
    CHECK(lost.exit == Exit::kFailed);
    CHECK(has(lost.err, "bridge.yaml: No such file or directory"));
}

TEST_CASE("init takes a kind that stands in the place of the file for what was meant") {
    const Ran ran = run({"init", "rpc"});
    CHECK(ran.exit == Exit::kUsage);
    CHECK(has(ran.err, "rpc is a kind: expected a file, or --kind rpc"));
}

TEST_CASE("init says as JSON what it wrote, and a kind that is none is told which there are") {
    const TempFolder folder;
    const Ran ran = run({"init", folder / "a.yaml", "--kind", "rpc", "--json"});
    CHECK(has(ran.out, "\"file\": \"" + (folder / "a.yaml") + "\""));
    CHECK(has(ran.out, "\"kind\": \"rpc\""));
    CHECK(run({"init", "-", "--json"}).exit == Exit::kUsage);
    CHECK(has(run({"init", "-", "--kind", "pubsbu"}).err, "did you mean \"pubsub\"?"));
}
