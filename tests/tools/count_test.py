#!/usr/bin/env python3
"""tools/test counts rightly when tests fail, crash or never ran: the last line of a run is what everyone believes."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys

sys.dont_write_bytecode = True
TOOL = str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "test")
loader = importlib.machinery.SourceFileLoader("tools_test", TOOL)
spec = importlib.util.spec_from_loader("tools_test", loader)
tool = importlib.util.module_from_spec(spec)
loader.exec_module(tool)

OK_RUN = "[==========] Running 2 test(s).\n[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[       OK ] b\n[  PASSED  ] 2 test(s).\n"
BAD_RUN = ("[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[  FAILED  ] b\n[==========] 2 test(s) run.\n[  PASSED  ] 1 test(s).\n"
           "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] b\n\n 1 FAILED TEST(S)\n")
SKIPPED_RUN = "[==========] Running 1 test(s).\n[ RUN      ] a\n[  SKIPPED ] a\n[==========] 1 test(s) run.\n[  PASSED  ] 0 test(s).\n[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] a\n"

with contextlib.redirect_stdout(io.StringIO()):  # the failures that it tells are none of ours
    assert tool.count_unit_test({"result": "OK", "stdout": OK_RUN}) == (2, 0)
    assert tool.count_unit_test({"result": "OK", "stdout": ""}) == (1, 0)
    assert tool.count_unit_test({"result": "OK", "stdout": OK_RUN[:OK_RUN.index("[ RUN      ] b")]}) == (1, 1), "it ended well before b"
    assert tool.count_unit_test({"result": "FAIL", "stdout": BAD_RUN}) == (1, 1)
    assert tool.count_unit_test({"result": "FAIL", "stdout": "[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n"}) == (1, 1), "a crash in b"
    assert tool.count_unit_test({"result": "TIMEOUT", "stdout": ""}) == (0, 1)
    assert tool.count_unit_test({"result": "FAIL", "stdout": OK_RUN}) == (2, 1), "a leak found at exit"

    assert tool.count_tap("# tests 3\n# pass 3\n# fail 0\n# cancelled 0\n", True) == (3, 0)
    assert tool.count_tap("# tests 3\n# pass 1\n# fail 1\n# cancelled 1\n", False) == (1, 2)
    assert tool.count_tap("# tests 3\n# pass 3\n# fail 0\n", False) == (3, 1), "the runner itself failed"
    assert tool.count_tap("ok 1 - a\n", True) == (0, 1), "cut short"
    assert tool.count_tap("", True) == (0, 1), "a file without tests"
said = io.StringIO()
with contextlib.redirect_stdout(said):
    assert tool.count_unit_test({"result": "OK", "name": "u", "stdout": SKIPPED_RUN}) == (0, 0), "what was skipped has not passed"
    assert tool.count_tap("ok 1 - a # SKIP\nok 2 - b # SKIP no b\n# pass 1\n# fail 0\n", True) == (1, 0)
assert said.getvalue() == "skipped: u: a\nskipped: a: it does not say why\nskipped: b: no b\n", "a skip is told"
