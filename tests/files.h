/* files.h - reads a whole file for a test; a missing file ends the test at once. How many numbers a
 * tensor of a weight file has. */
#ifndef FILES_H
#define FILES_H

#include <stdio.h>
#include <stdlib.h>
#include "../src/weights.h"

struct file {
    uint8_t *bytes;
    size_t size;
};

static inline struct file file_read(const char *path)
{
    struct file file = { NULL, 0 };
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        printf("%s: cannot be read\n", path);
        exit(1);
    }
    fseek(stream, 0, SEEK_END);
    file.size = (size_t)ftell(stream);
    rewind(stream);
    file.bytes = malloc(file.size ? file.size : 1);
    if (fread(file.bytes, 1, file.size, stream) != file.size) exit(1);
    fclose(stream);
    return file;
}

static inline int floats_of(const struct weight *w)
{
    int floats = 1;
    for (int i = 0; i < w->rank; i++) floats *= w->shape[i];
    return floats;
}

#endif
