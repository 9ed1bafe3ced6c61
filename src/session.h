/* session.h - what a session holds, for the files that implement it: session.c takes frames,
 * session_views.c the views of frames that were cut before. */
#ifndef SESSION_H
#define SESSION_H

#include "model.h"
#include "run.h"

/* pixels, longer side of a face's box: below, detail is gone */
static const float SESSION_FACE_MIN = 64;

struct livedepth_session {
    bool crop_face, photo;
    struct pthreadpool *pool; /* NULL: the calling thread */
    struct image_scratch *scratch;
    struct watch watch; /* without a detector with LIVEDEPTH_CROP_NONE */
    struct quality quality;
    struct run run;
    double last_ms;              /* of the frame before, any frame; < 0: none */
    struct livedepth_frame last; /* its size, format and rotation; data is NULL */
};

/* No time that is none, and none that is not after the last one. */
enum livedepth_status session_check_time(const struct livedepth_session *session, double time_ms);
/* Of a frame that was skipped: what is not known is NAN. */
struct livedepth_result session_empty_result(void);

#endif
