#!/usr/bin/env python3
"""What `make package` makes, without installing it (docs/deployment.md says how it was tried): package_test.py BUILD"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / sys.argv[1]


def run(*arguments):
    return subprocess.run(arguments, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


packages = {pathlib.Path(line).name.split("_")[0]: ROOT / line for line in run("make", "-s", "-o", "build", "package", f"BUILD={sys.argv[1]}").splitlines()}
assert set(packages) == {"latchkey", "liblatchkey0", "liblatchkey-dev"}, packages

server = packages["latchkey"]
version = run("dpkg-deb", "--field", server, "Version").strip()
depends = run("dpkg-deb", "--field", server, "Depends")
for needed in ("libc6 (>=", "libsqlite3-0", "libsodium23", "libssl3", "libnghttp2-14", "liburcu8", "libseccomp2", "libcurl4", "adduser"):
    assert needed in depends, (needed, depends)
assert f"liblatchkey0 (= {version})" in run("dpkg-deb", "--field", packages["liblatchkey-dev"], "Depends")

for package in packages.values():
    for line in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root" and (mode[0] == "l" or (mode[5], mode[8]) == ("-", "-")), line

with tempfile.TemporaryDirectory() as place:
    for package in packages.values():
        run("dpkg-deb", "--extract", package, place)
    run("dpkg-deb", "--control", server, f"{place}/control")
    there = pathlib.Path(place)
    assert run(there / "usr/bin/latchkey", "version") == f"latchkey {version}\n"
    unit = (there / "usr/lib/systemd/system/latchkey.service").read_text()
    assert "ExecStart=/usr/bin/latchkey serve " in unit and "/usr/local" not in unit
    assert (there / "control/conffiles").read_text() == "/etc/latchkey/latchkey.conf\n"
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", there / "control" / script)
    assert "etc/" not in (there / "control/md5sums").read_text(), "settings may be changed"
    # What systemd refuses, as for a unit that is masked, leaves no package half installed or removed.
    (there / "bin").mkdir()
    for program in ("adduser", "install", "systemctl"):
        (there / "bin" / program).write_text(f'#!/bin/sh\necho "{program} $*"\n[ "$1" = daemon-reload ] || [ {program} != systemctl ]\n')
        (there / "bin" / program).chmod(0o755)
    for script, arguments, called in (("postinst", ("configure", "0.0.1"), "try-restart latchkey"), ("prerm", ("remove",), "disable --now latchkey")):
        text = (there / "control" / script).read_text()
        assert "/run/systemd/system" in text
        (there / script).write_text(text.replace("/run/systemd/system", place))
        output = run("env", f"PATH={there}/bin:/usr/bin:/bin", "sh", there / script, *arguments)
        assert called in output and "The server " in output, output
    settings = (there / "etc/latchkey/latchkey.conf").read_text().splitlines()
    assert settings and all(line.startswith("#") for line in settings), "a new machine has the defaults"
    # Its own pkg-config file finds the library where the other package has it.
    library = next(there.glob("usr/lib/*/pkgconfig/latchkey.pc")).parent
    flags = subprocess.run(["pkg-config", "--libs", "--cflags", "latchkey"], check=True, stdout=subprocess.PIPE, text=True,
                           env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(library), "PKG_CONFIG_SYSROOT_DIR": place}).stdout.split()
    (there / "program.c").write_text('#include <latchkey.h>\n#include <stdio.h>\nint main(void) {\n    puts(latchkey_version());\n    return 0;\n}\n')
    run("gcc", there / "program.c", "-o", there / "program", *flags)
    assert run("env", f"LD_LIBRARY_PATH={library.parent}", there / "program") == f"{version}\n"

assert packages["latchkey"].parent == BUILD
