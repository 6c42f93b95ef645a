#!/usr/bin/env python3
"""The layering check finds what it must find and nothing else, on small trees made here."""
import pathlib
import subprocess
import tempfile

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "layers.py"


def check(files):
    """Runs the check over a tree of the given files; its findings as lines."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, "src", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([TOOL, root], stdout=subprocess.PIPE, text=True)
        lines = done.stdout.splitlines()
        assert done.returncode == (1 if lines else 0), (done.returncode, lines)
        return lines


assert check({"base/a.h": "", "base/a.c": '#include "base/a.h"\n#include <stdio.h>\n', "http/b.c": '#include "base/a.h"\n'}) == []
assert check({"base/a.c": '/* why */\n\n#include "store/db.h"\n'}) == ['src/base/a.c:3: base must not include "store/db.h"']
assert check({"http/a.c": '#  include "graphql/ast.h"\n'}) == ['src/http/a.c:1: http must not include "graphql/ast.h"']
assert check({"api/a.c": '#include "domain/keys.h"\n#include "cli/run.h"\n'}) == ['src/api/a.c:2: api must not include "cli/run.h"']
assert check({"base/a.c": '#include "b.h"\n'}) == ['src/base/a.c:1: "b.h" must be written "room/file.h"']
assert check({"base/a.c": "#include <base/b.h>\n", "base/b.h": ""}) == ["src/base/a.c:1: <base/b.h> is ours and must be quoted"]
assert check({"attic/a.c": ""}) == ["src/attic/a.c: the room attic is not in the table of tools/layers.py"]
assert check({"main.c": '#include "cli/run.h"\n'}) == []
assert check({"main.c": '#include "store/db.h"\n'}) == ['src/main.c:1: main must not include "store/db.h"']
assert check({"base/a.c": "\n" * 800}) == []
assert len(check({"base/a.c": "\n" * 801})) == 1
