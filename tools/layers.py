#!/usr/bin/env python3
"""Holds src/ to the layering of docs/architecture.md: tools/layers.py [ROOT]

An include that the table below does not allow, an include that is not written "room/file.h", and a file above LINES_MAX
lines without a reason are findings. Prints each and exits 1 when there is one.
"""
import pathlib
import re
import sys

# What each room may include, besides itself and system headers. An arrow never points up.
BELOW = {
    "base": set(),
    "crypto": {"base"},
    "graphql": {"base"},
    "http": {"base"},
    "store": {"base"},
    "keyring": {"base", "crypto"},
    "domain": {"base", "crypto", "store"},
    "library": {"base", "crypto", "keyring"},
    "api": {"base", "crypto", "graphql", "http", "store", "keyring", "domain"},
    "cli": {"base", "crypto", "graphql", "http", "store", "keyring", "domain", "api"},
    "": {"base", "cli"},  # src/main.c
}

LINES_MAX = 800
# A longer file, and why it is one thing.
LONG_FILES = {}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]*)"|<([^>]*)>)', re.MULTILINE)


def findings(root):
    src = root / "src"
    for path in sorted(src.rglob("*.[ch]")):
        name = path.relative_to(root).as_posix()
        inside = path.relative_to(src).parts
        room = inside[0] if len(inside) > 1 else ""
        text = path.read_text()
        if room not in BELOW:
            yield f"{name}: the room {room} is not in the table of tools/layers.py"
            continue
        for match in INCLUDE.finditer(text):
            quoted, system = match.groups()
            line = text.count("\n", 0, match.end()) + 1
            target = (quoted or system).split("/")[0]
            if system is not None:
                if target in BELOW and (src / system).exists():
                    yield f"{name}:{line}: <{system}> is ours and must be quoted"
            elif "/" not in quoted:
                if not (src.parent / "include" / quoted).exists():
                    yield f'{name}:{line}: "{quoted}" must be written "room/file.h"'
            elif target != room and target not in BELOW[room]:
                yield f'{name}:{line}: {room or "main"} must not include "{quoted}"'
        count = text.count("\n")
        if count > LINES_MAX and name not in LONG_FILES:
            yield f"{name}: {count} lines; above {LINES_MAX} a file needs a reason in tools/layers.py"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    found = list(findings(root))
    for finding in found:
        print(finding)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
