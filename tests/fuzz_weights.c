/* fuzz_weights.c - any bytes are either refused with a typed error or a file that can be used. */
#include <math.h>
#include <string.h>
#include "metadata.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct weights *weights)
{
    static const char *const keys[] = { "format", "format_version", "network",
                                        "frames", "scorers",        "a" };
    struct weights_part all = weights_whole(weights);
    require(weights_version(weights) == 1 || weights_version(weights) == 2);
    require(weights_count(weights) <= WEIGHTS_MAX_TENSORS);
    for (int i = 0; i < weights_count(weights); i++) {
        const struct weight *weight = weights_at(weights, i);
        size_t count = 1;
        require(weights_find(all, weight->name) == weight);
        require(strlen(weight->name) <= WEIGHTS_MAX_NAME);
        char prefix[WEIGHTS_MAX_NAME + 1] = "";
        strncat(prefix, weight->name, strlen(weight->name) / 2);
        struct weights_part part = { weights, prefix };
        require(weights_find(part, weight->name + strlen(prefix)) == weight);
        require(weight->rank >= 1 && weight->rank <= WEIGHTS_MAX_RANK);
        for (int j = 0; j < weight->rank; j++) count *= (size_t)weight->shape[j];
        for (size_t j = 0; j < count; j++) require(isfinite(weight->data[j]));
    }
    for (int i = 0; i < COUNT(keys); i++) {
        const char *text = weights_metadata(all, keys[i]);
        int whole = 0;
        float number = 0;
        if (metadata_int(all, keys[i], -100, 100, &whole) == LIVEDEPTH_OK)
            require(text && whole >= -100 && whole <= 100);
        if (metadata_float(all, keys[i], -1e9f, 1e9f, &number) == LIVEDEPTH_OK)
            require(text && number >= -1e9f && number <= 1e9f);
        char words[3][METADATA_WORD];
        int count = 0;
        if (metadata_words(all, keys[i], COUNT(words), words, &count) == LIVEDEPTH_OK) {
            size_t length = (size_t)count - 1;
            for (int j = 0; j < count; j++) length += strlen(words[j]);
            require(count >= 1 && count <= COUNT(words) && length == strlen(text));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weights *weights = NULL;
    enum livedepth_status status = weights_open(&weights, data, size);
    require((status == LIVEDEPTH_OK) == (weights != NULL));
    require(status == LIVEDEPTH_OK ||
            (status >= LIVEDEPTH_WEIGHTS_TRUNCATED && status <= LIVEDEPTH_WEIGHTS_VERSION));
    if (weights) use(weights);
    weights_close(weights);
    return 0;
}
