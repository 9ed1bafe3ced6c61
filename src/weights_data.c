/* weights_data.c - see weights_data.h. */
#include "weights_data.h"
#include <fp16.h>
#include <math.h>
#include <string.h>

enum { ALIGN_FLOATS = 16 }; /* copied tensors start 64 bytes apart, as memory_create's block does */

/* FNV-1a */
uint32_t weights_hash(uint32_t hash, const char *text)
{
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x01000193;
    return hash;
}

uint64_t weight_elements(const struct weight *weight)
{
    uint64_t count = 1;
    for (int i = 0; i < weight->rank; i++) {
        uint64_t dim = (uint64_t)weight->shape[i];
        if (count > UINT64_MAX / sizeof(float) / dim) return 0;
        count *= dim;
    }
    return count;
}

/* --- scales of I8 --- */

static float read_float(const unsigned char *bytes, size_t index)
{
    float value;
    memcpy(&value, bytes + index * sizeof value, sizeof value);
    return value;
}

/* The kernel of a depthwise convolution, [1][h][w][c], has a scale for each of its last dimension,
 * any other tensor for each of its first. */
static bool scales_last(const struct weight *weight)
{
    return weight->rank == 4 && weight->shape[0] == 1;
}

static struct entry *companion_of(struct weights *weights, const struct entry *entry)
{
    const char *name = entry->weight.name;
    const uint32_t hash = weights_hash(entry->hash, ".scale");
    const size_t length = strlen(name);
    for (int i = 0; i < weights->count; i++) {
        const char *other = weights->entries[i].weight.name;
        if (weights->entries[i].hash == hash && !strncmp(other, name, length) &&
            !strcmp(other + length, ".scale"))
            return &weights->entries[i];
    }
    return NULL;
}

/* Gives each I8 tensor the scales of its companion, which then is no tensor of its own. */
static enum livedepth_status take_scales(struct weights *weights, const unsigned char *data)
{
    for (int i = 0; i < weights->count; i++) {
        struct entry *entry = &weights->entries[i];
        const struct weight *weight = &entry->weight;
        if (entry->dtype != DTYPE_I8) continue;
        struct entry *scale = companion_of(weights, entry);
        int channels = weight->shape[scales_last(weight) ? 3 : 0];
        if (!scale)
            return fail(LIVEDEPTH_WEIGHTS_MISSING, "tensor %s.scale is not in the file",
                        weight->name);
        if (scale->dtype != DTYPE_F32)
            return fail(LIVEDEPTH_WEIGHTS_BAD_DTYPE, "tensor %s: not F32", scale->weight.name);
        if (scale->weight.rank != 1 || scale->weight.shape[0] != channels)
            return fail(LIVEDEPTH_WEIGHTS_BAD_SHAPE, "tensor %s: the shape is not [%d]",
                        scale->weight.name, channels);
        entry->scale = data + scale->begin;
        scale->is_scale = true;
        for (int j = 0; j < channels; j++) {
            float value = read_float(entry->scale, (size_t)j);
            if (!isfinite(value) || value <= 0)
                return fail(LIVEDEPTH_WEIGHTS_NON_FINITE,
                            "tensor %s: value %d is not a finite number above 0",
                            scale->weight.name, j);
        }
    }
    int kept = 0;
    for (int i = 0; i < weights->count; i++)
        if (!weights->entries[i].is_scale) weights->entries[kept++] = weights->entries[i];
    weights->count = kept;
    return LIVEDEPTH_OK;
}

/* --- data --- */

/* Floats to allocate for the tensor, 0 if its bytes can be used where they are. */
static uint64_t copy_floats(const struct entry *entry, const unsigned char *data)
{
    if (entry->dtype == DTYPE_F32 && (uintptr_t)(data + entry->begin) % _Alignof(float) == 0)
        return 0;
    uint64_t count = weight_elements(&entry->weight);
    return (count + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

/* A browser that has just started runs these loops in code that is not optimised: of four numbers
 * at a time, as the compiler makes them where a loop does one thing, they take a quarter. */
static void copy_half(float *to, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + i * sizeof half, sizeof half);
        to[i] = fp16_ieee_to_fp32_value(half);
    }
}

static void copy_row(float *to, const signed char *bytes, float scale, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] = (float)bytes[i] * scale;
}

static void copy_scaled(float *to, const signed char *bytes, const unsigned char *scale,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] = (float)bytes[i] * read_float(scale, i);
}

static void copy_values(float *to, const struct entry *entry, const unsigned char *bytes)
{
    const struct weight *weight = &entry->weight;
    const size_t count = (size_t)weight_elements(weight);
    const signed char *small = (const signed char *)bytes;
    if (entry->dtype == DTYPE_F32) {
        memcpy(to, bytes, count * sizeof *to);
    } else if (entry->dtype == DTYPE_F16) {
        copy_half(to, bytes, count);
    } else if (scales_last(weight)) {
        const size_t last = (size_t)weight->shape[3];
        for (size_t i = 0; i < count; i += last) copy_scaled(to + i, small + i, entry->scale, last);
    } else {
        const size_t row = count / (size_t)weight->shape[0];
        for (size_t i = 0; i < (size_t)weight->shape[0]; i++)
            copy_row(to + i * row, small + i * row, read_float(entry->scale, i), row);
    }
}

static bool all_finite(const float *values, size_t count)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits &= 0x7FFFFFFF;
        most = bits > most ? bits : most;
    }
    return most < 0x7F800000;
}

enum livedepth_status weights_load(struct weights *weights, const unsigned char *data)
{
    TRY(take_scales(weights, data));
    uint64_t floats = 0; /* at most one for each of the file's bytes, and each tensor's padding */
    for (int i = 0; i < weights->count; i++) floats += copy_floats(&weights->entries[i], data);
    if (floats > 0) {
        if (floats <= SIZE_MAX / sizeof(float))
            weights->copies = memory_create((size_t)floats * sizeof(float));
        if (!weights->copies)
            return fail(LIVEDEPTH_NO_MEMORY, "%llu floats of weights", (unsigned long long)floats);
    }

    float *copy = weights->copies;
    for (int i = 0; i < weights->count; i++) {
        struct entry *entry = &weights->entries[i];
        const unsigned char *bytes = data + entry->begin;
        size_t count = (size_t)weight_elements(&entry->weight);
        size_t copied = (size_t)copy_floats(entry, data);
        entry->weight.data = copied ? copy : (const float *)(const void *)bytes;
        if (copied) {
            copy_values(copy, entry, bytes);
            copy += copied;
        }
        if (all_finite(entry->weight.data, count)) continue;
        size_t j = 0;
        while (isfinite(entry->weight.data[j])) j++;
        return fail(LIVEDEPTH_WEIGHTS_NON_FINITE, "tensor %s: value %llu is not finite",
                    entry->weight.name, (unsigned long long)j);
    }
    return LIVEDEPTH_OK;
}
