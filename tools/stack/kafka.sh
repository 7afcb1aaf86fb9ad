# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# Kafka: one to three brokers over ZooKeeper, or in KRaft mode, each broker a controller as well.

kafka_broker_port() { echo $((kafka_port + 2 * ($1 - 1))); }
kafka_controller_port() { echo $((kafka_port + 2 * ($1 - 1) + 1)); }
kafka_name() { if [ "$1" = 1 ]; then echo kafka; else echo "kafka-$1"; fi; }
kafka_address() { echo "127.0.0.1:$(kafka_broker_port "$1")"; }

kafka_addresses() {
    local i list=
    for ((i = 1; i <= BROKERS; i++)); do list+=${list:+,}$(kafka_address "$i"); done
    echo "$list"
}

# The brokers' own topics are on all of them, and one may be missing.
kafka_properties() {
    local port i voters='' in_sync=$((BROKERS > 1 ? 2 : 1))
    port=$(kafka_broker_port "$1")
    cat <<END
advertised.listeners=PLAINTEXT://127.0.0.1:$port
log.dirs=$dir/data/kafka/broker-$1
offsets.topic.replication.factor=$BROKERS
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=$BROKERS
transaction.state.log.min.isr=$in_sync
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
auto.create.topics.enable=false
controlled.shutdown.max.retries=1
END
    if [ "$KRAFT" != 1 ]; then
        printf '%s\n' "broker.id=$1" "listeners=PLAINTEXT://127.0.0.1:$port" \
            "zookeeper.connect=127.0.0.1:$zookeeper_port" zookeeper.session.timeout.ms=6000
        return
    fi
    for ((i = 1; i <= BROKERS; i++)); do
        voters+=${voters:+,}$i@127.0.0.1:$(kafka_controller_port "$i")
    done
    printf '%s\n' "node.id=$1" process.roles=broker,controller \
        "controller.quorum.voters=$voters" controller.listener.names=CONTROLLER \
        "listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$(kafka_controller_port "$1")" \
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
}

kafka_java=(-Xms128m -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1)

kafka_start() {
    local name file
    name=$(kafka_name "$1")
    file=$dir/conf/$name.properties
    { kafka_properties "$1" && extra kafka.properties; } >"$file"
    mkdir -p "$dir/data/kafka"
    if [ "$KRAFT" = 1 ] && [ ! -f "$dir/data/kafka/broker-$1/meta.properties" ]; then
        java "${kafka_java[@]}" -cp "$(jars_of kafka)/*" \
            "-Dlog4j.configuration=file:$here/stack/log4j.properties" \
            kafka.tools.StorageTool format -t cGFybGV5LXN0YWNrLTAwMQ -c "$file" \
            >"$dir/log/$name-format.log" 2>&1 || {
            tail -n 20 "$dir/log/$name-format.log" >&2
            fail "the storage of $name could not be formatted"
        }
    fi
    java_start "$name" 256 -cp "$(jars_of kafka)/*" \
        "-Dlog4j.configuration=file:$here/stack/log4j.properties" kafka.Kafka "$file"
}

# It answers, and knows itself among the brokers.
kafka_ready() {
    port_answers 127.0.0.1 "$(kafka_broker_port "$1")" &&
        timeout 5 kcat -b "$(kafka_address "$1")" -m 3 -L -J |
        grep -q "\"name\":\"$(kafka_address "$1")\""
}

# After a kill ZooKeeper holds the broker for there until its session is over.
kafka_left_over() { grep -q NodeExistsException "$dir/log/$(kafka_name "$1").log"; }
