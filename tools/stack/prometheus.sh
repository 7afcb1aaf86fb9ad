# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# Prometheus with parley's alert rules; it scrapes the nodes of `make run-cluster` and the machine.

prometheus_start() {
    cat >"$dir/conf/prometheus.yml" <<END
global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: ["$root/deploy/prometheus/alerts.yml"]
scrape_configs:
  - job_name: parley
    static_configs:
      - targets: ["127.0.0.1:9000", "127.0.0.1:9001", "127.0.0.1:9002"]
  - job_name: node
    static_configs:
      - targets: ["127.0.0.1:$node_exporter_port"]
END
    process_start prometheus prometheus "--config.file=$dir/conf/prometheus.yml" \
        "--storage.tsdb.path=$dir/data/prometheus" --storage.tsdb.retention.time=1d \
        "--web.listen-address=127.0.0.1:$prometheus_port"
}

prometheus_ready() { port_answers 127.0.0.1 "$prometheus_port"; }
prometheus_address() { echo "127.0.0.1:$prometheus_port"; }

node_exporter_start() {
    process_start node-exporter prometheus-node-exporter \
        "--web.listen-address=127.0.0.1:$node_exporter_port"
}

node_exporter_ready() { port_answers 127.0.0.1 "$node_exporter_port"; }
node_exporter_address() { echo "127.0.0.1:$node_exporter_port"; }
