# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# Redis as a cache: nothing of it is on disk, a restart is a flush.

redis_start() {
    # Debian's package redis-tools has the server under this name; redis-server would start one.
    ln -sfn "$(command -v redis-server || command -v redis-check-rdb)" "$dir/run/redis-server"
    process_start redis "$dir/run/redis-server" --bind 127.0.0.1 --port "$redis_port" \
        --save '' --appendonly no --dir "$dir/data" --daemonize no
}

redis_ready() { [ "$(timeout 2 redis-cli -h 127.0.0.1 -p "$redis_port" ping)" = PONG ]; }

redis_address() { echo "127.0.0.1:$redis_port"; }
