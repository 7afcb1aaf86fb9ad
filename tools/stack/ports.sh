# shellcheck shell=bash disable=SC2034,SC2154 # part of tools/stack.sh
#
# Where everything listens: at the services' own ports, or from STACK_PORT_BASE on, or where
# STACK_NAME_PORT says.

port_of() { # NAME OWN OFFSET
    local variable=STACK_$1_PORT
    if [ -n "${!variable:-}" ]; then
        echo "${!variable}"
    elif [ -n "$STACK_PORT_BASE" ]; then
        echo $((STACK_PORT_BASE + $3))
    else
        echo "$2"
    fi
}

redis_port=$(port_of REDIS 6379 0)
postgres_port=$(port_of POSTGRES 5432 1)
zookeeper_port=$(port_of ZOOKEEPER 2181 2)
kafka_port=$(port_of KAFKA 9092 10) # a broker takes two: itself, and its controller with KRAFT
cassandra_port=$(port_of CASSANDRA 9042 20)
cassandra_storage_port=$(port_of CASSANDRA_STORAGE 7000 21)
jaeger_otlp_port=$(port_of JAEGER_OTLP 4318 30)
jaeger_query_port=$(port_of JAEGER_QUERY 16686 31)
jaeger_other_port=$(port_of JAEGER_OTHER 16690 32) # and the six above: what Jaeger opens besides
prometheus_port=$(port_of PROMETHEUS 9090 40)
node_exporter_port=$(port_of NODE_EXPORTER 9100 41)
