#!/usr/bin/env python3
"""Writes files as a C array of struct lk_embedded_file (src/store/embedded.h).

usage: embed.py OUTPUT.c SYMBOL [FILE]...

The files are sorted by name; the array ends with an entry without a name.
"""
import hashlib
import os
import sys

PLAIN = set(range(0x20, 0x7F)) - set(b'"\\?')


def quoted(line):
    """A line of bytes as a C string literal. Octal escapes of three digits, so that no digit after them is read as theirs."""
    return '"' + ''.join(chr(b) if b in PLAIN else '\\%03o' % b for b in line) + '"'


def main(output, symbol, paths):
    out = ['/* Made by tools/embed.py. */', '#include "store/embedded.h"', '', 'const struct lk_embedded_file %s[] = {' % symbol]
    for path in sorted(paths, key=os.path.basename):
        with open(path, 'rb') as file:
            data = file.read()
        if b'\0' in data:
            sys.exit('%s: holds a NUL' % path)
        out.append('    {"%s", "%s",' % (os.path.basename(path), hashlib.sha256(data).hexdigest()))
        out += ['     ' + quoted(line) for line in data.splitlines(keepends=True)] or ['     ""']
        out.append('     , %d},' % len(data))
    out += ['    {0},', '};', '']
    with open(output, 'w', encoding='ascii') as file:
        file.write('\n'.join(out))


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
