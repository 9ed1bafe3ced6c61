/* weights.c - see weights.h.
 *
 * The header is read in one pass: an object of objects of strings, numbers and lists of numbers.
 * Offsets and shapes are 64-bit and every product is checked before it is formed. */
#include "weights.h"
#include "json.h"
#include "weights_data.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors is little endian");

enum {
    LENGTH_BYTES = 8,
    MAX_DIM = 1 << 24,
};
static const struct {
    const char *name;
    uint64_t bytes;
} dtypes[] = {
    [DTYPE_F32] = { "F32", 4 },
    [DTYPE_F16] = { "F16", 2 },
    [DTYPE_I8] = { "I8", 1 },
};

/* --- parts --- */

struct weights_part weights_whole(const struct weights *weights)
{
    return (struct weights_part){ weights, "" };
}

/* The name behind the part's prefix, or NULL. */
static const char *in_part(struct weights_part part, const char *name)
{
    size_t length = strlen(part.prefix);
    return strncmp(name, part.prefix, length) ? NULL : name + length;
}

const char *weights_name(struct weights_part part, int index)
{
    return in_part(part, weights_at(part.weights, index)->name);
}

const struct weight *weights_find(struct weights_part part, const char *name)
{
    const uint32_t hash = weights_hash(weights_hash(WEIGHTS_HASH, part.prefix), name);
    for (int i = 0; i < part.weights->count; i++) {
        if (part.weights->entries[i].hash != hash) continue;
        const char *own = weights_name(part, i);
        if (own && !strcmp(own, name)) return weights_at(part.weights, i);
    }
    return NULL;
}

const char *weights_metadata(struct weights_part part, const char *key)
{
    for (int i = 0; i < part.weights->metadata_count; i++) {
        const char *own = in_part(part, part.weights->metadata[i].key);
        if (own && !strcmp(own, key)) return part.weights->metadata[i].value;
    }
    return NULL;
}

/* --- header --- */

/* A key that error messages can quote: short, printable ASCII. */
static enum livedepth_status read_key(struct json *json, const char **out)
{
    TRY(json_string(json, out));
    size_t length = strlen(*out);
    if (length == 0 || length > WEIGHTS_MAX_NAME)
        return json_error(json, "name is empty or longer than 64 bytes");
    for (const char *c = *out; *c; c++)
        if (*c < 0x20 || *c > 0x7E) return json_error(json, "name is not printable ASCII");
    return json_expect(json, ':');
}

static enum livedepth_status read_metadata(struct json *json, struct weights *weights)
{
    TRY(json_expect(json, '{'));
    if (json_accept(json, '}')) return LIVEDEPTH_OK;
    do {
        struct metadata item;
        TRY(read_key(json, &item.key));
        TRY(json_string(json, &item.value));
        if (weights_metadata(weights_whole(weights), item.key))
            return fail(LIVEDEPTH_WEIGHTS_DUPLICATE, "metadata %s comes twice", item.key);
        if (weights->metadata_count == WEIGHTS_MAX_METADATA)
            return fail(LIVEDEPTH_WEIGHTS_TOO_MANY, "more than %d metadata keys",
                        WEIGHTS_MAX_METADATA);
        weights->metadata[weights->metadata_count++] = item;
    } while (json_accept(json, ','));
    return json_expect(json, '}');
}

static enum livedepth_status read_shape(struct json *json, struct weight *weight)
{
    TRY(json_expect(json, '['));
    if (json_accept(json, ']'))
        return fail(LIVEDEPTH_WEIGHTS_BAD_SHAPE, "tensor %s: no dimensions", weight->name);
    do {
        uint64_t dim;
        TRY(json_uint(json, &dim));
        if (weight->rank == WEIGHTS_MAX_RANK)
            return fail(LIVEDEPTH_WEIGHTS_BAD_SHAPE, "tensor %s: more than %d dimensions",
                        weight->name, WEIGHTS_MAX_RANK);
        if (dim < 1 || dim > MAX_DIM)
            return fail(LIVEDEPTH_WEIGHTS_BAD_SHAPE, "tensor %s: dimension %d is not in 1..%d",
                        weight->name, weight->rank, MAX_DIM);
        weight->shape[weight->rank++] = (int)dim;
    } while (json_accept(json, ','));
    return json_expect(json, ']');
}

static enum livedepth_status read_tensor(struct json *json, struct entry *entry)
{
    static const char *const fields[] = { "dtype", "shape", "data_offsets" };
    const char *name = entry->weight.name, *key, *dtype = NULL;
    unsigned seen = 0;
    TRY(json_expect(json, '{'));
    do {
        int field = 0;
        TRY(read_key(json, &key));
        while (field < COUNT(fields) && strcmp(key, fields[field])) field++;
        if (field == COUNT(fields))
            return fail(LIVEDEPTH_WEIGHTS_BAD_HEADER, "tensor %s: unknown field %s", name, key);
        if (seen & 1u << field)
            return fail(LIVEDEPTH_WEIGHTS_DUPLICATE, "tensor %s: %s comes twice", name, key);
        seen |= 1u << field;
        if (field == 0) {
            TRY(json_string(json, &dtype));
            while (entry->dtype < DTYPE_OTHER && strcmp(dtype, dtypes[entry->dtype].name))
                entry->dtype++;
        } else if (field == 1) {
            TRY(read_shape(json, &entry->weight));
        } else {
            TRY(json_expect(json, '['));
            TRY(json_uint(json, &entry->begin));
            TRY(json_expect(json, ','));
            TRY(json_uint(json, &entry->end));
            TRY(json_expect(json, ']'));
        }
    } while (json_accept(json, ','));
    if (seen != 7)
        return fail(LIVEDEPTH_WEIGHTS_BAD_HEADER,
                    "tensor %s: dtype, shape or data_offsets is missing", name);
    return json_expect(json, '}');
}

static enum livedepth_status read_header(struct json *json, struct weights *weights)
{
    bool metadata_seen = false;
    TRY(json_expect(json, '{'));
    if (!json_accept(json, '}')) {
        do {
            const char *key;
            TRY(read_key(json, &key));
            bool is_metadata = !strcmp(key, "__metadata__");
            if (is_metadata ? metadata_seen : weights_find(weights_whole(weights), key) != NULL)
                return fail(LIVEDEPTH_WEIGHTS_DUPLICATE, "%s comes twice", key);
            if (is_metadata) {
                metadata_seen = true;
                TRY(read_metadata(json, weights));
                continue;
            }
            if (weights->count == WEIGHTS_MAX_TENSORS)
                return fail(LIVEDEPTH_WEIGHTS_TOO_MANY, "more than %d tensors",
                            WEIGHTS_MAX_TENSORS);
            struct entry *entry = &weights->entries[weights->count++];
            entry->weight.name = key;
            entry->hash = weights_hash(WEIGHTS_HASH, key);
            TRY(read_tensor(json, entry));
        } while (json_accept(json, ','));
        TRY(json_expect(json, '}'));
    }
    return json_end(json); /* writers pad the header to align the data */
}

/* --- meaning --- */

/* Before dtypes and offsets: a later version may use them otherwise, and its name says more. */
static enum livedepth_status read_version(struct weights *weights)
{
    const char *format = weights_metadata(weights_whole(weights), "format");
    const char *version = weights_metadata(weights_whole(weights), "format_version");
    if (!format || strcmp(format, "livedepth"))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata format is not \"livedepth\"");
    if (!version) return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata format_version is missing");
    weights->version = !strcmp(version, "1") ? 1 : !strcmp(version, "2") ? 2 : 0;
    if (!weights->version)
        return fail(LIVEDEPTH_WEIGHTS_VERSION,
                    "metadata format_version is neither \"1\" nor \"2\"");
    return LIVEDEPTH_OK;
}

static int compare_offsets(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    return (left->begin > right->begin) - (left->begin < right->begin);
}

/* The tensors must cover the data from its first byte to its last, each byte once. */
static enum livedepth_status check_layout(struct weights *weights, uint64_t data_size)
{
    uint64_t expected = 0;
    qsort(weights->entries, (size_t)weights->count, sizeof weights->entries[0], compare_offsets);
    for (int i = 0; i < weights->count; i++) {
        const struct entry *entry = &weights->entries[i];
        const char *name = entry->weight.name;
        if (entry->dtype == DTYPE_OTHER)
            return fail(LIVEDEPTH_WEIGHTS_BAD_DTYPE, "tensor %s: neither F32, F16 nor I8", name);
        uint64_t bytes = weight_elements(&entry->weight) * dtypes[entry->dtype].bytes;
        if (bytes == 0)
            return fail(LIVEDEPTH_WEIGHTS_BAD_SHAPE, "tensor %s: the shape overflows", name);
        if (entry->begin != expected)
            return fail(LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "tensor %s: %s at data byte %llu", name,
                        entry->begin < expected ? "overlap" : "hole", (unsigned long long)expected);
        if (entry->end < entry->begin || entry->end - entry->begin != bytes)
            return fail(LIVEDEPTH_WEIGHTS_BAD_OFFSETS,
                        "tensor %s: shape needs %llu bytes, offsets are %llu..%llu", name,
                        (unsigned long long)bytes, (unsigned long long)entry->begin,
                        (unsigned long long)entry->end);
        expected = entry->end;
    }
    if (expected > data_size)
        return fail(LIVEDEPTH_WEIGHTS_TRUNCATED, "%llu data bytes of %llu",
                    (unsigned long long)data_size, (unsigned long long)expected);
    if (expected < data_size)
        return fail(LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "%llu bytes after the last tensor",
                    (unsigned long long)(data_size - expected));
    return LIVEDEPTH_OK;
}

/* --- opening --- */

/* People take this for a weight file: the answer of a web server, or of git without LFS. */
static const char *foreign_hint(const unsigned char *bytes, size_t size)
{
    static const char lfs[] = "version https://git-lfs";
    size_t at = 0;
    while (at < size && memchr(" \t\r\n", bytes[at], 4)) at++;
    if (at < size && bytes[at] == '<') return "; looks like HTML";
    if (size >= sizeof lfs - 1 && !memcmp(bytes, lfs, sizeof lfs - 1))
        return "; looks like a Git LFS pointer";
    if (bytes[0] == 0x1F && bytes[1] == 0x8B) return "; looks like gzip";
    return "";
}

/* The header's length. A foreign file's first bytes are no length, so its hint comes first. */
static enum livedepth_status read_length(const unsigned char *bytes, size_t size, uint64_t *out)
{
    uint64_t length;
    if (size < LENGTH_BYTES)
        return fail(LIVEDEPTH_WEIGHTS_TRUNCATED, "%d bytes are no weight file", (int)size);
    memcpy(&length, bytes, sizeof length);
    bool fits = length <= size - LENGTH_BYTES;
    bool object = size > LENGTH_BYTES && bytes[LENGTH_BYTES] == '{';
    const char *hint = foreign_hint(bytes, size);
    if (*hint && !object)
        return fail(LIVEDEPTH_WEIGHTS_BAD_HEADER, "not a safetensors file%s", hint);
    if (length > WEIGHTS_MAX_HEADER)
        return fail(LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, "header of %llu bytes, at most %d",
                    (unsigned long long)length, WEIGHTS_MAX_HEADER);
    if (!fits)
        return fail(LIVEDEPTH_WEIGHTS_TRUNCATED, "header of %llu bytes in a file of %llu",
                    (unsigned long long)length, (unsigned long long)size);
    if (!object || length == 0)
        return fail(LIVEDEPTH_WEIGHTS_BAD_HEADER, "header byte 0: expected '{'");
    *out = length;
    return LIVEDEPTH_OK;
}

static enum livedepth_status load(struct weights *weights, const unsigned char *bytes, size_t size,
                                  size_t length)
{
    const unsigned char *header = bytes + LENGTH_BYTES, *data = header + length;
    weights->text = malloc(length);
    if (!weights->text) return fail(LIVEDEPTH_NO_MEMORY, "%d bytes of names", (int)length);
    struct json json = { header, header, data, weights->text };
    TRY(read_header(&json, weights));
    TRY(read_version(weights));
    TRY(check_layout(weights, size - LENGTH_BYTES - length));
    return weights_load(weights, data);
}

enum livedepth_status weights_open(struct weights **out, const void *bytes, size_t size)
{
    uint64_t length = 0;
    TRY(read_length(bytes, size, &length));
    struct weights *weights = calloc(1, sizeof *weights);
    if (!weights) return fail(LIVEDEPTH_NO_MEMORY, "the table of weights");
    enum livedepth_status status = load(weights, bytes, size, (size_t)length);
    if (status != LIVEDEPTH_OK) {
        weights_close(weights);
        return status;
    }
    *out = weights;
    return LIVEDEPTH_OK;
}

void weights_close(struct weights *weights)
{
    if (!weights) return;
    free(weights->copies);
    free(weights->text);
    free(weights);
}

int weights_version(const struct weights *weights) { return weights->version; }

int weights_count(const struct weights *weights) { return weights->count; }

const struct weight *weights_at(const struct weights *weights, int index)
{
    assert(index >= 0 && index < weights->count);
    return &weights->entries[index].weight;
}
