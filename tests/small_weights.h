/* small_weights.h - a small good weight file, and what a test does with good and bad ones. Files
 * lie in buffers of their exact size, so that a sanitizer sees every byte too far. */
// clang-format off: the rows of JSON are laid out by hand
#ifndef SMALL_WEIGHTS_H
#define SMALL_WEIGHTS_H

#include "metadata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "weight_file.h"

#define META "\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\"}"
#define TENSOR(name, dtype, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static inline enum livedepth_status open_and_close(struct file file)
{
    struct weights *weights = NULL;
    enum livedepth_status status = weights_open(&weights, file.bytes, file.size);
    if ((status == LIVEDEPTH_OK) != (weights != NULL)) return LIVEDEPTH_INTERNAL;
    weights_close(weights);
    return status;
}

/* Opens header and zeroed data; says so if the answer is not the expected one. */
static inline void check_status(const char *name, struct file file, enum livedepth_status expected,
                         const char *hint)
{
    enum livedepth_status status = open_and_close(file);
    const char *detail = status == LIVEDEPTH_OK ? "" : livedepth_error_detail();
    if (status == expected && (!hint || strstr(detail, hint))) return;
    failures++;
    printf("%s: %s (%s), not %s (%s)\n", name, livedepth_status_text(status), detail,
           livedepth_status_text(expected), hint ? hint : "");
}

static inline void check_header(const char *header, size_t data_size,
                                enum livedepth_status expected, const char *hint)
{
    struct file file = make_file(header, NULL, data_size);
    check_status(header, file, expected, hint);
    free(file.bytes);
}

/* Offsets not in the order of the header, both dtypes, escapes, spaces. */
static const char small_header[] =
    "{\t\"b.weight\" : {\"shape\":[2,1,3],\"data_offsets\":[4 ,28],\"dtype\":\"F32\"},\n"
    "\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\",\"frames\":\"5\","
    "\"provenance\":\"a \\\"b\\\" \\\\ \\/ \\n\\t\\b\\f\\r "
    "\\u0041\\u00e9\\u20AC\\ud83d\\ude00 \xC3\xA9\"},\r"
    "\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}  ";
static const uint16_t small_halves[2] = {0x3C00, 0xC100}; /* 1, -2.5 */
static const float small_floats[6] = {0, -1.5f, 2, 3e38f, 1e-40f, -0.0f};

static inline struct file small_file(void)
{
    unsigned char data[28];
    memcpy(data, small_halves, 4);
    memcpy(data + 4, small_floats, 24);
    return make_file(small_header, data, sizeof data);
}

#endif
