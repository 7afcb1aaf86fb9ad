# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# Jaeger takes spans and answers for them; this build has no pages. Every door is named, or some
# would open on all addresses.

jaeger_start() {
    jaeger_is_there || fail "jaeger is not there, and could not be built"
    local at=127.0.0.1 other=$jaeger_other_port
    process_start jaeger "$cache/jaeger-1.62.0" \
        --collector.otlp.http.host-port=$at:"$jaeger_otlp_port" \
        --query.http-server.host-port=$at:"$jaeger_query_port" \
        --collector.otlp.grpc.host-port=$at:"$other" \
        --collector.grpc-server.host-port=$at:$((other + 1)) \
        --collector.http-server.host-port=$at:$((other + 2)) \
        --query.grpc-server.host-port=$at:$((other + 3)) \
        --admin.http.host-port=$at:$((other + 4)) \
        --http-server.host-port=$at:$((other + 5)) \
        --memory.max-traces=10000
}

jaeger_ready() {
    port_answers 127.0.0.1 "$jaeger_otlp_port" && port_answers 127.0.0.1 "$jaeger_query_port"
}

jaeger_address() { echo "127.0.0.1:$jaeger_query_port"; }
