# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# PostgreSQL, a cluster of our own. Its programs refuse root: then they run as the account of the
# package, and where that account cannot reach the folder, the data lie in /var/tmp.

postgres_programs() {
    local newest
    newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$newest/postgres" ] || fail "PostgreSQL is not installed"
    echo "$newest"
}

as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        "$@"
    fi
}

postgres_data() {
    if [ "$(id -u)" -ne 0 ] || as_postgres test -x "$dir" 2>/dev/null; then
        echo "$dir/data/postgres"
    else
        echo "/var/tmp/parley-postgres-$(echo "$dir" | cksum | cut -d ' ' -f 1)"
    fi
}

postgres_initialise() {
    local data=$1 secret
    rm -rf "$data.new"
    mkdir -p "$data.new"
    secret=$(mktemp)
    echo parley >"$secret"
    if [ "$(id -u)" -eq 0 ]; then chown postgres: "$data.new" "$secret"; fi
    (cd / && as_postgres "$(postgres_programs)/initdb" -D "$data.new" -U parley -A scram-sha-256 \
        --pwfile "$secret" -E UTF8 --locale C.UTF-8 --no-sync) >"$dir/log/initdb.log" 2>&1 || {
        cat "$dir/log/initdb.log" >&2
        fail "initdb failed"
    }
    rm -f "$secret"
    mv -T "$data.new" "$data"
}

postgres_start() {
    local data more as=()
    data=$(postgres_data)
    [ -d "$data" ] || postgres_initialise "$data"
    mapfile -t more < <(extra postgres.args)
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    (cd / && process_start postgres "${as[@]}" "$(postgres_programs)/postgres" -D "$data" \
        -p "$postgres_port" -h 127.0.0.1 -c unix_socket_directories= -c max_connections=200 \
        "${more[@]}")
}

# After a kill its children may be there for a moment more.
postgres_left_over() { grep -q 'pre-existing shared memory' "$dir/log/postgres.log"; }

postgres_sql() {
    PGPASSWORD=parley PGCONNECT_TIMEOUT=2 "$(postgres_programs)/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$postgres_port" -U parley "$@"
}

postgres_ready() { postgres_sql -d postgres -c 'select 1'; }

postgres_after() {
    [ "$(postgres_sql -d postgres -c "select 1 from pg_database where datname = 'parley'")" = 1 ] ||
        postgres_sql -d postgres -c 'create database parley'
}

postgres_address() { echo "127.0.0.1:$postgres_port"; }
