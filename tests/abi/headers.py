"""The header compiles by itself as C99, C11, C++17 and C++20, its C++ wrapper as C++17 and C++20, without a warning, under gcc and
clang; and so does the frozen one of each older version.
"""
import subprocess

from shared import *

if __name__ == "__main__":
    broken, tried = [], 0
    both = [SDK / "zbridge_plugin.h", FROZEN / "zbridge_plugin.h"]
    for c, cpp in compilers():
        cases = [(c, ["-x", "c", f"-std={std}"], header) for std in ("c99", "c11") for header in both]
        cases += [(cpp, ["-x", "c++", f"-std={std}"], header) for std in ("c++17", "c++20")
                  for header in (*both, SDK / "zbridge_plugin.hpp")]
        for compiler, language, header in cases:
            # Included twice, so that it is not the main file, and guards itself.
            text = f'#include "{header}"\n#include "{header}"\nint main(void) {{ return 0; }}\n'
            done = subprocess.run([compiler, *language, *STRICT, "-Wshadow", "-fsyntax-only", "-"], input=text,
                                  capture_output=True, text=True)
            tried += 1
            if done.returncode != 0:
                broken.append(f"{compiler} {' '.join(language)} {header.relative_to(ROOT)}:\n{done.stderr}")
    end(broken, f"kept: {tried} times")
