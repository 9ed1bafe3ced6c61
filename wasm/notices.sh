#!/bin/sh
# The licences of what the package contains beside its own code: wasm/notices.sh FILE...
set -eu
for file; do
    printf '==== %s\n\n' "$(basename "$(dirname "$file")")"
    cat "$file"
    echo
done
cat << END
==== blazeface-short.safetensors

The face detector's weights are those of face_detection_short_range.tflite in MediaPipe's npm
package @mediapipe/face_detection, in another file format. Copyright The MediaPipe Authors, Apache
License 2.0, whose text is below.

==== fusion-*.safetensors, minifasnet-*.safetensors

END
cat "$(dirname "$0")/../models/minifasnet-NOTICE.txt"
printf '\n==== Apache License 2.0\n\n'
cat /usr/share/common-licenses/Apache-2.0 2> /dev/null ||
    echo 'https://www.apache.org/licenses/LICENSE-2.0'
