#!/usr/bin/env python3
"""Writes the console's built files as the table of src/api/console_assets.h: embed_console.py DIST OUTPUT.c OUTPUT.bin OUTPUT.d

OUTPUT.bin holds the bytes, which the assembler takes as they are. Beside a file may lie the same in other codings, name + ".br" and name + ".gz". Without DIST the
table is empty. OUTPUT.d names the inputs for ninja.
"""
import hashlib
import os
import pathlib
import sys

TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
    '.ico': 'image/x-icon',
    '.woff2': 'font/woff2',
    '.txt': 'text/plain; charset=utf-8',
    '.json': 'application/json',
    '.webmanifest': 'application/manifest+json',
}
CODINGS = [('br', '.br'), ('gzip', '.gz')]


def main(dist, c_path, bin_path, depfile):
    files = {path.relative_to(dist).as_posix(): path for path in dist.rglob('*') if path.is_file() and not path.name.startswith('.')}
    plain = sorted((name for name in files if not name.endswith(('.br', '.gz'))), key=os.fsencode)
    blob = bytearray()

    def body(coding, path, tag):
        data = path.read_bytes()
        start = len(blob)
        blob.extend(data)
        return '{%s, "\\"%s%s\\"", {console_bytes + %d, %d}}' % (
            'NULL' if coding is None else '"%s"' % coding, tag, '' if coding is None else '-' + coding, start, len(data))

    rows = []
    for name in plain:
        suffix = os.path.splitext(name)[1]
        if suffix not in TYPES:
            sys.exit('%s: no media type is known for files of this name; add it to %s' % (name, sys.argv[0]))
        if not all(' ' < c < '\x7f' and c not in '"\\%' for c in name):
            sys.exit('%r: not a name that a URL can hold as it is' % name)
        tag = hashlib.sha256(files[name].read_bytes()).hexdigest()[:32]
        bodies = [body(coding, files[name + ending], tag) if name + ending in files else '{"%s", NULL, {NULL, 0}}' % coding
                  for coding, ending in CODINGS]
        bodies.append(body(None, files[name], tag))
        rows.append('    {"%s", "%s", %s, {%s}},' % (name, TYPES[suffix], 'true' if name.startswith('assets/') else 'false', ',\n      '.join(bodies)))

    text = ['/* Made by tools/embed_console.py; the bytes are %s. */' % hashlib.sha256(blob).hexdigest(), '#include "api/console_assets.h"', '',
            '__asm__(".pushsection .rodata\\n"', '        "console_bytes:\\n"', '        ".incbin \\"%s\\"\\n"' % os.path.abspath(bin_path),
            '        ".byte 0\\n"', '        ".popsection\\n");', 'extern const char console_bytes[] __attribute__((visibility("hidden")));', '',
            'const struct lk_console_asset lk_console_assets[] = {', *rows, '    {0},', '};', 'const size_t lk_console_assets_len = %d;' % len(rows), '']
    pathlib.Path(bin_path).write_bytes(blob)
    pathlib.Path(c_path).write_text('\n'.join(text), encoding='ascii')
    # index.html is named even when it is not there: then this runs again until it is.
    inputs = sorted({str(dist / 'index.html'), *(str(path) for path in files.values())})
    pathlib.Path(depfile).write_text('%s: %s\n' % (c_path, ' '.join(path.replace(' ', '\\ ') for path in inputs)))


if __name__ == '__main__':
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
