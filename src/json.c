/* json.c - see json.h. */
#include "json.h"
#include <stdlib.h>
#include <string.h>

enum livedepth_status json_error(const struct json *json, const char *what)
{
    return fail(LIVEDEPTH_WEIGHTS_BAD_HEADER, "header byte %d: %s", (int)(json->at - json->start),
                what);
}

static void skip_space(struct json *json)
{
    while (json->at < json->end && memchr(" \t\n\r", *json->at, 4)) json->at++;
}

bool json_accept(struct json *json, char c)
{
    skip_space(json);
    if (json->at == json->end || *json->at != c) return false;
    json->at++;
    return true;
}

enum livedepth_status json_expect(struct json *json, char c)
{
    char what[] = "expected '?'";
    if (json_accept(json, c)) return LIVEDEPTH_OK;
    what[10] = c;
    return json_error(json, what);
}

enum livedepth_status json_end(struct json *json)
{
    skip_space(json);
    return json->at == json->end ? LIVEDEPTH_OK : json_error(json, "text after the object");
}

static bool is_digit(int c) { return c >= '0' && c <= '9'; }

static int hex_digit(unsigned char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hex digits, or -1. */
static int32_t read_hex4(struct json *json)
{
    int32_t value = 0;
    if (json->end - json->at < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*json->at++);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

static void write_utf8(struct json *json, int32_t code)
{
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xC0, 0xE0, 0xF0 };
    *json->text++ = (char)(lead[more] | code >> 6 * more);
    while (more-- > 0) *json->text++ = (char)(0x80 | (code >> 6 * more & 0x3F));
}

/* Letters behind a backslash. */
static enum livedepth_status read_escape(struct json *json)
{
    static const char names[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
    unsigned char c = json->at < json->end ? *json->at++ : 0;
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        *json->text++ = codes[name - names];
        return LIVEDEPTH_OK;
    }
    if (c != 'u') return json_error(json, "unknown escape");

    int32_t code = read_hex4(json);
    if (code >= 0xD800 && code <= 0xDBFF) {
        int32_t low = -1;
        if (json->end - json->at >= 2 && json->at[0] == '\\' && json->at[1] == 'u') {
            json->at += 2;
            low = read_hex4(json);
        }
        if (low < 0xDC00 || low > 0xDFFF) return json_error(json, "half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return json_error(json, "half a surrogate pair");
    }
    if (code <= 0) return json_error(json, "bad \\u escape"); /* 0 would end the C string */
    write_utf8(json, code);
    return LIVEDEPTH_OK;
}

/* One character of two to four bytes: no overlong form, no surrogate, at most U+10FFFF. */
static enum livedepth_status read_utf8(struct json *json)
{
    static const int32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
    unsigned char lead = *json->at;
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC0 || lead > 0xF4 || json->end - json->at <= more)
        return json_error(json, "not UTF-8");
    int32_t code = lead & 0x3F >> more;
    for (int i = 1; i <= more; i++) {
        if ((json->at[i] & 0xC0) != 0x80) return json_error(json, "not UTF-8");
        code = code << 6 | (json->at[i] & 0x3F);
    }
    if (code < smallest[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return json_error(json, "not UTF-8");
    memcpy(json->text, json->at, (size_t)more + 1);
    json->text += more + 1;
    json->at += more + 1;
    return LIVEDEPTH_OK;
}

enum livedepth_status json_string(struct json *json, const char **out)
{
    const char *string = json->text;
    TRY(json_expect(json, '"'));
    while (json->at < json->end && *json->at != '"') {
        unsigned char c = *json->at;
        if (c < 0x20) return json_error(json, "control character in a string");
        if (c >= 0x80) {
            TRY(read_utf8(json));
            continue;
        }
        json->at++;
        if (c == '\\') TRY(read_escape(json));
        else *json->text++ = (char)c;
    }
    if (json->at == json->end) return json_error(json, "string without end");
    json->at++;
    *json->text++ = 0;
    *out = string;
    return LIVEDEPTH_OK;
}

enum livedepth_status json_uint(struct json *json, uint64_t *out)
{
    uint64_t value = 0;
    skip_space(json);
    const unsigned char *first = json->at;
    while (json->at < json->end && is_digit(*json->at)) {
        unsigned digit = *json->at++ - '0';
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    if (json->at == first || (*first == '0' && json->at - first > 1))
        return json_error(json, "expected an unsigned integer");
    *out = value;
    return LIVEDEPTH_OK;
}

/* At least one digit is required; digits behind the 18th only count. */
static const char *read_digits(const char *text, uint64_t *value, int *dropped)
{
    const char *first = text;
    for (; is_digit(*text); text++) {
        if (*value < 100000000000000000) /* 10^17 */
            *value = *value * 10 + (uint64_t)(*text - '0');
        else ++*dropped;
    }
    return text == first ? NULL : text;
}

bool json_number(const char *text, double *out)
{
    enum { MAX_TEXT = 64, MAX_EXPONENT = 300 };
    uint64_t mantissa = 0, power = 0;
    int exponent = 0, unused = 0;
    if (strlen(text) > MAX_TEXT) return false;
    bool negative = *text == '-';
    text += negative;
    if (text[0] == '0' && is_digit(text[1])) return false;
    text = read_digits(text, &mantissa, &exponent);
    if (text && *text == '.') {
        const char *first = ++text;
        int dropped = 0;
        text = read_digits(text, &mantissa, &dropped);
        if (text) exponent -= (int)(text - first) - dropped;
    }
    if (text && (*text == 'e' || *text == 'E')) {
        bool down = *++text == '-';
        text += *text == '-' || *text == '+';
        text = read_digits(text, &power, &unused);
        if (power > MAX_EXPONENT) return false;
        exponent += down ? -(int)power : (int)power;
    }
    if (!text || *text) return false;

    double value = (double)mantissa, scale = 1;
    for (int i = abs(exponent); i > 0; i--) scale *= 10;
    value = exponent < 0 ? value / scale : value * scale;
    *out = negative ? -value : value;
    return true;
}
