"""A plugin that cannot be loaded or made is an error with the place in the file, from `check` and from `run` alike: exit code 4, a
sentence that says what is wrong, and nothing is left running. One that cannot start is such an error of `run`, with exit code 1.
"""
import struct as struct_

from harness import *
from free_addresses import free_addresses

YAML = """bridge: {{ data_dir: "{data}" }}
plugins:
  mine: {{ use: "{use}", config: {config} }}
endpoints:
  in: {{ bind: "{a}" }}
  out: {{ bind: "{b}" }}
routes:
  - {{ from: in, steps: [mine], to: out }}
"""


BY_NAME = """bridge: {{ data_dir: "{data}", plugin_path: ["{use}"] }}
endpoints:
  in: {{ bind: "{a}" }}
  out: {{ bind: "{b}" }}
routes:
  - {{ from: in, steps: [{config}], to: out }}
"""


class Tried:
    def __init__(self, flow, use, config="{}", yaml=YAML):
        folder = Path(tempfile.mkdtemp(dir=flow.tmp))
        addresses = free_addresses(["A", "B"])
        self.file = folder / "bridge.yaml"
        self.data = folder / "data"
        self.is_whole = yaml is YAML and config == "{}"  # what is wrong is not one of its options
        self.file.write_text(yaml.format(data=self.data, use=use, config=config, a=addresses["A"], b=addresses["B"]))
        run_it = lambda verb: subprocess.run([str(flow.options.bridge.resolve()), verb, str(self.file)], capture_output=True,
                                             text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL, cwd=folder)
        self.checked, self.ran = run_it("check"), run_it("run")

    def says(self, place, sentence, starts=False):
        for verb, done in (("check", self.checked), ("run", self.ran)):
            text = done.stdout + done.stderr
            if starts and verb == "check":
                equal(done.returncode, 0, f"the exit code of check, which starts nothing: {text}")
                continue
            equal(done.returncode, 1 if starts else 4, f"the exit code of {verb}, which says: {text}")
            check(f"bridge.yaml:{place}: " in text, f"{verb} names the place {place}: {text}")
            check(sentence in text, f"{verb} says `{sentence}`: {text}")
            if self.is_whole:
                check("plugin mine" in text, f"{verb} names the instance: {text}")
            check("Sanitizer" not in text and "CHECK" not in text, f"{verb} found no fault in itself: {text}")


def main(flow):
    objects = Path(flow.options.plugins)
    tmp = flow.tmp
    use = "3:16"
    (tmp / "notes.so").write_text("This is a text, and no shared object.\n" * 10)
    (tmp / "empty.so").write_bytes(b"")
    (tmp / "folder.so").mkdir()
    whole = (objects / "unruly.so").read_bytes()
    (tmp / "cut_off.so").write_bytes(whole[:5000])
    (tmp / "header_only.so").write_bytes(whole[:64])
    (tmp / "half_header.so").write_bytes(whole[:30])
    machine = struct_.unpack_from("<H", whole, 18)[0]
    (tmp / "arm.so").write_bytes(whole[:18] + struct_.pack("<H", 183 if machine != 183 else 62) + whole[20:])
    (tmp / "script.so").symlink_to(sys.executable)

    Tried(flow, tmp / "none.so").says(use, "none.so: No such file or directory")
    Tried(flow, "./none.so").says(use, "none.so: No such file or directory")
    Tried(flow, "fitler").says(use, "no plugin is named \"fitler\"")
    Tried(flow, tmp / "notes.so").says(use, "notes.so: it is no shared object")
    Tried(flow, tmp / "empty.so").says(use, "empty.so: it is no shared object")
    Tried(flow, tmp / "folder.so").says(use, "folder.so: it is no file: expected a shared object")
    Tried(flow, tmp / "cut_off.so").says(use, "cut_off.so: it is cut off: it has ")
    Tried(flow, tmp / "header_only.so").says(use, "header_only.so: it is cut off: it has 64 bytes")
    Tried(flow, tmp / "half_header.so").says(use, "half_header.so: it ")
    Tried(flow, tmp / "arm.so").says(use, "arm.so: it was built for another machine, aarch64; this bridge is for x86-64"
                                     if machine == 62 else "it was built for another machine")
    Tried(flow, tmp / "script.so").says(use, "script.so: ")
    Tried(flow, objects / "no_entry.so").says(use, "it has no symbol zbridge_plugin_entry: is it a plugin")
    Tried(flow, objects / "wrong_abi.so").says(use, "it was built for plugin interface 9.0, this bridge has 1.0")
    Tried(flow, objects / "null_create.so").says(use, "plugin wrong (")
    Tried(flow, objects / "null_create.so").says(use, "`create` is null")
    Tried(flow, objects / "short_struct.so").says(use, "its zb_plugin says it has 24 bytes; version 1.0 has ")
    Tried(flow, objects / "no_interface.so").says(use, "it is no step, source, sink, auth or engine that this bridge knows")
    Tried(flow, objects / "wrong_build.so").says(use, "zbridge.store/0 loads in the build that it was made for")
    Tried(flow, objects / "wrong_fallback.so").says(use, "the `fallback` of its option `count` is wrong: ")
    Tried(flow, objects / "throwing_entry.so").says(use, "throwing_entry.so: zbridge_plugin_entry() threw an exception: it is nobody")
    Tried(flow, objects / "throwing_extension.so").says(use, "get_extension() threw an exception: it is nothing")
    Tried(flow, objects / "needs_gone.so").says(use, "libgone.so: cannot open shared object file")
    # What is thrown through the loader ends the process: all that it can still say is whose it was.
    tried = Tried(flow, objects / "throwing_load.so")
    for verb, done in (("check", tried.checked), ("run", tried.ran)):
        equal(done.returncode, 4, f"the exit code of {verb} when loading throws: {done.stderr}")
        check("throwing_load.so: it threw an exception when it was loaded: it does not like" in done.stderr, f"{verb} says whose it was: {done.stderr}")
    # One that ends the process itself: not as if all were well.
    tried = Tried(flow, objects / "exiting_create.so")
    for verb, done in (("check", tried.checked), ("run", tried.ran)):
        equal(done.returncode, 1, f"the exit code of {verb} when a plugin calls exit(0): {done.stderr}")
        check("zbridge: a plugin called exit(): the process ends here" in done.stderr, f"{verb} says so: {done.stderr}")
    # A step that a route names, which is there and is wrong.
    Tried(flow, objects, "wrong_abi", BY_NAME).says("6:25", "it was built for plugin interface 9.0, this bridge has 1.0")
    Tried(flow, tmp, "{ notes: 3 }", BY_NAME).says("6:27", "notes.so: it is no shared object")
    Tried(flow, tmp, "note", BY_NAME).says("6:25", "no plugin is named \"note\"")
    Tried(flow, objects / "failing_create.so").says("3:3", "cannot be made: it is not in the mood")
    Tried(flow, objects / "failing_start.so").says("3:3", "cannot start: the device is gone", starts=True)

    path = objects / "unruly.so"
    column = len(f'  mine: {{ use: "{path}", config: {{ does: ')
    Tried(flow, path, "{ does: fly }").says(f"3:{column + 1}", '`does`: "fly" is not known here: expected pass, mark')
    Tried(flow, path, "{ copies: many }").says(f"3:{column + 3}", "`copies`: ")
    Tried(flow, path, "{ copise: 3 }").says(f"3:{column - 5}", "did you mean \"copies\"")
    Tried(flow, path, "{ touches: [a, b] }").says(f"3:{column + 4}", "touches")
    equal(subprocess.run(["pgrep", "-f", str(tmp)], capture_output=True, text=True).stdout.split(), [], "nothing is left running")


if __name__ == "__main__":
    run(main, plugins="")
