/* silent.h - the library's own rules of quality, as a weight file has them that says nothing. */
#ifndef SILENT_H
#define SILENT_H

#include "../src/quality.h"
#include "test.h"

/* Of clips of 100 ms steps, and faces of at most two thirds of the frame. */
static inline void silent_rules(struct quality_rules *rules)
{
    static const char bytes[] =
        "\x3c\0\0\0\0\0\0\0"
        "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\"}}";
    struct weights *silent = NULL;
    CHECK(weights_open(&silent, bytes, sizeof bytes - 1) == LIVEDEPTH_OK);
    CHECK(quality_rules_read(rules, weights_whole(silent), 2.0f / 3, 100) == LIVEDEPTH_OK);
    weights_close(silent);
}

#endif
