"""Installs the built tree into a folder of its own and runs what lies there."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import tree

EXPECTED = ("bin/zbridge", "lib/systemd/system/zbridge.service", "share/zbridge/config/bridge.yaml",
            "share/zbridge/examples", "share/doc/zbridge/README.md", "share/doc/zbridge/LICENSE",
            "share/doc/zbridge/docs/ARCHITECTURE.md",
            "include/zbridge_plugin.h", "include/zbridge_plugin.hpp", "include/zbridge_fake_host.hpp",
            "include/zbridge/client.hpp", "include/zbridge/core/core.hpp",
            "lib/cmake/zbridge/zbridgeConfig.cmake", "lib/cmake/zbridge/zbridgeConfigVersion.cmake",
            "lib/cmake/zbridge/zbridge_add_plugin.cmake", "lib/cmake/zbridge/zbridge_plugin.map",
            "lib/pkgconfig/zbridge-plugin.pc", "lib/zbridge/plugins",
            "share/man/man1/zbridge.1", "share/man/man1/zbridge-topic.1", "share/bash-completion/completions/zbridge",
            "share/zsh/site-functions/_zbridge", "share/fish/vendor_completions.d/zbridge.fish")


def problems(prefix, expected=EXPECTED):
    found = [f"{path}: not installed" for path in expected if not (prefix / path).exists()]
    found += [f"{path.relative_to(prefix)}: does not belong in an installed tree"
              for path in prefix.rglob("*") if path.name in ("CMakeLists.txt", "__pycache__", "node_modules")
              and "custom-plugin" not in path.parts]
    found += [f"{path.relative_to(prefix)}: the installed tree does not work where it lies elsewhere"
              for path in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc")]
              if str(prefix) in path.read_text() or str(tree.ROOT) in path.read_text()]
    if (program := prefix / "bin/zbridge").exists():
        version = subprocess.run([program, "version"], capture_output=True, text=True, cwd=prefix, timeout=30)
        if version.returncode != 0 or "zbridge" not in version.stdout:
            found.append(f"`bin/zbridge version`: exit code {version.returncode}, says {version.stdout + version.stderr!r}")
        sample = prefix / "share/zbridge/config/bridge.yaml"
        if sample.exists():
            check = subprocess.run([program, "check", sample], capture_output=True, text=True, cwd=prefix, timeout=30)
            if check.returncode != 0:
                found.append(f"`bin/zbridge check {sample.name}`: exit code {check.returncode}: {check.stdout + check.stderr}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build
    if not (build / "zbridge").exists():
        print("the bridge's program is not built here")
        sys.exit(77)  # ctest: skipped
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cmake", "--install", build, "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
        found = problems(pathlib.Path(folder))
    print("\n".join(found) or "the installed bridge runs")
    sys.exit(bool(found))
