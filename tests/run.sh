#!/bin/sh
# Runs the programs of $TEST_LIST, one a line: name, tab, command; JOBS (1) of them at once. Prints
# a line for each, the whole output of those that fail (with VERBOSE=1 of all), and at the end how
# many tests passed, failed.
#
# A program counts the tests that its closing line names ("3 passed, 0 failed", with ", 1 skipped"
# or without, or node's "# pass 3", "# fail 0" and "# skipped 0"); one without such a line counts as
# one test.
tab=$(printf '\t')

# One line of the list: prints what there is to say, and adds its counts to the file $COUNTS.
if [ "$1" = one ]; then
    name=${2%%"$tab"*} command=${2#*"$tab"} log=$(mktemp)
    start=$(date +%s)
    sh -c "$command" > "$log" 2>&1 < /dev/null
    status=$?
    counts=$(awk '
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            pass = $1; fail = $3; skip = $5; found = 1
        }
        /^# pass [0-9]+$/ { pass = $3; found = 1 }
        /^# fail [0-9]+$/ { fail = $3 }
        /^# skipped [0-9]+$/ { skip = $3 }
        END { if (found) print pass + 0, fail + 0, skip + 0 }' "$log")
    [ -n "$counts" ] || counts="$((status == 0)) 0 0"
    read -r pass fail skip <<END
$counts
END
    [ $status = 0 ] || [ "$fail" -gt 0 ] || fail=1 # died after its last test, or never got there
    echo "$pass $fail $skip" >> "$COUNTS"
    seconds=$(($(date +%s) - start))
    times > "$log.times" # user and system time of what it waited for, as 1m2.34s
    work=$(awk 'NR == 2 { gsub(/[ms]/, " "); print int($1 * 60 + $2 + $3 * 60 + $4 + 0.5) }' \
        "$log.times")
    said=$(
        # Of node's report only the tests that failed, unless it died before the first.
        if [ -n "$VERBOSE" ] || { [ $status != 0 ] && ! grep -q '^not ok' "$log"; }; then
            cat "$log"
        elif [ $status != 0 ]; then
            awk '/^ *(# |ok )/ { show = 0 } /^ *not ok/ { show = 1 } show' "$log"
        fi
        if [ $status = 0 ]; then
            printf 'ok      %-28s %4d passed %4d s, %4d s of a processor\n' \
                "$name" "$pass" $seconds "$work"
        else
            printf 'FAILED  %-28s exit status %d\n' "$name" $status
        fi
    )
    printf '%s\n' "$said" # in one piece: others print, too
    rm -f "$log" "$log.times"
    exit 0
fi

COUNTS=$(mktemp)
trap 'rm -f "$COUNTS"' EXIT
export COUNTS VERBOSE
printf '%s\n' "$TEST_LIST" | sed 's/^ *//' | grep "$tab" | tr '\n' '\0' |
    xargs -0 -r -n 1 -P "${JOBS:-1}" sh "$0" one

awk '{ pass += $1; fail += $2; skip += $3 }
     END { printf "%d passed, %d failed, %d skipped\n", pass, fail, skip; exit fail > 0 || !NR }' \
    "$COUNTS"
