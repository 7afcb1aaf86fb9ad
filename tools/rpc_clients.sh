#!/bin/sh
# Fetches the Python packages with which the tests speak gRPC into build/rpc, and makes the clients
# there from proto/. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."

wanted=tests/e2e/rpc/requirements.txt
folder=build/rpc
stamp=$(cat "$wanted" proto/message.proto proto/parley/v1/*.proto && python3 --version)
if [ "$stamp" = "$(cat "$folder/stamp" 2>/dev/null)" ]; then exit 0; fi

mkdir -p "$folder/made"
exec 9>"$folder/lock" # tests may ask for it at once
flock 9
if [ "$stamp" = "$(cat "$folder/stamp" 2>/dev/null)" ]; then exit 0; fi
python3 -m pip --disable-pip-version-check install --quiet --upgrade --target "$folder/packages" \
    --requirement "$wanted"
PYTHONPATH="$folder/packages" python3 -m grpc_tools.protoc -I proto \
    --python_out="$folder/made" --grpc_python_out="$folder/made" \
    message.proto parley/v1/chat.proto
echo "$stamp" >"$folder/stamp"
