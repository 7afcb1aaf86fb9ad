#!/bin/sh
# Builds one variant into build/VARIANT. Quick when nothing changed.
#
#   tools/build.sh release|asan|tsan|clang|fuzz [NINJA TARGET...]
set -eu
cd "$(dirname "$0")/.."

variant=$1
shift
case $variant in
release)
    options='--buildtype=debugoptimized -Dtests=false' # -O2 -g
    # The pages are laid into the program when they are there (tools/build_web.sh).
    if [ -f web/build/client/index.html ]; then options="$options -Dweb=web/build/client"; fi
    ;;
asan) options='-Db_sanitize=address,undefined -Doptimization=1' ;;
tsan) # libgrpc's own locks are unknown to it: what it says of them would be false
    options='-Db_sanitize=thread -Doptimization=1 -Dgrpc=disabled'
    ;;
clang) options='' CC=clang-14 CXX=clang++-14 ;;
fuzz)
    options='-Dfuzz=true -Dtests=false -Db_sanitize=address,undefined -Db_lundef=false'
    CC=clang-14 CXX=clang++-14
    ;;
*)
    echo "no such variant: $variant" >&2
    exit 2
    ;;
esac
export CC="${CC:-gcc}" CXX="${CXX:-g++}"

# A library of a driver that was installed since is to be found: the build is set up again.
libraries=
for library in rdkafka libpq hiredis libcurl grpc++ protobuf; do
    if pkg-config --exists "$library"; then libraries="$libraries $library"; fi
done
libraries="$libraries $(cargo --version 2>/dev/null || true)"

# Rust's part is the same in every variant: one of them compiles it.
options="$options -Dcargo_target=$PWD/build/cargo"

folder=build/$variant
used=$folder.options
mkdir -p build
if [ ! -f "$folder/build.ninja" ]; then
    again=
elif [ "$options #$libraries" != "$(cat "$used" 2>/dev/null)" ]; then
    again=--reconfigure
else
    exec ninja --quiet -C "$folder" "$@"
fi
# shellcheck disable=SC2086 # one word an option
meson setup $again "$folder" $options >"$folder-setup.log" 2>&1 || {
    cat "$folder-setup.log" >&2
    exit 1
}
echo "$options #$libraries" >"$used"
exec ninja --quiet -C "$folder" "$@"
