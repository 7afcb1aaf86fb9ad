# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# Processes without a supervisor: DIR/run/NAME.pid holds the process id and the moment it was
# started (in ticks since boot), so that a number that was given to another process later is not
# taken for it.

process_started() { awk '{ sub(/^.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }

process_id() {
    local pid=0 moment=
    [ -f "$dir/run/$1.pid" ] || return 1
    read -r pid moment <"$dir/run/$1.pid"
    [ "$(process_started "$pid")" = "$moment" ] && [ -n "$moment" ] && echo "$pid"
}

process_runs() { process_id "$1" >/dev/null; }

process_memory() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$(process_id "$1")/status"; }

process_paused() {
    if grep -q '^State:.*T' "/proc/$(process_id "$1")/status" 2>/dev/null; then echo " (paused)"; fi
}

# process_start NAME COMMAND...: in a session of its own, so that no Ctrl-C reaches it.
process_start() {
    local name=$1 pid
    shift
    [ ! -f "$dir/log/$name.log" ] || mv "$dir/log/$name.log" "$dir/log/$name.old.log"
    setsid "$@" </dev/null >"$dir/log/$name.log" 2>&1 9>&- &
    pid=$!
    echo "$pid $(process_started "$pid")" >"$dir/run/$name.pid"
}

# process_await NAME KIND NUMBER: until KIND_ready holds. A process that ends before has failed,
# unless KIND_left_over knows what it died of as a trace of the one before it, which will pass.
process_await() {
    local name=$1 kind=$2 number=$3 end=$((SECONDS + wait_s))
    until "${kind}_ready" "$number" >/dev/null 2>&1; do
        if ! process_runs "$name" && declare -F "${kind}_left_over" >/dev/null &&
            "${kind}_left_over" "$number" && [ $SECONDS -lt $end ]; then
            sleep 1
            "${kind}_start" "$number"
        elif ! process_runs "$name"; then
            tail -n 20 "$dir/log/$name.log" >&2 || true
            fail "$name ended while it started; all of it: $dir/log/$name.log"
        fi
        if [ $SECONDS -ge $end ]; then
            tail -n 20 "$dir/log/$name.log" >&2 || true
            fail "$name was not ready after $wait_s s; all of it: $dir/log/$name.log"
        fi
        sleep 0.1
    done
}

process_signal() {
    local pid
    pid=$(process_id "$1") || return 0
    kill "-$2" "$pid" 2>/dev/null || true
    [ "$2" != TERM ] || kill -CONT "$pid" 2>/dev/null || true # a paused one hears nothing else
}

# Waits until it is gone; after 30 s it is killed.
process_end() {
    local name=$1 end=$((SECONDS + 30))
    while process_runs "$name"; do
        [ $SECONDS -lt $end ] || process_signal "$name" KILL
        sleep 0.05
    done
    rm -f "$dir/run/$name.pid"
}

# Does something accept connections there?
port_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# java_start NAME HEAP_MIB ARGUMENT...: compiled quickly, which is best for a stack that lives for a few
# tests; or well (STACK_JIT=full), which is what a service that runs for days does.
java_start() {
    local name=$1 heap=$2 level=1
    [ "${STACK_JIT:-quick}" != full ] || level=4
    shift 2
    process_start "$name" java "-Xms${heap}m" "-Xmx${heap}m" -XX:+UseSerialGC \
        "-XX:TieredStopAtLevel=$level" "$@"
}
