# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# Cassandra, one to three nodes: the same ports on 127.0.0.1, 127.0.0.2, 127.0.0.3. A node joins
# when the one before it is ready.

cassandra_name() { if [ "$1" = 1 ]; then echo cassandra; else echo "cassandra-$1"; fi; }
cassandra_address() { echo "127.0.0.$1:$cassandra_port"; }

cassandra_addresses() {
    local i list=
    for ((i = 1; i <= CASSANDRA_NODES; i++)); do list+=${list:+,}$(cassandra_address "$i"); done
    echo "$list"
}

# In the periodic mode of its commit log a process that is killed loses what it acknowledged within
# the last 100 ms: what has no sync marker is not read again (CASSANDRA-13987). In the group mode a
# write keeps its thread until the disk has it, so there are many of them.
cassandra_yaml() {
    cat <<END
cluster_name: parley
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "127.0.0.1:$cassandra_storage_port"}]
listen_address: 127.0.0.$1
rpc_address: 127.0.0.$1
native_transport_port: $cassandra_port
storage_port: $cassandra_storage_port
commitlog_sync: group
commitlog_sync_group_window: 2ms
commitlog_segment_size: 8MiB
commitlog_disk_access_mode: legacy
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
key_cache_size: 8MiB
auto_snapshot: false
concurrent_compactors: 1
concurrent_reads: 16
concurrent_writes: 512
hinted_handoff_enabled: true
read_request_timeout: 5s
write_request_timeout: 5s
END
}

# What Java 17 must open to it (its own jvm17-server.options).
cassandra_modules() {
    local pair
    for pair in java.rmi/java.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server \
        java.sql/java.sql java.base/java.lang.ref java.base/jdk.internal.misc \
        java.base/jdk.internal.ref java.base/sun.nio.ch java.management.rmi/com.sun.jmx.remote.internal.rmi \
        java.rmi/sun.rmi.transport.tcp jdk.attach/sun.tools.attach jdk.compiler/com.sun.tools.javac.file \
        jdk.internal.jvmstat/sun.jvmstat.monitor; do
        echo "--add-exports=$pair=ALL-UNNAMED"
    done
    for pair in java.base/java.lang.module java.base/jdk.internal.loader java.base/jdk.internal.ref \
        java.base/jdk.internal.reflect java.base/jdk.internal.math java.base/jdk.internal.module \
        java.base/jdk.internal.util.jar java.base/java.io java.base/java.lang java.base/java.net \
        java.base/java.nio java.base/java.util java.base/java.util.concurrent \
        java.base/java.util.concurrent.atomic java.base/sun.nio.ch java.base/jdk.internal.misc \
        jdk.management/com.sun.management.internal jdk.compiler/com.sun.tools.javac.file \
        java.base/java.lang.reflect java.base/java.math java.base/sun.net.util \
        java.management/sun.management; do
        echo "--add-opens=$pair=ALL-UNNAMED"
    done
}

# For how long nodes wait for word of each other: who joins gives up after it, who is silent as long
# while he joins is forgotten. One that is alone has nobody to wait for.
cassandra_ring_delay_ms() { if [ "$CASSANDRA_NODES" = 1 ]; then echo 100; else echo 5000; fi; }

cassandra_start() {
    local name jars modules more data
    name=$(cassandra_name "$1")
    jars=$(jars_of cassandra)
    data=$dir/data/$name
    if [ "$1" != 1 ]; then
        process_await "$(cassandra_name $(($1 - 1)))" cassandra $(($1 - 1))
    fi
    mkdir -p "$data" "$dir/conf/$name"
    { cassandra_yaml "$1" && extra cassandra.yaml; } >"$dir/conf/$name/cassandra.yaml"
    mapfile -t more < <(extra cassandra.args)
    cp "$here/stack/logback.xml" "$dir/conf/$name/logback.xml"
    mapfile -t modules < <(cassandra_modules)
    java_start "$name" 256 -Xss512k -XX:MaxDirectMemorySize=256m "${modules[@]}" "${more[@]}" \
        "-javaagent:$(echo "$jars"/jamm-*.jar)" \
        "-Dcassandra.config=file://$dir/conf/$name/cassandra.yaml" \
        "-Dcassandra.storagedir=$data" "-Dcassandra.logdir=$data" \
        -Dcassandra.skip_wait_for_gossip_to_settle=0 "-Dcassandra.ring_delay_ms=$(cassandra_ring_delay_ms)" \
        -Dcassandra-foreground=yes -Djdk.attach.allowAttachSelf=true \
        -Dio.netty.tryReflectionSetAccessible=true -Dcassandra.consistent.rangemovement=false \
        -cp "$dir/conf/$name:$jars/*" org.apache.cassandra.service.CassandraDaemon
}

# The first one has seen it join, too: then the next may.
cassandra_ready() {
    grep -q 'Starting listening for CQL clients' "$dir/log/$(cassandra_name "$1").log" &&
        port_answers "127.0.0.$1" "$cassandra_port" &&
        { [ "$1" = 1 ] || grep -q "InetAddress /127.0.0.$1:.* is now UP" "$dir/log/cassandra.log"; }
}
