"""Sizes, offsets and numbers of the interface are those of layout.txt: what is there never moves, what is new stands at a struct's
end. `--update` writes the table anew, for a version that adds something: read the difference.
"""
import re
import tempfile

from shared import *

TABLE = ROOT / "tests" / "abi" / "layout.txt"


def names(header):
    """(structs with their fields, constants) of the header, in its order."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    structs = []
    for name, body in re.findall(r"typedef struct (zb_\w+) \{(.*?)\n\} \1;", text, re.S):
        # Of a function pointer what it takes is of no matter here.
        fields = []
        for field in re.sub(r"\s+", " ", body).split(";"):
            if field.strip():
                fields.append((re.search(r"\(\*(\w+)\)", field) or re.search(r"(\w+)\s*$", field)).group(1))
        structs.append((name, fields))
    constants = [name for body in re.findall(r"\benum \{(.*?)\}", text, re.S) for name in re.findall(r"(\w+)\s*=", body)]
    return structs, constants


def table(header):
    structs, constants = names(header)
    lines = []
    for struct, fields in structs:
        lines.append(f'printf("{struct} %zu\\n", sizeof({struct}));')
        lines += [f'printf("  {field} %zu %zu\\n", offsetof({struct}, {field}), sizeof((({struct}*)0)->{field}));'
                  for field in fields]
    lines += [f'printf("{name} = %d\\n", (int){name});' for name in (*constants, "ZB_ABI_MAJOR")]
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "layout.c", pathlib.Path(folder) / "layout"
        source.write_text(f'#include "{header}"\n#include <stdio.h>\nint main(void) {{\n' + "\n".join(lines) + "\nreturn 0; }\n")
        run("gcc", "-std=c99", *STRICT, source, "-o", program)
        return run(program).splitlines()


if __name__ == "__main__":
    today = table(SDK / "zbridge_plugin.h")
    if sys.argv[1:] == ["--update"]:
        TABLE.write_text("\n".join(today) + "\n")
    golden = TABLE.read_text().splitlines()
    problems = [f"not in layout.txt: {line}" for line in today if line not in golden]
    problems += [f"no longer so: {line}" for line in golden if line not in today]
    if not problems and today != golden:
        problems = ["the order of layout.txt is another"]

    # What 1.0 has is where it was; only sizes of structs may have grown.
    def flat(lines):
        struct, found = "", {}
        for line in lines:
            if line.startswith("  "):
                found[f"{struct}.{line.split()[0]}"] = line
            elif " = " in line:
                found[line.split(" = ")[0]] = line
            else:
                struct = line.split()[0]
                found[struct] = int(line.split()[1])
        return found

    now = flat(today)
    for name, then in flat(table(FROZEN / "zbridge_plugin.h")).items():
        same = now.get(name, 0) >= then if isinstance(then, int) else now.get(name) == then
        if not same:
            problems.append(f"1.0 had {name}: {then}; today it is {now.get(name)}")
    end(problems, f"kept: {len(today)} sizes, offsets and numbers")
