#!/bin/sh
# FUZZ_SECONDS=60 fuzz.sh PROGRAM...: runs libFuzzer programs and node scripts (.mjs), each for its
# share of the time. Inputs worth keeping go to build/fuzz/<name>.corpus, failing ones to
# build/fuzz/<name>-*; tests/corpus/<name>, where it exists, is the start.
share=$((${FUZZ_SECONDS:-60} / $#))
[ $share -gt 0 ] || share=1
status=0
for program in "$@"; do
    name=$(basename "$program" .mjs)
    echo "fuzz: $name for $share s"
    case $program in
        *.mjs) FUZZ_SECONDS=$share node "$program" || status=1 ;;
        *)
            corpus=build/fuzz/$name.corpus
            mkdir -p "$corpus"
            seeds=
            [ ! -d "tests/corpus/$name" ] || seeds=tests/corpus/$name
            log=build/fuzz/$name.log
            if "$program" -max_total_time=$share -print_final_stats=1 -rss_limit_mb=2048 \
                -artifact_prefix="build/fuzz/$name-" "$corpus" $seeds > "$log" 2>&1; then
                grep -E 'number_of_executed_units|peak_rss_mb' "$log"
            else
                tail -n 60 "$log"
                status=1
            fi ;;
    esac
done
exit $status
