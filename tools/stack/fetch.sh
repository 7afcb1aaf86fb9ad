# shellcheck shell=bash disable=SC2154 # part of tools/stack.sh
#
# What the services are made of: packages, and what Maven and Go fetch once into the cache.

fetch() {
    local name sections=()
    for name in "$@"; do
        case $name in
        postgres | redis | cassandra) sections+=("stack-$name") ;;
        kafka* | zookeeper) sections+=(stack-kafka) ;;
        prometheus | node-exporter) sections+=(stack-tools) ;;
        esac
    done
    if [ ${#sections[@]} -gt 0 ]; then "$here/install_packages.sh" "${sections[@]}"; fi
    PATH=$root/build/tools:$PATH
    for name in "$@"; do
        case $name in
        kafka* | zookeeper) fetch_jars kafka ;;
        cassandra*) fetch_jars cassandra ;;
        jaeger) fetch_jaeger ;;
        esac
    done
}

# Whole or not at all: an interrupted download leaves nothing that looks finished. The name has the
# sum of the pom, so that another version is another folder.
jars_of() { echo "$cache/$1-$(cksum <"$here/stack/$1.pom.xml" | cut -d ' ' -f 1)"; }

fetch_jars() {
    local jars work
    jars=$(jars_of "$1")
    [ ! -d "$jars" ] || return 0
    echo "fetching $1 with Maven" >&2
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/$1.XXXXXX")
    if ! timeout 600 mvn -B -q -f "$here/stack/$1.pom.xml" dependency:copy-dependencies \
        "-DoutputDirectory=$work" -DincludeScope=runtime >"$dir/log/$1-fetch.log" 2>&1; then
        rm -rf "$work"
        tail -n 20 "$dir/log/$1-fetch.log" >&2
        fail "Maven could not fetch $1"
    fi
    rm -rf "$here/stack/target"
    mv -T "$work" "$jars" 2>/dev/null || rm -rf "$work" # another one was first
}

jaeger_is_there() { [ -x "$cache/jaeger-1.62.0" ]; }

# Jaeger's module cannot be installed by name (it replaces a dependency), so an empty one asks for
# it.
fetch_jaeger() {
    local work
    if jaeger_is_there; then return 0; fi
    if ! go version 2>/dev/null | grep -Eq 'go1\.(2[2-9]|[3-9][0-9])'; then
        echo "jaeger is left out: building it needs Go 1.22 or newer" >&2
        return 0
    fi
    echo "building jaeger with Go (some minutes, once)" >&2
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/jaeger.XXXXXX")
    if ! (
        cd "$work"
        printf 'module stack\n\ngo 1.22\n\nrequire github.com/jaegertracing/jaeger v1.62.0\n' >go.mod
        GOFLAGS=-mod=mod timeout 1200 go build -o all-in-one \
            github.com/jaegertracing/jaeger/cmd/all-in-one
    ) >"$dir/log/jaeger-fetch.log" 2>&1; then
        tail -n 5 "$dir/log/jaeger-fetch.log" >&2
        echo "jaeger is left out: it could not be built" >&2
    else
        mv "$work/all-in-one" "$cache/jaeger-1.62.0"
    fi
    rm -rf "$work"
}
