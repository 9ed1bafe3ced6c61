/* turn_plane.h - a picture as a camera stores it that is turned. */
#ifndef TURN_PLANE_H
#define TURN_PLANE_H

#include <stdint.h>
#include <string.h>

/* Turns a plane of w x h pixels counter-clockwise by 0, 90, 180 or 270 degrees: what a camera held
 * the other way would store. */
static inline void turn_plane(const uint8_t *in, int w, int h, int channels, int rotation,
                              uint8_t *out)
{
    const int out_w = rotation % 180 ? h : w;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int out_x = x, out_y = y;
            if (rotation == 90) out_x = y, out_y = w - 1 - x;
            if (rotation == 180) out_x = w - 1 - x, out_y = h - 1 - y;
            if (rotation == 270) out_x = h - 1 - y, out_y = x;
            memcpy(out + (out_y * out_w + out_x) * channels, in + (y * w + x) * channels,
                   (size_t)channels);
        }
}

#endif
