#!/bin/bash
# Starts three nodes of the cluster engine on 127.0.0.1:9000 to 9002, over the stack of
# tools/stack.sh, and stops them at Ctrl-C. The stack stays (make stack-down).
#
#   [DELIVERY=direct] tools/run_cluster.sh [OPTION OF parley serve...]
#
# DELIVERY=direct: over PostgreSQL and Redis alone.
set -euo pipefail
cd "$(dirname "$0")/.."

nodes=3
eval "$(tools/stack.sh env)"
word() { tr ' ' '\n' <<<"$PARLEY_TEST_POSTGRES" | sed -n "s/^$1=//p"; }

# One secret for all nodes, kept: sessions outlive a restart.
mkdir -p build/cluster
[ -s build/cluster/secret ] || (umask 077 && openssl rand -hex 32 >build/cluster/secret)

ACCESS_JWT_SECRET=$(cat build/cluster/secret)
POSTGRES_HOST=$(word host) POSTGRES_PORT=$(word port) POSTGRES_USER=$(word user)
POSTGRES_PASSWORD=$(word password) POSTGRES_DATABASE=$(word dbname)
config=deploy/cluster.yaml CLUSTER_SECRET=$(sha256sum <build/cluster/secret | cut -c1-64)
if [ "${DELIVERY:-}" = direct ]; then config=deploy/cluster-direct.yaml; fi
KAFKA_BROKER=$PARLEY_TEST_KAFKA CASSANDRA_HOST=$PARLEY_TEST_CASSANDRA REDIS_HOST=$PARLEY_TEST_REDIS
brokers=$(tr ',' '\n' <<<"$KAFKA_BROKER" | wc -l)
KAFKA_REPLICATION=$brokers KAFKA_MIN_INSYNC=$((brokers > 2 ? 2 : 1))
CASSANDRA_REPLICATION=$(tr ',' '\n' <<<"$CASSANDRA_HOST" | wc -l)
export ACCESS_JWT_SECRET CLUSTER_SECRET POSTGRES_HOST POSTGRES_PORT POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DATABASE \
    KAFKA_BROKER CASSANDRA_HOST REDIS_HOST KAFKA_REPLICATION KAFKA_MIN_INSYNC CASSANDRA_REPLICATION

build/parley migrate up --config "$config"

running=()
stop() {
    trap '' INT TERM
    kill "${running[@]}" 2>/dev/null || true
    wait
    exit 0
}
trap stop INT TERM
for ((i = 0; i < nodes; i++)); do
    NODE_LISTEN=127.0.0.1:$((9000 + i)) NODE_NAME=node$((i + 1)) \
        build/parley serve --config "$config" "$@" &
    running+=($!)
done
# One that ends by itself takes the others with it.
wait -n || true
stop
