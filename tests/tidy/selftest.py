"""Feeds each check of this folder a bad sample, and sees it fail; and a good one, and sees it pass."""

import pathlib
import shutil
import tempfile
import unittest

import clang_tidy
import format
import headers
import install
import layers
import named_tests
import owners
import packages
import readme
import sizes
import tree
import words

HERE = pathlib.Path(__file__).resolve().parent


class Sample(unittest.TestCase):
    """A small tree in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def assert_one(self, found, *parts):
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])


class Layers(Sample):
    def found(self):
        return layers.problems(self.root, HERE / "layers.txt")

    def setUp(self):
        super().setUp()
        for path in ("base/check.h", "net/peer.h", "net/address.h", "net/options.h", "rpc/service.h", "app/bridge.h"):
            self.write("bridge/" + path, "")

    def test_an_include_along_the_flow_passes(self):
        self.write("bridge/rpc/service.cc", '#include "bridge/rpc/service.h"\n#include <map>\n#include "bridge/net/peer.h"\n')
        self.write("bridge/settings/config.h", '#include "bridge/net/address.h"\n#include "bridge/net/options.h"\n')
        self.write("bridge/app/bridge.cc", '#include "bridge/rpc/service.h"\n')
        self.assertEqual(self.found(), [])

    def test_an_include_that_turns_back_fails(self):
        self.write("bridge/net/peer.cc", '\n#include "bridge/rpc/service.h"\n')
        self.assert_one(self.found(), "bridge/net/peer.cc:2", "bridge/rpc/service.h")

    def test_settings_knows_options_and_not_the_parts(self):
        self.write("bridge/settings/load.cc", '#include "bridge/net/peer.h"\n')
        self.assert_one(self.found(), "bridge/net/peer.h")

    def test_nobody_below_app_includes_app(self):
        for folder in ("base", "model", "net", "routing", "telemetry", "plugin", "intake", "rpc", "delivery", "settings",
                       "protocol", "admin"):
            self.write(f"bridge/{folder}/x.cc", '#include "bridge/app/bridge.h"\n')
        self.assertEqual(len(self.found()), 12)

    def test_a_plugin_includes_the_sdk_and_base_only(self):
        self.write("plugins/sdk/plugin.h", "")
        self.write("plugins/durable/store.cc", '#include "plugins/sdk/plugin.h"\n#include "bridge/base/check.h"\n')
        self.assertEqual(self.found(), [])
        self.write("plugins/durable/store.cc", '#include "bridge/net/peer.h"\n')
        self.assert_one(self.found(), "plugins/durable/store.cc:1")

    def test_an_include_that_is_not_root_relative_fails(self):
        self.write("bridge/net/peer.cc", '#include "peer.h"\n')
        self.assert_one(self.found(), "no path from the root")
        self.write("bridge/net/peer.cc", "#include <bridge/net/peer.h>\n")
        self.assert_one(self.found(), "in <>")

    def test_an_example_includes_its_like_and_nothing_of_the_bridge(self):
        self.write("examples/arguments.h", "")
        self.write("examples/bank/client.cc", '#include "../arguments.h"\n')
        self.assertEqual(self.found(), [])
        self.write("examples/bank/client.cc", '#include "bridge/base/check.h"\n')
        self.assert_one(self.found(), "examples/bank/client.cc:1")

    def test_a_circle_fails(self):
        self.write("bridge/net/a.h", '#include "bridge/net/b.h"\n')
        self.write("bridge/net/b.h", '#include "bridge/net/a.h"\n')
        self.assert_one(self.found(), "circle", "bridge/net/a.h -> bridge/net/b.h -> bridge/net/a.h")

    def test_a_folder_without_a_line_fails(self):
        self.write("bridge/misc/x.h", "")
        self.assert_one(self.found(), "bridge/misc/x.h:1", "no line")

    def test_a_table_that_names_a_folder_below_fails(self):
        self.write("layers.txt", "bridge/base : bridge/net\nbridge/net :\nbridge/rpc:\nbridge/app:\n")
        self.assert_one(layers.problems(self.root, self.root / "layers.txt"), "layers.txt:1", "not above")


class Owners(Sample):
    def found(self):
        return owners.problems(self.root, HERE / "owners.txt")

    def test_each_foreign_thing_fails_outside_its_folder_and_passes_inside(self):
        for line, owner in (
                ("zmq_send(a, b);", "bridge/net"), ("zmq::socket_t s;", "bridge/net"), ("#include <zmq.hpp>", "bridge/net"),
                ("#include <sys/socket.h>", "bridge/net"), ("#include <sys/epoll.h>", "bridge/net"),
                ("YAML::Node n;", "bridge/settings"), ("#include <yaml-cpp/yaml.h>", "bridge/settings"),
                ("void* so = dlopen(path, 0);", "bridge/plugin"), ('spdlog::info("x");', "bridge/telemetry"),
                ("#include <simdjson.h>", "bridge/routing"), ("msgpack::object o;", "bridge/routing"),
                ("msgpack_pack_nil(p);", "bridge/protocol"), ("CLI::App app;", "bridge/cli"),
                ("rocksdb::DB* db;", "plugins/durable/index"),
                ("auto t = std::chrono::steady_clock::now();", "bridge/base"),
                ("auto t = std::chrono::system_clock::now();", "bridge/base"), ("auto t = time(nullptr);", "bridge/base"),
                ("time(&now);", "bridge/base"), ("clock_gettime(CLOCK_REALTIME, &t);", "bridge/base"),
                ("int x = rand();", "bridge/base"), ("srand(1);", "bridge/base"), ("std::random_device r;", "bridge/base"),
                ("getrandom(&x, 8, 0);", "bridge/base"), ("std::mt19937 g;", "bridge/base"),
                ("std::this_thread::sleep_for(1ms);", "bridge/base")):
            with self.subTest(line):
                self.write("bridge/other/x.cc", "\n" + line + "\n")
                self.assert_one(self.found(), "bridge/other/x.cc:2")
                (self.root / "bridge/other/x.cc").unlink()
                self.write(owner + "/x.cc", line + "\n")
                self.assertEqual(self.found(), [])
                (self.root / owner / "x.cc").unlink()

    def test_comments_literals_and_names_that_only_look_alike_pass(self):
        self.write("bridge/rpc/x.cc", """
            // zmq_send would block here; YAML:: too
            /* std::random_device
               dlopen */
            auto text = "zmq_send spdlog::info";
            auto raw = R"(YAML::Node)";
            auto timeout = options.time(); auto n = 1'000'000; auto r = random_.next();
            bool zmq_like = false;
        """.replace("bool zmq_like", "bool like_zmq"))
        self.assertEqual(self.found(), [])


class Words(Sample):
    def found(self):
        return words.problems(self.root, HERE / "words.txt")

    def test_paths_of_a_machine_numbers_of_a_list_and_conflicts_fail(self):
        for bad in ("see /" + "work/thing", "cd /" + "home/me", "/" + "root/x", "as issue" + " 12 says", "<" * 7 + " HEAD"):
            with self.subTest(bad):
                self.write("docs/x.md", bad + "\n")
                self.assert_one(self.found(), "docs/x.md:1", "does not belong")

    def test_a_host_that_is_not_named_fails(self):
        for bad in ("https:#mirror.invalid/simple", "index = pkgs.somewhere." + "org", "http:#10.0.0.1/x",
                    "https:#example.com." + "evil.net/", "https:#notexample" + ".com"):
            with self.subTest(bad):
                self.write("config/x.yaml", bad.replace("#", "//") + "\n")
                self.assert_one(self.found(), "config/x.yaml:1", "host")

    def test_hosts_that_are_named_and_plain_words_pass(self):
        self.write("docs/x.md", "https://rfc.zeromq.org/spec/23/ http://127.0.0.1:8090/metrics example.com\n"
                                "framework/work/x `import org.zeromq.ZMQ;` std::out.io bridge.name a.b.c x.io()\n")
        self.assertEqual(self.found(), [])

    def test_bytes_that_are_no_text_pass(self):
        self.write("x.bin", "")
        (self.root / "x.bin").write_bytes(b"\xff\xfe/" + b"work/x")
        self.assertEqual(self.found(), [])


class Sizes(Sample):
    def test_functions_are_counted_from_their_first_line_to_their_brace(self):
        text = ("namespace a {\n\nint one() {\n    if (true) {\n    }\n    return 1;\n}\n\n"
                "int two(int x,\n        int y) {\n    return x;\n}\n\nstruct S {\n    int x;\n};\n\nint z;\n}\n")
        self.assertEqual(sizes.functions(text), [(3, 5), (9, 4)])

    def test_the_report_names_the_longest(self):
        self.write("bridge/base/short.cc", "\n" * 3)
        self.write("bridge/base/long.cc", "\n" * 30)
        self.assertIn("longest: bridge/base/long.cc 30", sizes.report(self.root)[0])


class Headers(Sample):
    def found(self, commands=None):
        return headers.problems(self.root, commands or {}, self.root / "cache", 2)

    def test_a_header_that_needs_another_first_fails_and_is_remembered_only_once_it_passes(self):
        self.write("bridge/base/a.h", "#pragma once\nstruct A {};\n")
        self.write("bridge/base/b.h", "#pragma once\nstruct B { A a; };\n")
        self.assert_one(self.found(), "bridge/base/b.h")
        self.assert_one(self.found(), "bridge/base/b.h")
        self.write("bridge/base/b.h", '#pragma once\n#include "bridge/base/a.h"\nstruct B { A a; };\n')
        self.assertEqual(self.found(), [])
        self.write("bridge/base/a.h", "#pragma once\nstruct C {};\n")
        self.assert_one(self.found(), "bridge/base/b.h")  # what it includes has changed

    def test_a_source_that_does_not_begin_with_its_own_header_fails(self):
        self.write("bridge/base/a.h", "#pragma once\n")
        commands = {str(self.root / "bridge/base/a.cc"): []}
        self.write("bridge/base/a.cc", '#include "bridge/base/a.h"\n#include <map>\n')
        self.assertEqual(self.found(commands), [])
        self.write("bridge/base/a.cc", '#include <map>\n#include "bridge/base/a.h"\n')
        self.assert_one(self.found(commands), "bridge/base/a.cc:1", "own header")

    def test_a_header_without_pragma_once_fails(self):
        self.write("bridge/base/a.h", "struct A {};\n")
        self.assert_one(self.found(), "#pragma once")


@unittest.skipUnless(shutil.which("clang-tidy"), "clang-tidy is not installed: ./dev check installs it")
class ClangTidy(Sample):
    def test_a_finding_fails(self):
        self.write(".clang-tidy", (tree.ROOT / ".clang-tidy").read_text())
        self.write("bridge/base/x.cc", "struct A { virtual int f(); };\nstruct B : A { virtual int f(); };\n")
        commands = {str(self.root / "bridge/base/x.cc"): ["-std=c++20"]}
        found, ran, of = clang_tidy.problems(self.root, commands, self.root / "cache", 1)
        self.assert_one(found, "modernize-use-override")
        self.write("bridge/base/x.cc", "struct A { virtual int f(); };\nstruct B : A { int f() override; };\n")
        self.assertEqual(clang_tidy.problems(self.root, commands, self.root / "cache", 1), ([], 1, 1))
        self.assertEqual(clang_tidy.problems(self.root, commands, self.root / "cache", 1), ([], 0, 1))


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed: ./dev check installs it")
class Format(Sample):
    def test_a_file_that_clang_format_would_change_fails(self):
        self.write(".clang-format", (tree.ROOT / ".clang-format").read_text())
        self.write("bridge/base/x.cc", "int  f( ){return 1 ;}\n")
        self.assertTrue(format.problems(self.root))
        self.assertEqual(format.problems(self.root, fix=True), [])
        self.assertEqual(format.problems(self.root), [])


class Packages(Sample):
    def test_what_comes_from_no_listed_package_fails(self):
        debian = packages.Debian()
        self.write("own.so", "")
        used = {"/usr/include/zmq.h": "a header", str(self.root / "own.so"): "a library", "module nowhere": "a module"}
        found = packages.problems(used, ["libzmq3-dev"], debian)
        self.assertEqual(len(found), 2, found)
        self.assertIn("own.so: from no Debian package", "".join(found))
        self.assert_one(packages.problems({"/usr/include/zmq.h": "a header"}, ["python3"], debian),
                        "libzmq3-dev, which packages.txt does not lead to")
        self.assert_one(packages.problems({}, ["no-such-package"], debian), "not installed")

    def test_a_library_of_a_dependency_passes(self):
        import glob
        library = glob.glob("/usr/lib/*/libzmq.so.5")[0]
        self.assertEqual(packages.problems({library: "loaded"}, ["libzmq3-dev"], packages.Debian()), [])

    def test_modules_are_those_from_outside_library_and_tree(self):
        self.write("tests/flow/a.py", "import os, zmq.asyncio\nfrom tests.peers import x\nimport b\n")
        self.write("tests/flow/b.py", "")
        self.assertEqual(packages.modules_imported(self.root), {"zmq": "tests/flow/a.py"})


class Install(Sample):
    def test_a_file_that_is_not_installed_fails_and_a_program_that_cannot_run_does(self):
        self.write("bin/zbridge", "#!/bin/sh\nexit 3\n")
        (self.root / "bin/zbridge").chmod(0o755)
        found = install.problems(self.root, ("bin/zbridge", "share/doc/zbridge/LICENSE"))
        self.assertEqual(len(found), 2, found)
        self.assertIn("LICENSE: not installed", found[0])
        self.assertIn("exit code 3", found[1])


class NamedTests(Sample):
    def found(self, cell):
        self.write("docs/ROCKETMQ.md", f"| RocketMQ | zbridge | test |\n| --- | --- | --- |\n| `a \\|\\| b` | no `c` | {cell} |\n")
        return named_tests.problems(self.root)

    def setUp(self):
        super().setUp()
        self.write("tests/flow/CMakeLists.txt", "zb_flow(receipts lost)\n")
        self.write("tests/flow/receipts.py", "")
        self.write("tests/flow/forgotten.py", "")
        self.write("tests/examples/CMakeLists.txt", "foreach(folder ledger)\n")
        self.write("tests/unit/sql92/tags_test.cc", "")
        self.write("tests/unit/sql92/filter_test.cc", "")

    def test_tests_that_are_there_pass(self):
        self.assertEqual(self.found("`flow.receipts`, `sql92/tags_test.cc`, `filter_test.cc`, `example.ledger`, `tests/flow`"), [])
        self.assertEqual(self.found(""), [])

    def test_a_test_that_is_not_there_fails(self):
        self.assert_one(self.found("`flow.lost`"), "docs/ROCKETMQ.md:3", "flow.lost")
        for name in ("flow.forgotten", "flow.none", "sql92/none_test.cc", "filter_test.cc", "tests/none", "example.none"):
            self.assert_one(self.found(f"`{name}`"), name)


class Readme(Sample):
    TEXT = (tree.ROOT / "README.md").read_text()

    def test_the_example_is_found_on_the_first_screen(self):
        yaml, producer, packer = readme.example(self.TEXT)
        self.assertIn("routes:", yaml)
        self.assertIn("zmq.PUSH", producer)
        self.assertIn("zmq.PULL", packer)

    def test_a_bridge_that_ends_and_an_order_that_does_not_arrive_fail(self):
        self.write("ends", "#!/bin/sh\nexit 2\n")
        self.write("idles", "#!/bin/sh\nexec sleep 30\n")
        for program, said in (("ends", "ended with exit code 2"), ("idles", "did not end")):
            (self.root / program).chmod(0o755)
            self.assertIn(said, readme.problems(self.TEXT, self.root / program, seconds=1)[0])

    def test_a_plugin_is_found_with_the_command_that_builds_it_and_fails_where_it_does_not_compile(self):
        found, command = readme.plugins(self.TEXT)
        self.assertEqual([name for name, _, _ in found], ["hello"])
        self.assertIn("pkg-config", command)
        self.assertIn("steps: [hello]", readme.with_plugin(self.TEXT))
        text = '```\nc++ -c hello.cc -o hello.so\n```\n```cpp\nint x = ;\nZBRIDGE_PLUGIN(X, "hello", "1", "X.")\n```\n'
        self.assert_one(readme.plugin_problems("X.md", text, self.root, self.root), "X.md", "exit code 1", "int x = ;")

    def test_a_link_to_nothing_fails(self):
        self.write("docs/X.md", "[there](Y.md) [here](X.md#part) [out](https://example.com/)\n")
        self.assert_one(readme.dead_links(self.root), "docs/X.md:1", "Y.md")


if __name__ == "__main__":
    unittest.main()
