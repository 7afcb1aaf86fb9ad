#!/bin/bash
# The same fan-out through nginx with nchan (Debian: libnginx-mod-nchan), ours right after it, both on
# core 0, the generators on core 1. nchan keeps messages in memory and acknowledges before anything is
# on disk; ours are on disk. Prints deliveries a second of each.
#
#   bench/nchan.sh [SUBSCRIBERS] [OUTSTANDING]     (1000, 1)
set -eu
cd "$(dirname "$0")/.."
subscribers=${1:-1000}
outstanding=${2:-1}
parley=${PARLEY:-build/parley}
seconds=${SECONDS_EACH:-5}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -H -n)"
last_core=$(($(nproc) > 1 ? 1 : 0))
awake=$([ "$last_core" = 0 ] || echo --busy-poll)
mkdir -p build
"${CC:-cc}" -O2 -D_GNU_SOURCE -Wall -Wextra -Werror bench/nchan.c -o build/nchan
cat >"$work/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off; worker_processes 1; pid $work/pid; error_log $work/error.log warn;
worker_rlimit_nofile 65536;
events { worker_connections 20000; }
http {
  access_log off; client_body_temp_path $work; keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:9580; tcp_nodelay on;
    location /pub { nchan_publisher; nchan_channel_id x; }
    location /sub { nchan_subscriber websocket; nchan_channel_id x; nchan_subscriber_first_message newest; }
  }
}
CONF
taskset -c 0 nginx -c "$work/nginx.conf" -p "$work" 2>/dev/null &
sleep 1
peer=$(taskset -c "$last_core" build/nchan --port 9580 --subscribers "$subscribers" --bytes 200 \
    --outstanding "$outstanding" --seconds "$seconds")
kill "$(cat "$work/pid")"
wait
PARLEY_LIMITS_MESSAGES_PER_S=0 PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS=0 \
    PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS=0 taskset -c 0 "$parley" serve --data "$work/data" \
    --listen 127.0.0.1:9581 --log-level warn >/dev/null &
sleep 1
# shellcheck disable=SC2086 # one word or none
taskset -c "$last_core" "$parley" bench --url http://127.0.0.1:9581 --scenario fanout --users 100 \
    $awake --connections "$subscribers" --outstanding "$outstanding" --duration "$seconds" --json "$work/ours" \
    >"$work/table" 2>&1 || { cat "$work/table" >&2; exit 1; }
ours=$(sed -n 's/^ *"deliveries_per_s": \([0-9.]*\).*/\1/p' "$work/ours")
awk "BEGIN { printf \"nchan %.0f, parley %.0f deliveries/s: %.2f times\n\", $peer, $ours, $ours / $peer }"
