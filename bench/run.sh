#!/bin/bash
# Measures the server case by case and prints a table in Markdown, each case beside what the kernel
# alone made possible just before and just after it (bare_loop: one thread that only sends; the mean).
#
#   bench/run.sh [CASE...]      all cases, or those whose name contains one of the arguments
#
# The server runs on core 0 with one loop, the generator on core 1, where it never sleeps. Each case gets a fresh copy of
# the same data: USERS accounts, nothing else. Limits on rates are off. Environment: PARLEY (the
# binary), SECONDS_EACH (8), USERS (1000), OUT (where the JSON of each case stays).
set -eu
cd "$(dirname "$0")/.."

parley=${PARLEY:-build/parley}
seconds=${SECONDS_EACH:-8}
users=${USERS:-1000}
work=$(mktemp -d)
out=${OUT:-$work/out}
bare=build/bare_loop
server=
mkdir -p build "$out"
ulimit -n "$(ulimit -H -n)"
last_core=$(($(nproc) > 1 ? 1 : 0))
awake=$([ "$last_core" = 0 ] || echo --busy-poll)

stop_server() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait
    server=
}
trap 'stop_server; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

"${CC:-cc}" -O2 -D_GNU_SOURCE -Wall -Wextra -Werror bench/bare_loop.c -o "$bare"

# start_server DATA [COMMAND-PREFIX...]: sets `server` and `url`.
start_server() {
    data=$1
    shift
    : >"$work/ready"
    PARLEY_LIMITS_MESSAGES_PER_S=0 PARLEY_LIMITS_LOGINS_PER_MIN_ACCOUNT=0 \
        PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS=0 PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS=0 \
        "$@" "$parley" serve --data "$data" --listen 127.0.0.1:0 --log-level warn >"$work/ready" &
    server=$!
    tries=0
    until url=$(grep -o 'http://[^ ]*' "$work/ready"); do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ] || ! kill -0 "$server" 2>/dev/null; then
            echo "the server did not start" >&2
            exit 1
        fi
        sleep 0.05
    done
}

# value KEY FILE DIGITS: from a JSON of the generator; "-" when it is not there.
value() {
    found=
    [ ! -f "$2" ] || found=$(sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2")
    if [ -n "$found" ]; then printf "%.$3f" "$found"; else printf -- -; fi
}

bare_sends() {
    "$bare" --sockets "$1" --bytes "$frame_bytes" --seconds 1 --reader-core "$last_core"
}

# run_case NAME SOCKETS-OF-THE-BARE-LOOP GENERATOR-OPTIONS...
run_case() {
    name=$1
    sockets=$2
    shift 2
    json=$out/$(echo "$name" | tr -c 'a-z0-9\n' -).json
    echo "$name ..." >&2
    sends=$(bare_sends "$sockets")
    rm -rf "$work/data"
    rm -f "$json"
    cp -r "$work/base" "$work/data"
    cp "$work/base.tokens" "$work/tokens"
    start_server "$work/data" taskset -c 0
    verdict=ok
    # shellcheck disable=SC2086 # one word or none
    taskset -c "$last_core" "$parley" bench $awake --url "$url" --server-pid "$server" --users "$users" \
        --tokens "$work/tokens" --duration "$seconds" --json "$json" "$@" >"$out/last.txt" 2>&1 || {
        verdict=FAULTY
        cat "$out/last.txt" >&2
    }
    stop_server
    sends=$(((sends + $(bare_sends "$sockets")) / 2))
    deliveries=$(value deliveries_per_s "$json" 0)
    ratio=-
    [ "$deliveries" = - ] || ratio=$(awk "BEGIN { printf \"%.2f\", $deliveries / $sends }")
    printf '| %s | %s | %s | %s | %s | %s / %s / %s | %s / %s / %s | %s | %s | %s |\n' "$name" \
        "$(value messages_per_s "$json" 0)" "$deliveries" "$sends" "$ratio" \
        "$(value ack_p50_ms "$json" 2)" "$(value ack_p99_ms "$json" 2)" "$(value ack_max_ms "$json" 2)" \
        "$(value delivery_p50_ms "$json" 2)" "$(value delivery_p99_ms "$json" 2)" \
        "$(value delivery_max_ms "$json" 2)" \
        "$(value server_cpu_s_per_million "$json" 2)" "$(extra "$json")" "$verdict"
}

# What only some scenarios tell.
extra() {
    for row in "connection_kib 2 KiB/connection" "connects_per_s 0 connects/s" \
        "idle_cpu_percent 2 % CPU idle" "caught_up_s 2 s until caught up" \
        "bystander_ack_p99_ms 2 ms bystanders' ack p99" "bystander_ack_max_ms 2 ms, max" \
        "fdatasync_p50_ms 3 ms fdatasync p50" "ack_to_fdatasync 2 ack/fdatasync"; do
        key=${row%% *}
        rest=${row#* }
        found=$(value "$key" "$1" "${rest%% *}")
        [ "$found" = - ] || printf '%s %s; ' "$found" "${rest#* }"
    done
}

wanted() {
    [ ${#words[@]} -gt 0 ] || return 0
    for word in "${words[@]}"; do
        case $1 in *"$word"*) return 0 ;; esac
    done
    return 1
}

# c NAME ...: run_case, if it is wanted.
c() {
    if wanted "$1"; then run_case "$@"; fi
}

words=("$@")
users_small=$((users < 100 ? users : 100))
echo "making $users users ..." >&2
start_server "$work/base"
"$parley" bench --url "$url" --scenario idle --connections "$users" --users "$users" \
    --tokens "$work/tokens" --duration 0.1 >/dev/null
"$parley" bench --url "$url" --scenario fanout --connections 10 --users 10 --duration 0.5 --ramp 0 \
    --tokens "$work/tokens" --json "$work/frame.json" >/dev/null
mv "$work/tokens" "$work/base.tokens"
frame_bytes=$(value frame_bytes "$work/frame.json" 0)
stop_server

echo "$(date -u +%F), $(uname -sr), $(nproc) cores, frames of $frame_bytes bytes, $seconds s each"
echo
echo "| case | messages/s | deliveries/s | bare sends/s | ratio | ack p50 / p99 / max, ms | delivery p50 / p99 / max, ms | CPU s per million | also | |"
echo "|---|---|---|---|---|---|---|---|---|---|"
c "fanout 1000, 1 outstanding" 1000 --scenario fanout --connections 1000
c "fanout 1000, 16 outstanding" 1000 --scenario fanout --connections 1000 --outstanding 16
c "fanout 100, 16 outstanding" 100 --scenario fanout --connections 100 --users "$users_small" --outstanding 16
c "fanout 5000, 16 outstanding" 5000 --scenario fanout --connections 5000 --outstanding 16
c "1000 members at 20 messages/s" 1000 --scenario fanout --connections 1000 --rate 20
c "200 rooms of 10, everyone one outstanding" 2000 --scenario rooms --outstanding 10 \
    --outstanding-until ack --client-ids
c "200 rooms of 10 at 2000 messages/s" 2000 --scenario rooms --rate 2000
c "ack alone" 1 --scenario ack --fsync-dir "$work"
c "fanout 5000, acks elsewhere" 5000 --scenario fanout --connections 5000 --bystanders 4
c "idle 10000" 1000 --scenario idle --connections 10000
c "reconnect 10000" 1000 --scenario reconnect --connections 10000 --grace 60
