#!/bin/sh
# The bridge to Cassandra and cargo.
#
#   build.sh fetch                    the crates of Cargo.lock into cargo's cache
#   build.sh build TARGET OUTPUT MARK everything cargo writes goes to the folder TARGET, the library
#                                     to the file OUTPUT; then the empty file MARK is made
#
# Crates that lie in cargo's cache are not asked for again, so a machine without a network can build
# what was fetched once.
set -eu
manifest=$(cd "$(dirname "$0")" && pwd)/Cargo.toml

fetch() {
    cargo fetch --quiet --locked --offline --manifest-path "$manifest" 2>/dev/null ||
        timeout 300 cargo fetch --quiet --locked --manifest-path "$manifest"
}

build() {
    # scylla hides the limits of its reconnecting behind this switch
    RUSTFLAGS="--cfg scylla_unstable ${RUSTFLAGS:-}" OPENSSL_NO_VENDOR=1 CARGO_TARGET_DIR=$1 \
        cargo build --quiet --release --locked --offline --manifest-path "$manifest"
    cp "$1/release/libparley_cassandra.a" "$2"
    : >"$3"
}

case ${1-} in
fetch) fetch ;;
build) build "$2" "$3" "$4" ;;
*)
    sed -n '2,9p' "$0" >&2
    exit 2
    ;;
esac
