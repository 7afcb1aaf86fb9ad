#!/bin/sh
# Builds the fuzz targets and runs each for a while, from its corpus. What breaks one is left in
# build/fuzz/found.
#
#   tools/run_fuzz.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/.."

seconds=$1
shift
tools/build.sh fuzz
mkdir -p build/fuzz/found
ran=0
failed=0
for program in build/fuzz/tests/fuzz/fuzz_*; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then continue; fi
    name=${program##*/fuzz_}
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    mkdir -p "build/fuzz/corpus/$name"
    seeds=tests/fuzz/corpus/$name
    dictionary=tests/fuzz/$name.dict
    more=
    [ -f "$dictionary" ] && more="-dict=$dictionary"
    [ -d "$seeds" ] && more="$more $seeds"
    echo "fuzzing $name for $seconds s" >&2
    ran=$((ran + 1))
    # shellcheck disable=SC2086 # one word an argument
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
        -artifact_prefix="build/fuzz/found/$name-" -print_final_stats=1 \
        "build/fuzz/corpus/$name" $more || failed=$((failed + 1))
done
echo "$((ran - failed)) passed, $failed failed"
[ "$ran" -gt 0 ] && [ "$failed" -eq 0 ]
