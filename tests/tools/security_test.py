#!/usr/bin/env python3
"""Every test that docs/security.md names is there: a promise whose test was renamed or removed is only words."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w./-]+\.(?:mjs|c|py))(?::([^`]+))?`")


def missing(document, root):
    """What is named in a document and is not there, as sentences; and how many names there are."""
    found = []
    names = NAMED.findall(document)
    for file, title in names:
        path = root / file
        if not path.is_file():
            found.append(f"there is no {file}")
        elif title and not has_test(path, title):
            found.append(f"{file} has no test \"{title}\"")
    return found, len(names)


def has_test(path, title):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".c":
        return re.search(rf"^static void {re.escape(title)}\(void \*\*", text, re.M) is not None
    quoted = title.replace("'", "\\'")
    return any(f"{call}({mark}{spelling}{mark}" in text
               for call in ("it", "describe") for mark in "'\"`" for spelling in (title, quoted))


def check_the_check():
    here = pathlib.Path(__file__)
    named = f"tests/tools/{here.name}"
    assert missing(f"`{named}`, `tests/api/credentials.test.mjs:credentials` and `tests/unit/crypto/test_seal.c:test_round_trip`", ROOT) == ([], 3)
    assert missing("`tests/api/credentials.test.mjs:no such title`", ROOT)[0] == ['tests/api/credentials.test.mjs has no test "no such title"']
    assert missing("`tests/api/none.test.mjs:x`", ROOT)[0] == ["there is no tests/api/none.test.mjs"]
    assert missing("`tests/unit/crypto/test_seal.c:test_round`", ROOT)[0] == ['tests/unit/crypto/test_seal.c has no test "test_round"']


if __name__ == "__main__":
    check_the_check()
    problems, count = missing((ROOT / "docs/security.md").read_text(encoding="utf-8"), ROOT)
    if count < 50:
        problems.append(f"only {count} tests are named: the pattern no longer fits the document")
    for problem in problems:
        print(f"docs/security.md: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)
