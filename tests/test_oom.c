/* test_oom.c - memory that ends at the n-th allocation, for every n: the answer is NO_MEMORY and
 * nothing stays behind. The linker puts the functions below before the C library's (--wrap), for
 * our code and XNNPACK's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "files.h"
#include "random_model.h"
#include "test.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
void __wrap_free(void *memory);

static struct {
    long first, last; /* which allocations fail, counted from 1; none before `first` is set */
    long asked, live; /* allocations since then; blocks in use */
} memory;

static bool refused(void)
{
    if (!memory.first) return false;
    memory.asked++;
    return memory.asked >= memory.first && memory.asked <= memory.last;
}

static void *counted(void *block)
{
    memory.live += block != NULL;
    return block;
}

void *__wrap_malloc(size_t size) { return refused() ? NULL : counted(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (refused()) return NULL;
    return block ? __real_realloc(block, size) : counted(__real_malloc(size));
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    if (refused()) return ENOMEM;
    const int error = __real_posix_memalign(out, alignment, size);
    if (!error) counted(*out);
    return error;
}

void __wrap_free(void *block)
{
    memory.live -= block != NULL;
    __real_free(block);
}

/* --- what is tried --- */

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
