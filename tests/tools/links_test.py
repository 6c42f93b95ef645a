#!/usr/bin/env python3
"""Every link of the documents to a file or a heading of ours leads to one, and every file in backticks that begins with a directory of ours is there; so is every document
that the sources name."""
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^```.*?^```", re.M | re.S)
SPAN = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *#*$", re.M)
DOCUMENT = re.compile(r"(?<![\w/$-])(?:[\w-][\w/-]*\.md|docs/[\w/-]+\.yaml)\b")
SOURCES = ("src/**/*.[ch]", "include/*.h", "schema/**/*.*", "console/src/**/*.ts*", "bench/*.*", "packaging/**/*", "tools/*", "Makefile", "meson.build")
OUR_FILE = re.compile(r"`((?:bench|console|docs|include|packaging|schema|src|tests|tools)/[\w./-]+)`")


def anchor(heading):
    """What a heading is called in an address, as GitHub makes it of its words."""
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(text):
    """The names of all headings: one that is there a second time has -1 after it."""
    names = []
    for heading in HEADING.findall(FENCED.sub("", text)):
        name = anchor(heading)
        times = sum(1 for other in names if re.fullmatch(rf"{re.escape(name)}(-\d+)?", other))
        names.append(f"{name}-{times}" if times else name)
    return names


def broken(name, root):
    """What a document leads to and is not there, as sentences; and how many links of ours and names of files there are."""
    document = root / name
    text = document.read_text(encoding="utf-8")
    found, count = [], 0
    for target in LINK.findall(SPAN.sub("", FENCED.sub("", text))):
        if re.match(r"[a-z]+:", target):
            continue
        count += 1
        file, _, heading = target.partition("#")
        path = document.parent / file if file else document
        if not path.exists():
            found.append(f"{name}: there is no {target}")
        elif heading and heading not in anchors(path.read_text(encoding="utf-8")):
            found.append(f"{name}: {target}: there is no such heading")
    for file in OUR_FILE.findall(text):
        count += 1
        if not (root / file).exists():
            found.append(f"{name}: there is no {file}")
    return found, count


def unknown_documents(name, root):
    """Documents that a source names by their path, or without docs/ in front, and that are not there."""
    text = (root / name).read_text(encoding="utf-8", errors="replace")
    return [f"{name}: there is no {file}" for file in DOCUMENT.findall(text) if not (root / file).is_file() and not (root / "docs" / file).is_file()]


def sources(root):
    return sorted(str(path.relative_to(root)) for pattern in SOURCES for path in root.glob(pattern) if path.is_file())


def documents(root):
    return sorted(str(path.relative_to(root)) for path in [*root.glob("*.md"), *root.glob("docs/**/*.md")])


def check_the_check():
    assert anchor("A master key that others may know") == "a-master-key-that-others-may-know"
    assert anchor("How fast: `rateLimit`, and [why](x.md)") == "how-fast-ratelimit-and-why"
    assert anchors("# A\n\n```\n# no heading\n```\n\n## B c\n\n## B c\n") == ["a", "b-c", "b-c-1"]
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "docs").mkdir()
        (root / "docs/b.md").write_text("# Two words\n\n[up](../a.md) [here](#two-words) [none](#three) [out](https://example.com/) `[no](link)`\n")
        (root / "a.md").write_text("[b](docs/b.md#two-words) [c](docs/c.md) [d](docs/b.md#none) `docs/b.md` `docs/d.md` `docs/`\n")
        assert broken("docs/b.md", root) == (["docs/b.md: #three: there is no such heading"], 3)
        assert broken("a.md", root) == (["a.md: there is no docs/c.md", "a.md: docs/b.md#none: there is no such heading", "a.md: there is no docs/d.md"], 5)
        assert documents(root) == ["a.md", "docs/b.md"]
        (root / "src/api").mkdir(parents=True)
        (root / "src/api/x.c").write_text("/* As docs/b.md, b.md, a.md and none.md say. */")
        assert sources(root) == ["src/api/x.c"]
        assert unknown_documents("src/api/x.c", root) == ["src/api/x.c: there is no none.md"]


if __name__ == "__main__":
    check_the_check()
    results = [broken(name, ROOT) for name in documents(ROOT)]
    problems = [problem for found, _ in results for problem in found]
    problems += [problem for name in sources(ROOT) for problem in unknown_documents(name, ROOT)]
    if sum(count for _, count in results) < 100:
        problems.append("hardly a link was found: the pattern no longer fits the documents")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)
