# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh

zookeeper_start() {
    cat >"$dir/conf/zookeeper.properties" <<END
dataDir=$dir/data/kafka/zookeeper
clientPort=$zookeeper_port
clientPortAddress=127.0.0.1
admin.enableServer=false
tickTime=1000
END
    java_start zookeeper 128 -cp "$(jars_of kafka)/*" \
        "-Dlog4j.configuration=file:$here/stack/log4j.properties" \
        org.apache.zookeeper.server.quorum.QuorumPeerMain "$dir/conf/zookeeper.properties"
}

zookeeper_ready() { port_answers 127.0.0.1 "$zookeeper_port"; }

zookeeper_address() { echo "127.0.0.1:$zookeeper_port"; }
