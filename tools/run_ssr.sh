#!/bin/sh
# Builds the pages for rendering by Node, starts the server and, before it, the pages. Both stop
# together.
#
#   tools/run_ssr.sh [PARLEY SERVE OPTIONS...]      PORT=3000: where the pages are
set -eu
cd "$(dirname "$0")/.."

PATH=$(pwd)/build/node/bin:$PATH
export PATH
build/parley serve "$@" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM
(cd web && npm run --silent build:ssr >&2)
echo "pages: http://127.0.0.1:${PORT:-3000}"
(cd web && exec node server/ssr.mjs)
