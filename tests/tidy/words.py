"""Fails on words that do not belong in the tree, and on hosts, as words.txt says."""

import re

import tree

# Captured bytes are no text of ours; Go names each module by the place that it comes from.
SKIPPED = ("tests/fuzz/corpus/", "tests/peers/go/", "bench/stores/go/")
HOST = re.compile(r"\bhttps?://(?P<link>[^\s\"'<>)`]+)|(?<![\w.@/:-])(?P<bare>(?:[a-z0-9-]+\.)+(?:org|com|io)\b(?!\.\w|\())(?=/|:\d|[\s\"'`,;)]|$)")


def rules(table):
    words, hosts = [], []
    for number, row in tree.rows(table):
        kind, _, rest = row.partition(" ")
        if kind == "no":
            words.append(re.compile(rest.strip()))
        elif kind == "host":
            hosts.append(rest.strip())
        else:
            raise SystemExit(f"{table}:{number}: neither `no` nor `host`")
    return words, hosts


def host_allowed(link, hosts):
    link = link.removeprefix("www.")
    for host in hosts:
        at = link.find(host)
        if at >= 0 and (at == 0 or (link[at - 1] == "." and "/" not in link[:at])) \
                and not re.match(r"[\w.-]", link[at + len(host):].rstrip(".")):
            return True
    return False


def problems(root, table=None):
    words, hosts = rules(table or root / "tests/tidy/words.txt")
    found = []
    for path in tree.files(root):
        if str(path).startswith(SKIPPED):
            continue
        try:
            text = (root / path).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for word in words:
                if match := word.search(line):
                    found.append(f"{path}:{number}: `{match[0].strip()}` does not belong in the tree (words.txt)")
            for match in HOST.finditer(line):
                link = match["link"] or match["bare"]
                if not host_allowed(link, hosts):
                    found.append(f"{path}:{number}: the host of `{link}` is not in words.txt")
    return found


if __name__ == "__main__":
    options = tree.arguments(__doc__)
    tree.end(problems(options.root), "no word that does not belong")
