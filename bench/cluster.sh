#!/bin/bash
# Measures the cluster engine: three nodes on one machine over a stack that runs already
# (tools/stack.sh up postgres redis kafka cassandra), and one embedded server in the same run, with
# the same load. Prints a table in Markdown.
#
#   bench/cluster.sh [CASE...]      all cases, or those whose name contains one of the arguments
#
# CPU is what parley's own processes used, all nodes together; services and generator are not
# counted. Nothing is pinned to cores. Each run has a topic, a keyspace and a database of its own,
# which are left behind. Environment: PARLEY (the binary), SECONDS_EACH (10), NODES (3),
# RATE (2000), USERS (1000, in the rooms), PERF (a file: what the nodes do meanwhile, by `perf
# record`), OUT (where the JSON of each case and the nodes' logs and metrics stay); STACK_DIR as for
# tools/stack.sh. Let the services' compilers finish: STACK_JIT=full, and a run before the one that
# counts.
set -eu
cd "$(dirname "$0")/.."

parley=${PARLEY:-build/parley}
seconds=${SECONDS_EACH:-10}
n_nodes=${NODES:-3}
rate=${RATE:-2000}
users=${USERS:-1000}
work=$(mktemp -d)
out=${OUT:-$work/out}
running=()
mkdir -p "$out"
ulimit -n "$(ulimit -H -n)"

# Ends what runs; each has a moment to drain.
stop_servers() {
    [ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true
    wait
    running=()
}
trap 'stop_servers; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "cluster.sh: $*" >&2
    exit 1
}

# The stack's addresses, and the names of this run, for deploy/cluster.yaml.
prepare_cluster() {
    local word name
    eval "$(tools/stack.sh env)"
    for word in $PARLEY_TEST_POSTGRES; do
        case $word in
        host=*) export POSTGRES_HOST=${word#*=} ;;
        port=*) export POSTGRES_PORT=${word#*=} ;;
        user=*) export POSTGRES_USER=${word#*=} ;;
        password=*) export POSTGRES_PASSWORD=${word#*=} ;;
        esac
    done
    name=bench_$$_$(date +%s)
    PGPASSWORD=$POSTGRES_PASSWORD psql -q -h "$POSTGRES_HOST" -p "$POSTGRES_PORT" -U "$POSTGRES_USER" \
        -d postgres -c "CREATE DATABASE $name"
    export KAFKA_BROKER=$PARLEY_TEST_KAFKA CASSANDRA_HOST=$PARLEY_TEST_CASSANDRA \
        REDIS_HOST=$PARLEY_TEST_REDIS KAFKA_REPLICATION=1 KAFKA_MIN_INSYNC=1 CASSANDRA_REPLICATION=1 \
        CASSANDRA_KEYSPACE=$name POSTGRES_DATABASE=$name PARLEY_KAFKA_TOPIC=$name
    ACCESS_JWT_SECRET=$(openssl rand -hex 32)
    export ACCESS_JWT_SECRET
    "$parley" migrate up --config deploy/cluster.yaml >"$out/migrate.log" 2>&1 ||
        fail "no tables: $(tail -3 "$out/migrate.log")"
}

# Limits on rates are off everywhere: they are not what is measured.
export PARLEY_LIMITS_MESSAGES_PER_S=0 PARLEY_LIMITS_LOGINS_PER_MIN_ACCOUNT=0 \
    PARLEY_LIMITS_LOGINS_PER_MIN_ADDRESS=0 PARLEY_LIMITS_REGISTRATIONS_PER_MIN_ADDRESS=0

# start_server NAME OPTIONS...: adds to `running` and `urls`.
start_server() {
    local name=$1 tries=0 url
    shift
    "$parley" serve --listen 127.0.0.1:0 --log-level warn "$@" >"$work/$name" 2>"$out/$name.log" &
    running+=($!)
    until url=$(grep -so 'http://[^ ]*' "$work/$name"); do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "${running[-1]}" 2>/dev/null; then
            fail "$name did not start: $(tail -3 "$out/$name.log")"
        fi
        sleep 0.05
    done
    urls+=("$url")
}

start_embedded() {
    urls=()
    rm -rf "$work/data"
    start_server embedded --data "$work/data"
}

start_cluster() {
    local i
    urls=()
    for ((i = 1; i <= n_nodes; i++)); do
        NODE_NAME=bench$i start_server "node$i" --config deploy/cluster.yaml
    done
    sleep 5 # until the members of the groups have shared the partitions
}

joined() {
    local IFS=,
    echo "$*"
}

# value KEY FILE DIGITS: from a JSON of the generator; "-" when it is not there.
value() {
    local found=
    [ ! -f "$2" ] || found=$(sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2")
    if [ -n "$found" ]; then printf "%.$3f" "$found"; else printf -- -; fi
}

# scrape FILE: the nodes' metrics, one page after the other.
scrape() {
    local url
    for url in "${urls[@]}"; do
        curl -s --max-time 5 "$url/metrics"
    done >"$1"
}

# quantile METRIC SHARE BEFORE AFTER: the bound of the bucket of a histogram, all nodes together,
# below which that share of what was observed between two scrapes lies; in ms.
quantile() {
    awk -v name="$1_bucket" -v share="$2" '
        index($1, name "{") == 1 && match($1, /le="[^"]*"/) {
            le = substr($1, RSTART + 4, RLENGTH - 5)
            n[le] += FILENAME == ARGV[1] ? -$2 : $2
        }
        END {
            best = "-"
            for (le in n)
                if (le != "+Inf" && n["+Inf"] > 0 && n[le] >= share * n["+Inf"] &&
                    (best == "-" || le + 0 < best))
                    best = le + 0
            if (best == "-") print best; else printf "%.0f\n", best * 1000
        }' "$3" "$4"
}

# Accounts and their tokens: hashing passwords is no part of any case.
make_users() {
    "$parley" bench --url "${urls[0]}" --scenario idle --connections "$users" --users "$users" \
        --tokens "$work/tokens" --duration 0.1 >"$out/last.txt" 2>&1 || fail "no users: $(cat "$out/last.txt")"
}

# run_case NAME GENERATOR-OPTIONS...: on what runs.
run_case() {
    local name=$1 json profiler='' verdict=ok us
    shift
    json=$out/$(echo "$name" | tr -c 'a-z0-9\n' -).json
    echo "$name ..." >&2
    rm -f "$json"
    cp "$work/tokens" "$work/tokens.case" # a case of fewer users keeps only theirs
    scrape "$work/before"
    if [ -n "${PERF:-}" ]; then
        perf record -q -e cpu-clock -F 997 -g -p "$(joined "${running[@]}")" -o "$PERF" \
            -- sleep "$seconds" >/dev/null 2>&1 &
        profiler=$!
    fi
    "$parley" bench --url "$(joined "${urls[@]}")" --server-pid "$(joined "${running[@]}")" \
        --tokens "$work/tokens.case" --duration "$seconds" --json "$json" "$@" >"$out/last.txt" 2>&1 || {
        verdict=FAULTY
        cat "$out/last.txt" >&2
    }
    [ -z "$profiler" ] || wait "$profiler" || true
    sleep 1 # what was acknowledged last is written within it
    scrape "$work/after"
    cp "$work/after" "${json%.json}.metrics"
    us=$(value server_cpu_us_per_message "$json" 0)
    printf '| %s | %s | %s / %s | %s / %s | %s | %s / %s | %s |\n' "$name" \
        "$(value messages_per_s "$json" 0)" \
        "$(value ack_p50_ms "$json" 2)" "$(value ack_p99_ms "$json" 2)" \
        "$(value delivery_p50_ms "$json" 2)" "$(value delivery_p99_ms "$json" 2)" "$us" \
        "$(quantile parley_persist_age_seconds 0.5 "$work/before" "$work/after")" \
        "$(quantile parley_persist_age_seconds 1 "$work/before" "$work/after")" "$verdict"
    last_us=$us
}

wanted() {
    local word
    [ ${#words[@]} -gt 0 ] || return 0
    for word in "${words[@]}"; do
        case $1 in *"$word"*) return 0 ;; esac
    done
    return 1
}

# c NAME ...: run_case, if it is wanted.
c() {
    last_us=-
    if wanted "$1"; then run_case "$@"; fi
}

words=("$@")
two="--scenario fanout --connections 2 --users 2 --rate 20"
rooms="--scenario rooms --users $users --rate $rate"

echo "$(date -u +%F), $(uname -sr), $(nproc) cores, $n_nodes nodes, texts of 200 bytes, $seconds s each"
echo
echo "| case | messages/s | ack p50 / p99, ms | delivery p50 / p99, ms | parley's CPU a message, us | in the history after p50 / max, ms | |"
echo "|---|---|---|---|---|---|---|"
start_embedded
make_users
# shellcheck disable=SC2086 # words of options
{
    c "embedded: two clients, 20 messages/s" $two
    c "embedded: 200 rooms of 10, $rate messages/s" $rooms
    embedded_us=$last_us
}
stop_servers
rm -f "$work/tokens"
prepare_cluster
start_cluster
make_users
# shellcheck disable=SC2086 # words of options
{
    c "cluster: two clients on two nodes, 20 messages/s" $two
    c "cluster: 200 rooms of 10, $rate messages/s" $rooms --grace 30
}
stop_servers
if [ "$embedded_us" != - ] && [ "$last_us" != - ]; then
    echo
    echo "CPU a message, cluster to embedded: $(awk "BEGIN { printf \"%.2f\", $last_us / $embedded_us }")"
fi
