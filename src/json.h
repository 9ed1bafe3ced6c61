/* json.h - reads the JSON of a weight file's header, which nobody vouches for.
 *
 * The caller asks for what must come next, piece by piece: so the depth is that of its functions
 * and nothing recurses. Errors are WEIGHTS_BAD_HEADER and say at which byte. */
#ifndef JSON_H
#define JSON_H

#include "base.h"

/* text has room for (end - start) bytes, enough for every string with its NUL: unescaping never
 * lengthens one, and its two quotes pay for NUL. */
struct json {
    const unsigned char *start, *at, *end;
    char *text;
};

enum livedepth_status json_error(const struct json *json, const char *what);

/* Spaces may stand before each of these. */
bool json_accept(struct json *json, char c); /* reads c if it comes next */
enum livedepth_status json_expect(struct json *json, char c);
enum livedepth_status json_end(struct json *json);
/* Valid UTF-8 without NUL; lies in text. */
enum livedepth_status json_string(struct json *json, const char **out);
/* Numbers too large become UINT64_MAX. */
enum livedepth_status json_uint(struct json *json, uint64_t *out);

/* The whole text as a JSON number of at most 64 characters, within a unit in the last place of
 * double: far below float's. strtod would follow the program's locale and take more than JSON. */
bool json_number(const char *text, double *out);

#endif
