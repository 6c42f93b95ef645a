#!/usr/bin/env python3
"""tools/lint fails where git cannot tell which files there are: of no files everything is well."""
import os
import pathlib
import subprocess
import tempfile

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "lint"


def lint(kind, **env):
    """The exit code with programs that find nothing wrong, and what was said."""
    with tempfile.TemporaryDirectory() as programs:
        for name in ("clang-format", "clang-tidy"):
            pathlib.Path(programs, name).symlink_to("/bin/true")
        done = subprocess.run([TOOL, kind], env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **env}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


for kind in ("format", "tidy"):
    assert lint(kind) == (0, "")
    code, said = lint(kind, GIT_DIR="/nowhere")
    assert code != 0 and "/nowhere" in said, (kind, code, said)
