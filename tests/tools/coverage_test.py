#!/usr/bin/env python3
"""tools/coverage fails a room that has not reached its figure, or that was not measured at all."""
import importlib.machinery
import importlib.util
import pathlib
import sys

sys.dont_write_bytecode = True
TOOL = str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "coverage")
loader = importlib.machinery.SourceFileLoader("tools_coverage", TOOL)
spec = importlib.util.spec_from_loader("tools_coverage", loader)
tool = importlib.util.module_from_spec(spec)
loader.exec_module(tool)


def file(name, *counts):
    return dict(zip(("filename", "line_covered", "line_total", "branch_covered", "branch_total"), (name, *counts)))


rooms = tool.by_room([file("src/store/a.c", 9, 10, 3, 4), file("src/store/b.c", 1, 1, 1, 1), file("src/main.c", 1, 2, 0, 0), file("tests/unit/store/a.c", 5, 5, 5, 5)])
assert rooms == {"store": [10, 11, 4, 5]}, rooms

good = {room: [90, 100, 80, 100] for room in tool.REQUIRED}
assert tool.judge(good)[1:] == (10, 0)
assert tool.judge({**good, "cli": [0, 100, 0, 100]})[1:] == (10, 0), "shown, and not required"
table, passed, failed = tool.judge({**good, "store": [899999, 1000000, 80, 100]})
assert (passed, failed) == (9, 1), "89.9999 is not 90"
assert any("store" in line and "FAILED: less than 90 % of lines" in line for line in table), table
assert tool.judge({**good, "http": [100, 100, 79, 100]})[1:] == (9, 1)
assert tool.judge({**good, "http": [0, 0, 0, 0]})[1:] == (8, 2), "nothing measured"
without = dict(good)
del without["domain"]
assert tool.judge(without)[1:] == (8, 2), "a room that is not there"
