/* random_model.c - see random_model.h. */
#include "random_model.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    char *header;
    size_t header_size;
    float *data;
    size_t floats;
    uint32_t state;
    const char *prefix; /* of the tensors' names */
};

__attribute__((format(printf, 2, 3))) static void print(struct writer *writer, const char *format,
                                                        ...)
{
    enum { MOST = 1024 }; /* of one call */
    va_list args;
    va_start(args, format);
    writer->header = realloc(writer->header, writer->header_size + MOST);
    writer->header_size +=
        (size_t)vsnprintf(writer->header + writer->header_size, MOST, format, args);
    va_end(args);
}

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
    writer->data = realloc(writer->data, (writer->floats + floats) * sizeof(float));
    print(writer, ",\"%s%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
          writer->prefix, tensor->name, shape, writer->floats * 4, (writer->floats + floats) * 4);
    const bool scale = strstr(tensor->name, ".scale") != NULL;
    const float gain = strstr(tensor->name, ".edge.") ? 0.05f : 1.5f;
    const float spread = tensor->rank > 1 ? sqrtf(gain / (float)fan_in) : scale ? 0.005f : 0.1f;
    for (size_t i = 0; i < floats; i++)
        writer->data[writer->floats++] = spread * normal(&writer->state) + (scale ? 0.02f : 0);
}

/* What every file says, then what a network of the FAS family says of itself. */
static void print_file(struct writer *writer, int version)
{
    print(writer,
          "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"%d\","
          "\"preset\":\"random\",\"trained\":\"yes\",\"frame_interval_ms\":\"100\","
          "\"live_threshold\":\"0.7\",\"spoof_threshold\":\"0.3\",\"clips\":\"6\"",
          version);
}

static void print_network(struct writer *writer, const struct network_config *config)
{
    const char *at = writer->prefix;
    print(writer, ",\"%snetwork\":\"%s\",\"%sprofile\":\"%s\"", at, config->network, at,
          config->profile);
    print(writer, ",\"%swidth\":\"%g\",\"%sframes\":\"%d\",\"%smean\":\"127.5\"", at,
          (double)config->width, at, config->frames, at);
    print(writer, ",\"%sstd\":\"255\",\"%salpha\":\"0.6\",\"%sbeta\":\"0.8\"", at, at, at);
    if (config->features_head) print(writer, ",\"%shead\":\"features\"", at);
}

static void add_tensors(struct writer *writer, const struct network_config *config)
{
    if (network_list(config, add_tensor, writer)) {
        printf("random_model: %s\n", livedepth_error_detail());
        exit(1);
    }
}

static struct random_model finish(struct writer *writer)
{
    print(writer, "}");
    while (writer->header_size % 64 != 56) print(writer, " ");
    const uint64_t length = writer->header_size;
    const size_t data_bytes = writer->floats * sizeof(float);
    struct random_model model = { malloc(8 + writer->header_size + data_bytes),
                                  8 + writer->header_size + data_bytes };
    memcpy(model.bytes, &length, 8);
    memcpy(model.bytes + 8, writer->header, writer->header_size);
    memcpy(model.bytes + 8 + writer->header_size, writer->data, data_bytes);
    free(writer->header), free(writer->data);
    return model;
}

struct random_model random_model(const struct network_config *config)
{
    struct writer writer = { .state = 1, .prefix = "" };
    print_file(&writer, 1);
    print(&writer, ",\"input_size\":\"%d\",\"crop_scale\":\"1.3\"", config->input_size);
    print_network(&writer, config);
    print(&writer, "}");
    add_tensors(&writer, config);
    return finish(&writer);
}

struct random_model random_bundle(const struct random_scorer *scorers, int count)
{
    struct writer writer = { .state = 1 };
    char names[64] = "", prefix[32];
    print_file(&writer, 2);
    for (int i = 0; i < count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), i ? " %s" : "%s",
                 scorers[i].name);
    print(&writer, ",\"views\":\"%s\",\"scorers\":\"%s\",\"fusion.bias\":\"0.1\"", names, names);
    for (int i = 0; i < count; i++) {
        const struct random_scorer *each = &scorers[i];
        snprintf(prefix, sizeof prefix, "%s.", each->name);
        writer.prefix = prefix;
        print(&writer, ",\"view.%sscale\":\"%g\",\"view.%ssize\":\"%d\"", prefix,
              (double)each->scale, prefix, each->config.input_size);
        print(&writer, ",\"view.%sfollows\":\"%s\",\"%sview\":\"%s\",\"%suse\":\"%s\"", prefix,
              each->follows, prefix, each->name, prefix, each->use);
        print(&writer, ",\"view.%sfilter\":\"%s\"", prefix,
              strcmp(each->follows, "face") ? "triangle" : "bilinear");
        print(&writer, ",\"fusion.%s\":\"%g\"", each->name, (double)each->weight);
        print_network(&writer, &each->config);
    }
    print(&writer, "}");
    for (int i = 0; i < count; i++) {
        snprintf(prefix, sizeof prefix, "%s.", scorers[i].name);
        writer.prefix = prefix;
        add_tensors(&writer, &scorers[i].config);
    }
    return finish(&writer);
}

void random_model_edit(struct random_model *file, const char *from, const char *to)
{
    char *at = strstr((char *)file->bytes + 8, from); /* the padding and data end the search */
    if (!at || strlen(from) != strlen(to)) {
        printf("random_model: no %s, or %s has another length\n", from, to);
        exit(1);
    }
    memcpy(at, to, strlen(to));
}
