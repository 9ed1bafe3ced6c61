/* The work of a session spread over several threads. */
#include "rig.h"

TEST(threads_do_not_change_a_bit)
{
    for (int i = 0; i < COUNT(small_networks); i++) {
        struct rig *one = rig_open(&small_networks[i]);
        for (int threads = 2; threads <= 4; threads += 2) {
            struct rig *many = rig_open(&small_networks[i]);
            livedepth_session_destroy(many->session);
            many->session = NULL;
            const enum livedepth_status status = rig_session(many, threads);
            if (status == LIVEDEPTH_BAD_ARGUMENT) { /* a build without threads says so */
                CHECK(strstr(livedepth_error_detail(), "threads"));
                rig_close(many);
                continue;
            }
            CHECK(status == LIVEDEPTH_OK);
            livedepth_session_reset(one->session);
            for (int n = 0; n < one->config.frames + 2; n++) {
                const struct livedepth_result a = push(one, n), b = push(many, n);
                if (!a.clips) continue;
                const struct answer x = answer_of(one, &a), y = answer_of(many, &b);
                CHECK(!memcmp(&x, &y, sizeof x));
            }
            rig_close(many);
        }
        rig_close(one);
    }
}

int main(void)
{
    RUN(threads_do_not_change_a_bit);
    return test_end();
}
