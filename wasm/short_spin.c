/* pthreadpool's threads with a shorter wait: a thread without work looks a million times before it
 * sleeps, several milliseconds on a core that somebody else needs (a page's own thread, a camera).
 * Too short a wait is slow as well, for waking takes longer than the end of most layers: trunk of
 * FAS-SGTD, 128x128, a quarter of the channels, two threads on two idle cores, median of three
 * runs: 2,000 looks 26 ms, 20,000 23, 60,000 21, 200,000 24, a million 20; one thread 38. */
#include "threadpool-common.h"
#undef PTHREADPOOL_SPIN_WAIT_ITERATIONS
#define PTHREADPOOL_SPIN_WAIT_ITERATIONS 60000
#include "pthreads.c"
