/* test_oom.c - memory that ends at the n-th allocation, for every n: the answer is NO_MEMORY and
 * nothing stays behind. */
#include <stdlib.h>
#include <string.h>
#include "allocations.h"
#include "files.h"
#include "random_model.h"
#include "test.h"

static struct file detector_file;

/* Opens both files and a session, and closes what was opened. */
static enum livedepth_status open_all(const struct random_model *file)
{
    struct livedepth_model *detector = NULL, *model = NULL;
    struct livedepth_session *session = NULL;
    enum livedepth_status status =
        livedepth_model_open(&detector, detector_file.bytes, detector_file.size);
    if (!status) status = livedepth_model_open(&model, file->bytes, file->size);
    if (!status) status = livedepth_session_create(&session, detector, model, NULL);
    if (status) CHECK(!session); /* outputs are set on success only */
    livedepth_session_destroy(session);
    livedepth_model_close(model);
    livedepth_model_close(detector);
    return status;
}

/* `count` allocations from the n-th on fail. Returns how many there are. */
static long check_every_n(const struct random_model *file, long count)
{
    for (long n = 1;; n++) {
        const long before = memory.live;
        memory.first = n, memory.last = n + count - 1, memory.asked = 0;
        const enum livedepth_status status = open_all(file);
        memory.first = 0;
        const bool spared = memory.asked < n;
        if (status != (spared ? LIVEDEPTH_OK : LIVEDEPTH_NO_MEMORY) || memory.live != before) {
            failures++;
            printf("  allocation %ld: %s (%s), %ld blocks left behind\n", n,
                   livedepth_status_text(status), livedepth_error_detail(), memory.live - before);
        }
        if (spared) return n - 1;
    }
}

static void check_network(const char *network, const char *profile)
{
    struct network_config config = { .input_size = 32, .width = 0.0625f, .frames = 2 };
    strcpy(config.network, network), strcpy(config.profile, profile);
    struct random_model file = random_model(&config);
    const long one = check_every_n(&file, 1), all = check_every_n(&file, 1000000);
    printf("  %s %s: %ld allocations\n", network, profile, one);
    CHECK(one > 100 && one == all);
    free(file.bytes);
}

TEST(no_allocation_is_taken_for_granted)
{
    check_network("fas-td", "paper");
    check_network("fas-sgtd", "paper");
    check_network("fas-sgtd", "reference");
}

int main(void)
{
    detector_file = file_read("build/blazeface-short.safetensors");
    RUN(no_allocation_is_taken_for_granted);
    free(detector_file.bytes);
    return test_end();
}
