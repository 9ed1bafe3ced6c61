/* Linear memory of a session in the wasm variants: model file, session and one frame, as a page has
 * them. Natively only that the networks can be made at any size and width. */
#include <stdlib.h>
#include <string.h>
#include "random_model.h"
#include "test.h"

#ifdef __wasm__
#include <emscripten/heap.h>
static double memory_mib(void) { return (double)emscripten_get_heap_size() / (1 << 20); }
#else
static double memory_mib(void) { return 0; }
#endif

static void check(const char *network, const char *profile, int size, float width, double limit_mib)
{
    struct network_config config = { .input_size = size, .width = width, .frames = 5 };
    strcpy(config.network, network), strcpy(config.profile, profile);
    struct random_model file = random_model(&config);
    struct livedepth_model *model = NULL;
    struct livedepth_session *session = NULL;
    const struct livedepth_options options = { 1, LIVEDEPTH_CROP_NONE, 0.7f, 0.3f, 0, 0 };
    CHECK(livedepth_model_open(&model, file.bytes, file.size) == LIVEDEPTH_OK);
    CHECK(livedepth_session_create(&session, NULL, model, &options) == LIVEDEPTH_OK);
    uint8_t *frame = malloc(1280 * 720 * 4);
    CHECK(frame != NULL);
    printf("  %-8s %-9s %3d width %-6g file %5.1f MiB, memory %6.1f MiB\n", network, profile, size,
           (double)width, (double)file.size / (1 << 20), memory_mib());
    CHECK(memory_mib() <= limit_mib);
    livedepth_session_destroy(session);
    livedepth_model_close(model);
    free(frame), free(file.bytes);
}

/* Memory only grows: from small to large. */
TEST(sessions_fit_their_memory)
{
    check("fas-sgtd", "paper", 40, 0.0625f, 64);
    check("fas-td", "paper", 72, 0.3f, 64);
    check("fas-td", "paper", 128, 0.25f, 64);
    check("fas-sgtd", "paper", 128, 0.25f, 64);
    check("fas-sgtd", "reference", 128, 0.25f, 64);
    check("fas-sgtd", "paper", 256, 1, 400);
    check("fas-td", "paper", 256, 1, 400);
    check("fas-sgtd", "reference", 256, 1, 400);
}

int main(void)
{
    RUN(sessions_fit_their_memory);
    return test_end();
}
