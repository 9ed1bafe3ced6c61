/* files.h - reads a whole file for a test; a missing file ends the test at once. */
#ifndef FILES_H
#define FILES_H

#include <stdio.h>
#include <stdlib.h>

struct file {
    void *bytes;
    size_t size;
};

static struct file file_read(const char *path)
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

#endif
