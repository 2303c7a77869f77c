#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# What is installed for who writes a program, or a client in another language, is whole: each header
# compiles by itself, with what is installed and nothing else, and the messages generate code.
# Speaks TAP.
. "$top_srcdir/tests/cli/cli.sh"

root=$tmp/root
cc=${CC:-cc}
# The make that runs this test must not hand its own job server and variables down.
status 0 'make install with DESTDIR' env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS \
        make -C "$top_builddir" install DESTDIR="$root"

# alone HEADER LANGUAGE COMPILER...: a program of one line.
alone() {
        header=$1 language=$2
        shift 2
        echo "#include \"$header\"" > "$tmp/alone.c"
        status 0 "${header#"$root"} compiles by itself as $language" \
                "$@" -Wall -Wextra -Werror -fsyntax-only "$tmp/alone.c"
}

include=$(dirname "$(dirname "$(find "$root" -name vgic.h)")")
public=$(find "$include" -name '*.h' | sort)
[ "$(echo "$public" | wc -l)" -eq "$(ls "$top_srcdir"/client-lib/include/vgic/*.h | wc -l)" ]
ok $? 'all public headers are installed'
for header in $public; do
        alone "$header" C $cc -std=c99 -pedantic -I"$include"
        [ -z "$(command -v c++)" ] ||
                alone "$header" C++ c++ -x c++ -std=c++11 -pedantic -I"$include"
done

# The names that doc/protocol.md sends a reader to.
page=$(find "$root" -name protocol.md)
layout=$(dirname "$page")/layout
for name in gic-word.h shm-layout.h shm-ring.h; do
        [ -f "$layout/$name" ]
        ok $? "$name is installed beside the protocol's page"
done
for header in "$layout"/*.h; do
        alone "$header" C11 $cc -std=c11
done

# One program of all of them, by the offsets of the page's section 8.
cat > "$tmp/all.c" <<'END'
#include "shm-layout.h"
#include "shm-ring.h"
#include "gic-word.h"
_Static_assert(offsetof(struct shm_header, magic) == 0, "magic");
_Static_assert(offsetof(struct shm_header, must_understand) == 16, "must_understand");
_Static_assert(offsetof(struct shm_header, ready) == 1024, "ready");
int main(void)
{
        return 0;
}
END
status 0 'a program of another folder includes them all' \
        $cc -std=c11 -Wall -Wextra -Werror -I"$layout" "$tmp/all.c" -o "$tmp/all"

proto=$(dirname "$page")/vgic.proto
cmp "$proto" "$top_srcdir/proto/vgic.proto" > "$tmp/out" 2> "$tmp/err"
ok $? 'the messages are installed beside the page'
if [ -n "$(command -v protoc)" ]; then
        mkdir "$tmp/code"
        status 0 'code is generated from them' \
                protoc --proto_path="$(dirname "$proto")" --python_out="$tmp/code" "$proto"
else
        echo '# no protoc here: no code was generated'
fi
done_testing
