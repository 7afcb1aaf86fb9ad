#!/bin/sh
# Builds one variant into build/VARIANT. Quick when nothing changed.
#
#   tools/build.sh release|asan|tsan|clang|fuzz [NINJA TARGET...]
set -eu
cd "$(dirname "$0")/.."

variant=$1
shift
case $variant in
release) options='--buildtype=release -Doptimization=2 -Ddebug=true -Dtests=false' ;;
asan) options='-Db_sanitize=address,undefined -Doptimization=1' ;;
tsan) options='-Db_sanitize=thread -Doptimization=1' ;;
clang) options='' CC=clang-14 ;;
fuzz) options='-Dfuzz=true -Dtests=false -Db_sanitize=address,undefined -Db_lundef=false' CC=clang-14 ;;
*)
    echo "no such variant: $variant" >&2
    exit 2
    ;;
esac
export CC="${CC:-gcc}"

log=build/$variant-setup.log
mkdir -p build
# shellcheck disable=SC2086 # one word an option
if [ ! -f "build/$variant/build.ninja" ]; then
    meson setup "build/$variant" $options >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
fi
exec ninja --quiet -C "build/$variant" "$@"
