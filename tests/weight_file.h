/* weight_file.h - makes a weight file of a header for a test. */
#ifndef WEIGHT_FILE_H
#define WEIGHT_FILE_H

#include <stdint.h>
#include <string.h>
#include "files.h"

/* Length, header, then data bytes; data may be NULL for zeros. */
static inline struct file make_file(const char *header, const void *data, size_t data_size)
{
    uint64_t length = strlen(header);
    struct file file = { NULL, 8 + (size_t)length + data_size };
    file.bytes = calloc(1, file.size);
    memcpy(file.bytes, &length, 8);
    memcpy(file.bytes + 8, header, (size_t)length);
    if (data) memcpy(file.bytes + 8 + length, data, data_size);
    return file;
}

#endif
