#!/bin/sh
# Starts a server of its own with empty data, loads it, and stops it.
#
#   tools/bench.sh                               the usual scenarios, one after the other
#   tools/bench.sh --scenario fanout --users 50  one run with these options of `parley bench`
set -eu
cd "$(dirname "$0")/.."

data=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait; rm -rf "$data"' EXIT INT TERM

PARLEY_LIMITS_MESSAGES_PER_S=0 PARLEY_LIMITS_LOGINS_PER_MIN_ACCOUNT=0 \
    PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS=0 PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS=0 \
    build/parley serve --data "$data/data" --listen 127.0.0.1:0 --log-level warn >"$data/ready" &
server=$!
tries=0
until grep -q http "$data/ready"; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] && kill -0 "$server" || exit 1
    sleep 0.05
done
url=$(sed -n 's/.*\(http[^ ]*\).*/\1/p' "$data/ready")

load() {
    echo "== parley bench $*"
    build/parley bench --url "$url" --server-pid "$server" "$@"
}

if [ $# -gt 0 ]; then
    load "$@"
else
    load --scenario ack --duration 5 --fsync-dir "$data"
    load --scenario rooms --rooms 100 --duration 5
    load --scenario fanout --connections 1000 --duration 5
    load --scenario reconnect --connections 500
    load --scenario idle --connections 2000 --duration 5
fi
