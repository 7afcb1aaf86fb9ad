#!/bin/bash
# The real services on loopback, without containers: PostgreSQL, Redis, Kafka with ZooKeeper,
# Cassandra, Jaeger, Prometheus with its node exporter. What is missing is fetched first.
#
#   tools/stack.sh up [SERVICE...]    start what does not run (none named: all), wait until ready
#   tools/stack.sh down               stop everything; the data stay
#   tools/stack.sh status             what runs, where, how much memory
#   tools/stack.sh env                the addresses, as assignments of a shell
#   tools/stack.sh wipe               stop everything, remove all data
#   tools/stack.sh stop|kill|pause|resume|start SERVICE...    for tests of failure
#
# Services: postgres redis zookeeper kafka cassandra jaeger prometheus node-exporter. Switches, at
# `up`, kept for the later commands:
#
#   KRAFT=1               Kafka without ZooKeeper
#   BROKERS=3             kafka, kafka-2, kafka-3
#   CASSANDRA_NODES=3     cassandra, cassandra-2, cassandra-3 (on 127.0.0.1, .2, .3)
#
#   STACK_EXTRA=DIR       what is added to the configurations: DIR/kafka.properties, cassandra.yaml,
#                         and arguments, one a line: cassandra.args, postgres.args
#
# and at each start, STACK_JIT=full: Java compiles well rather than quickly, for measurements.
#
# A second stack beside the first: STACK_DIR=build/mine STACK_PORT_BASE=21000 tools/stack.sh up ...
# Single ports: STACK_REDIS_PORT and the like (tools/stack/ports.sh). STACK_WAIT_S (120): how long a
# service may take to be ready. Logs are in STACK_DIR/log; jars and Jaeger's binary in
# $XDG_CACHE_HOME/parley.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
dir=${STACK_DIR:-$root/build/stack}
# shellcheck disable=SC2034 # for the files of tools/stack
cache=${XDG_CACHE_HOME:-$HOME/.cache}/parley
wait_s=${STACK_WAIT_S:-120}
all=(postgres redis kafka cassandra jaeger prometheus node-exporter)

fail() {
    echo "stack: $*" >&2
    exit 1
}

[[ $dir == /* ]] || dir=$PWD/$dir

# The switches are the data's: they say of what kind the cluster is that lies there.
read_switches() {
    local kraft=${KRAFT:-} brokers=${BROKERS:-} nodes=${CASSANDRA_NODES:-} base=${STACK_PORT_BASE:-}
    local extra=${STACK_EXTRA:-}
    KRAFT=0 BROKERS=1 CASSANDRA_NODES=1 STACK_PORT_BASE='' STACK_EXTRA=''
    if [ -f "$dir/switches" ]; then
        # shellcheck source=/dev/null
        . "$dir/switches"
    fi
    if [ -n "$kraft" ] && [ "$kraft" != "$KRAFT" ] && [ -d "$dir/data/kafka" ]; then
        fail "the data in $dir are of KRAFT=$KRAFT; remove them first: tools/stack.sh wipe"
    fi
    KRAFT=${kraft:-$KRAFT}
    BROKERS=${brokers:-$BROKERS}
    CASSANDRA_NODES=${nodes:-$CASSANDRA_NODES}
    STACK_PORT_BASE=${base:-$STACK_PORT_BASE}
    STACK_EXTRA=${extra:-$STACK_EXTRA}
    [[ $KRAFT =~ ^[01]$ ]] || fail "KRAFT is 0 or 1"
    [[ $BROKERS =~ ^[1-3]$ ]] || fail "BROKERS is 1 to 3"
    [[ $CASSANDRA_NODES =~ ^[1-3]$ ]] || fail "CASSANDRA_NODES is 1 to 3"
    [[ $STACK_PORT_BASE =~ ^([0-9]{4,5})?$ ]] || fail "STACK_PORT_BASE is a port"
}

keep_switches() {
    printf '%s=%s\n' KRAFT "$KRAFT" BROKERS "$BROKERS" CASSANDRA_NODES "$CASSANDRA_NODES" \
        STACK_PORT_BASE "$STACK_PORT_BASE" STACK_EXTRA "$STACK_EXTRA" >"$dir/switches"
}

# extra NAME: what is added to that configuration; nothing, as a rule.
extra() {
    if [ -n "$STACK_EXTRA" ] && [ -f "$STACK_EXTRA/$1" ]; then cat "$STACK_EXTRA/$1"; fi
}

# Names the processes of the given services, each after those it needs.
members_of() {
    local name i
    for name in "$@"; do
        case $name in
        kafka)
            [ "$KRAFT" = 1 ] || echo zookeeper
            echo kafka
            for ((i = 2; i <= BROKERS; i++)); do echo "kafka-$i"; done
            ;;
        cassandra)
            echo cassandra
            for ((i = 2; i <= CASSANDRA_NODES; i++)); do echo "cassandra-$i"; done
            ;;
        postgres | redis | zookeeper | jaeger | prometheus | node-exporter) echo "$name" ;;
        kafka-[23] | cassandra-[23]) echo "$name" ;;
        *) fail "there is no service $name (have: zookeeper ${all[*]})" ;;
        esac
    done | awk '!seen[$0]++'
}

# The file of functions for a process, and its number among its like.
kind_of() { echo "${1%-[23]}"; }
number_of() { case $1 in *-[23]) echo "${1##*-}" ;; *) echo 1 ;; esac }

# shellcheck source=tools/stack/process.sh
. "$here/stack/process.sh"
read_switches
# shellcheck source=tools/stack/ports.sh
. "$here/stack/ports.sh"
for file in fetch postgres redis zookeeper kafka cassandra jaeger prometheus; do
    # shellcheck source=/dev/null
    . "$here/stack/$file.sh"
done

# Starts the named processes at once and waits for each.
start_members() {
    local name fresh=()
    for name in "$@"; do
        if process_runs "$name"; then continue; fi
        fresh+=("$name")
        "$(kind_of "$name" | tr - _)_start" "$(number_of "$name")"
    done
    for name in "$@"; do
        process_await "$name" "$(kind_of "$name" | tr - _)" "$(number_of "$name")"
    done
    for name in "${fresh[@]}"; do
        if declare -F "$(kind_of "$name")_after" >/dev/null; then
            "$(kind_of "$name")_after" "$(number_of "$name")"
        fi
    done
}

up() {
    local wanted=("$@") names
    [ $# -gt 0 ] || wanted=("${all[@]}")
    mkdir -p "$dir"/{run,log,data,conf}
    exec 9>"$dir/lock"
    flock -w 900 9 || fail "another tools/stack.sh is at work in $dir"
    mapfile -t names < <(members_of "${wanted[@]}")
    fetch "${wanted[@]}"
    if [ $# -eq 0 ] && ! jaeger_is_there; then
        mapfile -t names < <(printf '%s\n' "${names[@]}" | grep -vx jaeger)
    fi
    keep_switches
    start_members "${names[@]}"
    status
}

each_running() {
    local file
    for file in "$dir"/run/*.pid; do
        [ -e "$file" ] || continue
        file=${file##*/}
        echo "${file%.pid}"
    done
}

# Those that others need go last.
down() {
    local name late=()
    for name in $(each_running); do
        case $name in zookeeper | node-exporter) late+=("$name") ;; *) process_signal "$name" TERM ;; esac
    done
    for name in $(each_running); do
        [[ " ${late[*]} " == *" $name "* ]] || process_end "$name"
    done
    for name in "${late[@]}"; do process_signal "$name" TERM && process_end "$name"; done
}

status() {
    local name
    for name in $(each_running); do
        if process_runs "$name"; then
            printf '%-14s %-22s pid %-8s %5d MiB%s\n' "$name" \
                "$("$(kind_of "$name" | tr - _)_address" "$(number_of "$name")")" \
                "$(process_id "$name")" "$(process_memory "$name")" "$(process_paused "$name")"
        else
            printf '%-14s gone (see %s)\n' "$name" "$dir/log/$name.log"
        fi
    done
}

environment() {
    cat <<END
STACK_DIR='$dir'
PARLEY_TEST_POSTGRES='host=127.0.0.1 port=$postgres_port user=parley password=parley dbname=parley'
PARLEY_TEST_REDIS=127.0.0.1:$redis_port
PARLEY_TEST_KAFKA=$(kafka_addresses)
PARLEY_TEST_CASSANDRA=$(cassandra_addresses)
PARLEY_TEST_JAEGER=http://127.0.0.1:$jaeger_query_port
PARLEY_TEST_OTLP=http://127.0.0.1:$jaeger_otlp_port
END
}

# One signal or step for each process that is named.
each_of() {
    local step=$1 name
    shift
    [ $# -gt 0 ] || fail "which service?"
    for name in "$@"; do
        members_of "$name" >/dev/null
        case $step in
        stop) process_signal "$name" TERM && process_end "$name" ;;
        kill) process_signal "$name" KILL && process_end "$name" ;;
        pause) process_signal "$name" STOP ;;
        resume) process_signal "$name" CONT ;;
        start) start_members "$name" ;;
        esac
    done
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
up) up "$@" ;;
down) down ;;
status) status ;;
env) environment ;;
wipe)
    for name in $(each_running); do process_signal "$name" KILL && process_end "$name"; done
    rm -rf "$dir/data" "$dir/conf" "$dir/log" "$dir/switches" "$(postgres_data)"
    ;;
stop | kill | pause | resume | start) each_of "$command" "$@" ;;
*)
    sed -n '2,/^set/{/^# \{0,1\}/s///p}' "$0" >&2
    exit 2
    ;;
esac
