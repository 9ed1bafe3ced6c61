#!/bin/sh
# coverage.sh SOURCE... (make coverage): runs the programs of build/cover and says which lines and
# branches of these sources they did not take.
set -eu
folder=build/cover
programs=$(find $folder -name 'test_*' -type f -perm -u+x)
for program in $programs; do
    LLVM_PROFILE_FILE=$program.raw $program > $program.log || { cat $program.log; exit 1; }
done
llvm-profdata merge -o $folder/all.profdata $folder/*.raw
objects=$(echo $programs | sed 's/ / -object /g')
llvm-cov report $objects -instr-profile=$folder/all.profdata --show-region-summary=false "$@"
llvm-cov show $objects -instr-profile=$folder/all.profdata --show-branches=count "$@" |
    awk '/\.c:$/ { file = $0 }
         /Branch \(/ && (/True: 0/ || /False: 0/) { sub(/^[ |]*/, ""); print file, $0 }'
