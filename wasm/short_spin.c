/* pthreadpool's threads with a shorter wait: a thread without work looks a million times before it
 * sleeps, several milliseconds on a core that somebody else needs (a page's own thread, a camera).
 * A thread that sleeps is woken in some microseconds. */
#include "threadpool-common.h"
#undef PTHREADPOOL_SPIN_WAIT_ITERATIONS
#define PTHREADPOOL_SPIN_WAIT_ITERATIONS 2000
#include "pthreads.c"
