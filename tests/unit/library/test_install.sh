#!/bin/sh
# The C library as its user has it: installed, found by pkg-config, and nothing of the source tree on the include path. Runs docs/examples/library.c against
# the shared library and the static one.
# test_install.sh SOURCE BUILD
set -eu
source=$1
build=$2
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
make -s -C "$source" -o build install BUILD="$build" DESTDIR="$place" PREFIX=/usr >"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
# Programs that are linked with it find it: the system's list is made anew, but not for a package.
mkdir "$place/bin"
printf '#!/bin/sh\necho made >>"%s/list"\n' "$place" >"$place/bin/ldconfig"
chmod +x "$place/bin/ldconfig"
with_list() {
    PATH=$place/bin:$PATH make -s -C "$source" -o build install BUILD="$build" PREFIX="$1" DESTDIR="${2:-}" >"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
}
with_list /usr "$place"
[ ! -e "$place/list" ] || { echo "a package changes the list of the machine that makes it"; exit 1; }
with_list "$place/here"
[ -e "$place/list" ] && [ -e "$place/here/lib/liblatchkey.so" ] || { echo "the library is installed where no program finds it"; exit 1; }

cp "$source/docs/examples/library.c" "$place/"
cd "$place"

flags() {
    PKG_CONFIG_PATH=$place/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$place pkg-config "$@" latchkey
}
flags --exists || { echo "pkg-config does not find it"; exit 1; }

expected='invoices.read: VALID
invoices.read AND users.write: INSUFFICIENT_PERMISSIONS
now reporting says INSUFFICIENT_PERMISSIONS
now reporting says INSUFFICIENT_PERMISSIONS'

# run PROGRAM: what it says but for who says it, and whether a thread came to be let in before, which is up to the scheduler.
run() {
    said=$(LD_LIBRARY_PATH=$place/usr/lib "$1" | sed 's/.*: allowed [a-z]*; //')
    [ "$said" = "$expected" ] || { printf '%s said:\n%s\n' "$1" "$said"; exit 1; }
}

strict="-std=c11 -Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2046,SC2086 -- flags are meant to be split
{
    cc $strict library.c $(flags --cflags --libs) -o shared
    cc $strict library.c $(flags --cflags) usr/lib/liblatchkey.a $(flags --static --libs | sed 's/-llatchkey//') -o static
}
run ./shared
run ./static

# Nothing but its own names.
strangers=$(nm -D --defined-only usr/lib/liblatchkey.so | awk '{print $3}' | grep -v '^latchkey_' || true)
[ -z "$strangers" ] || { echo "the shared library also defines: $strangers"; exit 1; }

# The header says its version; the library, the build and pkg-config say the same.
[ "$(flags --modversion)" = "$(sed -n 's/^#define LATCHKEY_VERSION_[MP][A-Z]* //p' usr/include/latchkey.h | paste -sd.)" ]

# From C++ too, where there is a compiler.
if command -v c++ >/dev/null; then
    printf '#include <latchkey.h>\nint main() { return latchkey_version() == nullptr; }\n' >user.cpp
    # shellcheck disable=SC2046 -- flags are meant to be split
    c++ -Wall -Wextra -Werror user.cpp $(flags --cflags --libs) -o cpp
    LD_LIBRARY_PATH=$place/usr/lib ./cpp
fi
