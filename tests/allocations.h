/* allocations.h - counts allocations; memory that ends at the n-th. The linker puts these functions
 * before the C library's (--wrap), for our code and XNNPACK's. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

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

/* From now on, and refuses none. */
static inline void count_allocations(void)
{
    memory.first = memory.last = LONG_MAX, memory.asked = 0;
}

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

#endif
