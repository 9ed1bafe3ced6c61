/* random_model.c - see random_model.h. */
#include "random_model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer { char *header; size_t header_size; float *data; size_t floats; uint32_t state; };

/* Sum of four uniform numbers: near enough to a normal one, variance 1. */
static float normal(uint32_t *state)
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * 1664525u + 1013904223u;
        sum += (float)(*state >> 8) / (float)(1 << 24) - 0.5f;
    }
    return sum * sqrtf(3);
}

/* Kernels by fan-in, so that activations keep about their size, weaker behind a Sobel filter, which
 * amplifies; small biases; small scales, because those of the paper's RSGB multiply squares. */
static void add_tensor(void *context, const struct nn_wish *tensor)
{
    struct writer *writer = context;
    size_t floats = 1, fan_in = 1;
    char shape[64] = "";
    for (int i = 0; i < tensor->rank; i++) {
        floats *= (size_t)tensor->shape[i];
        if (i) fan_in *= (size_t)tensor->shape[i];
        sprintf(shape + strlen(shape), i ? ",%d" : "%d", tensor->shape[i]);
    }
    writer->header = realloc(writer->header, writer->header_size + 256);
    writer->data = realloc(writer->data, (writer->floats + floats) * sizeof(float));
    writer->header_size +=
        (size_t)sprintf(writer->header + writer->header_size,
                        ",\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                        tensor->name, shape, writer->floats * 4, (writer->floats + floats) * 4);
    const bool scale = strstr(tensor->name, ".scale") != NULL;
    const float gain = strstr(tensor->name, ".edge.") ? 0.05f : 1.5f;
    const float spread = tensor->rank > 1 ? sqrtf(gain / (float)fan_in) : scale ? 0.005f : 0.1f;
    for (size_t i = 0; i < floats; i++)
        writer->data[writer->floats++] = spread * normal(&writer->state) + (scale ? 0.02f : 0);
}

struct random_model random_model(const struct network_config *config)
{
    struct writer writer = { .header = malloc(1024), .state = 1 };
    writer.header_size = (size_t)sprintf(
        writer.header,
        "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\","
        "\"preset\":\"random\",\"network\":\"%s\",\"profile\":\"%s\","
        "\"input_size\":\"%d\",\"width\":\"%g\","
        "\"frames\":\"%d\",\"trained\":\"%s\",\"frame_interval_ms\":\"100\","
        "\"crop_scale\":\"1.3\",\"mean\":\"127.5\",\"std\":\"255\",\"alpha\":\"0.6\","
        "\"beta\":\"0.8\",\"live_threshold\":\"0.7\",\"spoof_threshold\":\"0.3\"}",
        config->network, config->profile, config->input_size, (double)config->width, config->frames,
        config->trained ? "yes" : "no");
    if (network_list(config, add_tensor, &writer)) {
        printf("random_model: %s\n", livedepth_error_detail());
        exit(1);
    }
    writer.header[writer.header_size++] = '}';
    while (writer.header_size % 64 != 56) writer.header[writer.header_size++] = ' ';

    const uint64_t length = writer.header_size;
    const size_t data_bytes = writer.floats * sizeof(float);
    struct random_model model = { malloc(8 + writer.header_size + data_bytes),
                                  8 + writer.header_size + data_bytes };
    memcpy(model.bytes, &length, 8);
    memcpy(model.bytes + 8, writer.header, writer.header_size);
    memcpy(model.bytes + 8 + writer.header_size, writer.data, data_bytes);
    free(writer.header), free(writer.data);
    return model;
}
