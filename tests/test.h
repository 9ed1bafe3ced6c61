/* test.h - the whole test framework.
 *
 *     TEST(adds) { CHECK(1 + 1 == 2); CHECK_NEAR(sqrt(2), 1.41421, 1e-4); }
 *     int main(void) { RUN(adds); return test_end(); }
 */
#ifndef TEST_H
#define TEST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static int failures, tests_passed, tests_failed;

#define TEST(name) static void name(void)

/* Notes a failure and goes on. */
#define CHECK(condition)                                           \
    do {                                                           \
        if (!(condition)) {                                        \
            failures++;                                            \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
        }                                                          \
    } while (0)

/* |a - b| <= tolerance; a NaN fails. */
#define CHECK_NEAR(a, b, tolerance)                                                          \
    do {                                                                                     \
        double a_ = (a), b_ = (b);                                                           \
        if (!(fabs(a_ - b_) <= (tolerance))) {                                               \
            failures++;                                                                      \
            printf("%s:%d: %s = %.9g, not %s = %.9g\n", __FILE__, __LINE__, #a, a_, #b, b_); \
        }                                                                                    \
    } while (0)

static inline bool near(float a, float b, float tolerance) { return fabsf(a - b) <= tolerance; }

#define RUN(name)                                               \
    do {                                                        \
        int before_ = failures;                                 \
        name();                                                 \
        bool passed_ = failures == before_;                     \
        *(passed_ ? &tests_passed : &tests_failed) += 1;        \
        printf("%-40s %s\n", #name, passed_ ? "ok" : "FAILED"); \
        fflush(stdout);                                         \
    } while (0)

/* The closing line that tests/run.sh reads; main returns it. */
static inline int test_end(void)
{
    printf("%d passed, %d failed\n", tests_passed, tests_failed);
    return failures != 0;
}

#endif
