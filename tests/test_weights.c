/* test_weights.c - good files value by value, then every bad file of docs/errors.md, every
 * truncation and every changed byte. Files lie in buffers of their exact size, so that a sanitizer
 * sees every byte too far. */
// clang-format off: the rows of JSON are laid out by hand
#include "metadata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "weight_file.h"

#define META "\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\"}"
#define TENSOR(name, dtype, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static enum livedepth_status open_and_close(struct file file)
{
    struct weights *weights = NULL;
    enum livedepth_status status = weights_open(&weights, file.bytes, file.size);
    if ((status == LIVEDEPTH_OK) != (weights != NULL)) return LIVEDEPTH_INTERNAL;
    weights_close(weights);
    return status;
}

/* Opens header and zeroed data; says so if the answer is not the expected one. */
static void check_status(const char *name, struct file file, enum livedepth_status expected,
                         const char *hint)
{
    enum livedepth_status status = open_and_close(file);
    const char *detail = status == LIVEDEPTH_OK ? "" : livedepth_error_detail();
    if (status == expected && (!hint || strstr(detail, hint))) return;
    failures++;
    printf("%s: %s (%s), not %s (%s)\n", name, livedepth_status_text(status), detail,
           livedepth_status_text(expected), hint ? hint : "");
}

static void check_header(const char *header, size_t data_size, enum livedepth_status expected,
                         const char *hint)
{
    struct file file = make_file(header, NULL, data_size);
    check_status(header, file, expected, hint);
    free(file.bytes);
}

/* --- good files --- */

/* Offsets not in the order of the header, both dtypes, escapes, spaces. */
static const char small_header[] =
    "{\t\"b.weight\" : {\"shape\":[2,1,3],\"data_offsets\":[4 ,28],\"dtype\":\"F32\"},\n"
    "\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\",\"frames\":\"5\","
    "\"provenance\":\"a \\\"b\\\" \\\\ \\/ \\n\\t\\b\\f\\r "
    "\\u0041\\u00e9\\u20AC\\ud83d\\ude00 \xC3\xA9\"},\r"
    "\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}  ";
static const uint16_t small_halves[2] = {0x3C00, 0xC100}; /* 1, -2.5 */
static const float small_floats[6] = {0, -1.5f, 2, 3e38f, 1e-40f, -0.0f};

static struct file small_file(void)
{
    unsigned char data[28];
    memcpy(data, small_halves, 4);
    memcpy(data + 4, small_floats, 24);
    return make_file(small_header, data, sizeof data);
}

static void check_small(const struct weights *weights)
{
    struct weights_part whole = weights_whole(weights);
    CHECK(weights_count(weights) == 2);
    const struct weight *a = weights_find(whole, "a"), *b = weights_find(whole, "b.weight");
    CHECK(a && b && a == weights_at(weights, 0) && b == weights_at(weights, 1));
    CHECK(!strcmp(a->name, "a") && !strcmp(b->name, "b.weight"));
    CHECK(a->rank == 1 && a->shape[0] == 2);
    CHECK(b->rank == 3 && b->shape[0] == 2 && b->shape[1] == 1 && b->shape[2] == 3);
    CHECK(a->data[0] == 1 && a->data[1] == -2.5f);
    CHECK(!memcmp(b->data, small_floats, sizeof small_floats));
    CHECK((uintptr_t)a->data % _Alignof(float) == 0 && (uintptr_t)b->data % _Alignof(float) == 0);
    CHECK(!weights_find(whole, "A") && !weights_find(whole, "__metadata__"));

    const char *provenance = weights_metadata(whole, "provenance");
    CHECK(provenance && !strcmp(provenance, "a \"b\" \\ / \n\t\b\f\r A\xC3\xA9\xE2\x82\xAC"
                                            "\xF0\x9F\x98\x80 \xC3\xA9"));
    CHECK(!strcmp(weights_metadata(whole, "format"), "livedepth"));
    CHECK(!weights_metadata(whole, "beta"));
    int frames = 0;
    CHECK(metadata_int(whole, "frames", 1, 5, &frames) == LIVEDEPTH_OK && frames == 5);
}

/* At every alignment: borrowed where it can be, copied where it cannot. */
TEST(small_file_is_read)
{
    struct file file = small_file();
    for (size_t shift = 0; shift < 8; shift++) {
        unsigned char *moved = malloc(file.size + shift);
        memcpy(moved + shift, file.bytes, file.size);
        struct weights *weights = NULL;
        CHECK(weights_open(&weights, moved + shift, file.size) == LIVEDEPTH_OK);
        if (weights) check_small(weights);
        if (weights) {
            const unsigned char *in_file = moved + shift + file.size - 24;
            const void *data = weights_find(weights_whole(weights), "b.weight")->data;
            CHECK((data == in_file) == ((uintptr_t)in_file % _Alignof(float) == 0));
        }
        weights_close(weights);
        free(moved);
    }
    free(file.bytes);
    weights_close(NULL);
}

/* A part has what begins with its prefix, under the rest of the name; errors name the whole. */
TEST(parts_know_their_own)
{
    struct file file = make_file(
        "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\","
        "\"near.frames\":\"x\",\"frames\":\"1\",\"depth.frames\":\"5\"},"
        TENSOR("near.w", "F32", "[1]", "[0,4]") ","
        TENSOR("w", "F32", "[1]", "[4,8]") "," TENSOR("depth.w", "F32", "[1]", "[8,12]") ","
        TENSOR("nearest.w", "F32", "[1]", "[12,16]") "}", (const float[]){1, 2, 3, 4}, 16);
    struct weights *weights = NULL;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    const struct weights_part whole = weights_whole(weights), near = {weights, "near."},
                              depth = {weights, "depth."}, none = {weights, "far."};
    CHECK(weights_find(whole, "w")->data[0] == 2 && weights_find(whole, "depth.w")->data[0] == 3);
    CHECK(weights_find(near, "w")->data[0] == 1 && weights_find(depth, "w")->data[0] == 3);
    CHECK(!weights_find(near, "near.w") && !weights_find(none, "w"));
    CHECK(!strcmp(weights_name(near, 0), "w") && !strcmp(weights_name(whole, 0), "near.w"));
    CHECK(!weights_name(near, 1) && !weights_name(near, 2) && !weights_name(near, 3));

    int frames = 0;
    float value = 0;
    CHECK(!strcmp(weights_metadata(near, "frames"), "x") && !weights_metadata(near, "format"));
    CHECK(metadata_int(whole, "frames", 1, 9, &frames) == LIVEDEPTH_OK && frames == 1);
    CHECK(metadata_int(depth, "frames", 1, 9, &frames) == LIVEDEPTH_OK && frames == 5);
    CHECK(metadata_int(near, "frames", 1, 9, &frames) && strstr(livedepth_error_detail(),
                                                               "near.frames is not a number"));
    CHECK(metadata_int(none, "frames", 1, 9, &frames) && strstr(livedepth_error_detail(),
                                                               "far.frames is missing"));
    CHECK(metadata_int(depth, "frames", 1, 4, &frames) && strstr(livedepth_error_detail(),
                                                                "depth.frames is no integer"));
    CHECK(metadata_float(depth, "frames", 1, 4, &value) && strstr(livedepth_error_detail(),
                                                                 "depth.frames is not in"));
    weights_close(weights);
    free(file.bytes);
}

TEST(empty_tables_are_fine)
{
    check_header("{" META "}", 0, LIVEDEPTH_OK, NULL);
}

/* Every half: finite ones widen exactly, the others are refused. */
TEST(halves_widen_exactly)
{
    for (int exponent = 0; exponent < 32; exponent++) {
        uint16_t halves[2048];
        for (int i = 0; i < 2048; i++)
            halves[i] = (uint16_t)((i & 1024) << 5 | exponent << 10 | (i & 1023));
        struct file file = make_file("{" META "," TENSOR("x", "F16", "[2048]", "[0,4096]") "}",
                                     halves, sizeof halves);
        struct weights *weights = NULL;
        enum livedepth_status status = weights_open(&weights, file.bytes, file.size);
        CHECK(status == (exponent < 31 ? LIVEDEPTH_OK : LIVEDEPTH_WEIGHTS_NON_FINITE));
        for (int i = 0; weights && i < 2048; i++) {
            double mantissa = i & 1023;
            double value = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
            CHECK(weights_at(weights, 0)->data[i] == (float)(i & 1024 ? -value : value));
        }
        weights_close(weights);
        free(file.bytes);
    }
}

/* Bytes times the scale of their channel. Companions lie before and behind their tensors, one of
 * them unaligned; what is called so beside a tensor of floats, or none, is a tensor. */
TEST(bytes_widen_by_channel)
{
    static const char header[] =
        "{" META "," TENSOR("late.scale", "F32", "[2]", "[0,8]") ","
        TENSOR("late", "I8", "[2,1,3]", "[8,14]") "," TENSOR("one", "I8", "[1,5]", "[14,19]") ","
        TENSOR("one.scale", "F32", "[1]", "[19,23]") ","
        TENSOR("deep", "I8", "[1,1,2,3]", "[23,29]") ","
        TENSOR("deep.scale", "F32", "[3]", "[29,41]") ","
        TENSOR("affine.scale", "F32", "[1]", "[41,45]") "," TENSOR("y", "F32", "[1]", "[45,49]") ","
        TENSOR("y.scale", "F32", "[1]", "[49,53]") "," TENSOR("line", "I8", "[2]", "[53,55]") ","
        TENSOR("line.scale", "F32", "[2]", "[55,63]") "}";
    static const int8_t late[] = {1, -2, 127, -128, 0, 100}, one[] = {-1, 0, 1, 2, 3},
                        deep[] = {1, 2, 3, -4, -5, -6}, line[] = {7, 8};
    static const float late_scale[] = {0.1f, 3e-3f}, one_scale[] = {2}, deep_scale[] = {1, 10, 100},
                       rest[] = {-5, 6, 0}, line_scale[] = {1e-40f, 1e36f};
    static const float late_values[] = {0.1f, -0.2f, 127 * 0.1f, -128 * 3e-3f, 0, 100 * 3e-3f},
                       one_values[] = {-2, 0, 2, 4, 6}, deep_values[] = {1, 20, 300, -4, -50, -600},
                       line_values[] = {7 * 1e-40f, 8 * 1e36f};
    static const struct {
        const char *name;
        const float *values;
        int count;
    } cases[] = {{"late", late_values, 6}, {"one", one_values, 5}, {"deep", deep_values, 6},
                 {"line", line_values, 2}, {"affine.scale", rest, 1}, {"y", rest + 1, 1},
                 {"y.scale", rest + 2, 1}};
    unsigned char data[63];
    memcpy(data, late_scale, 8), memcpy(data + 8, late, 6), memcpy(data + 14, one, 5);
    memcpy(data + 19, one_scale, 4), memcpy(data + 23, deep, 6), memcpy(data + 29, deep_scale, 12);
    memcpy(data + 41, rest, 12), memcpy(data + 53, line, 2), memcpy(data + 55, line_scale, 8);
    struct file file = make_file(header, data, sizeof data);
    struct weights *weights = NULL;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    CHECK(weights_count(weights) == COUNT(cases));
    for (int i = 0; i < COUNT(cases); i++) {
        const struct weight *weight = weights_find(weights_whole(weights), cases[i].name);
        CHECK(weight && (uintptr_t)weight->data % _Alignof(float) == 0);
        for (int j = 0; weight && j < cases[i].count; j++)
            CHECK(weight->data[j] == cases[i].values[j]);
    }
    CHECK(!weights_find(weights_whole(weights), "late.scale"));
    CHECK(!weights_find(weights_whole(weights), "deep.scale"));
    weights_close(weights);
    free(file.bytes);
}

TEST(bytes_need_their_scales)
{
#define BYTES(shape, dtype, scales, end)                                          \
    "{" META "," TENSOR("a.x", "I8", shape, "[0,12]") "," TENSOR("a.x.scale", dtype, scales, \
                                                                 "[12," end "]") "}"
    static const struct {
        const char *header;
        float scale;
        size_t data_size;
        enum livedepth_status status;
        const char *hint;
    } cases[] = {
        {BYTES("[1,12]", "F32", "[1]", "16"), 1, 16, LIVEDEPTH_OK, NULL},
        {BYTES("[1,12]", "F32", "[1]", "16"), 2.6e36f, 16, LIVEDEPTH_OK, NULL},
        {BYTES("[1,12]", "F32", "[1]", "16"), 2.7e36f, 16, LIVEDEPTH_WEIGHTS_NON_FINITE,
         "tensor a.x: value 11"}, /* 127 times the scale is too large */
        {BYTES("[1,12]", "F32", "[1]", "16"), 0, 16, LIVEDEPTH_WEIGHTS_NON_FINITE,
         "tensor a.x.scale: value 0"},
        {BYTES("[1,12]", "F32", "[1]", "16"), -1, 16, LIVEDEPTH_WEIGHTS_NON_FINITE, "a.x.scale"},
        {BYTES("[1,12]", "F32", "[1]", "16"), NAN, 16, LIVEDEPTH_WEIGHTS_NON_FINITE, "a.x.scale"},
        {BYTES("[1,12]", "F32", "[1]", "16"), INFINITY, 16, LIVEDEPTH_WEIGHTS_NON_FINITE,
         "a.x.scale"},
        {BYTES("[2,6]", "F32", "[2]", "20"), 1, 20, LIVEDEPTH_WEIGHTS_NON_FINITE,
         "a.x.scale: value 1"}, /* the first is 1, the others 0 */
        {BYTES("[1,12]", "F16", "[2]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "a.x.scale"},
        {BYTES("[1,12]", "I8", "[4]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "a.x.scale"},
        {BYTES("[2,6]", "F32", "[1]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_SHAPE,
         "a.x.scale: the shape is not [2]"},
        {BYTES("[1,12]", "F32", "[1,1]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_SHAPE, "a.x.scale"},
        {BYTES("[1,1,1,12]", "F32", "[1]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_SHAPE,
         "a.x.scale: the shape is not [12]"},
        {BYTES("[12,1,1,1]", "F32", "[1]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_SHAPE,
         "a.x.scale: the shape is not [12]"},
        {BYTES("[1,12]", "F32", "[1]", "16"), 1, 15, LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},
        {BYTES("[1,13]", "F32", "[1]", "16"), 1, 16, LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "a.x"},
        {"{" META "," TENSOR("a.x", "I8", "[12]", "[0,12]") "}", 1, 12, LIVEDEPTH_WEIGHTS_MISSING,
         "tensor a.x.scale"},
        {"{" META "," TENSOR("a.x", "I8", "[12]", "[0,12]") ","
         TENSOR("b.x.scale", "F32", "[12]", "[12,60]") "}", 1, 60, LIVEDEPTH_WEIGHTS_MISSING,
         "tensor a.x.scale"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        unsigned char data[60] = {0};
        data[11] = 127;
        memcpy(data + 12, &cases[i].scale, sizeof(float));
        struct file file = make_file(cases[i].header, data, cases[i].data_size);
        check_status(cases[i].header, file, cases[i].status, cases[i].hint);
        free(file.bytes);
    }
}

TEST(versions)
{
    static const char *const texts[] = {"1", "2"};
    for (int i = 0; i < COUNT(texts); i++) {
        char header[100];
        snprintf(header, sizeof header,
                 "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"%s\"}}",
                 texts[i]);
        struct file file = make_file(header, NULL, 0);
        struct weights *weights = NULL;
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        if (weights) CHECK(weights_version(weights) == i + 1);
        weights_close(weights);
        free(file.bytes);
    }
}

/* --- bad files: WEIGHTS_* of docs/errors.md --- */

/* Files that are not even a header. */
TEST(raw_bytes)
{
    static const struct {
        const char *bytes;
        size_t size;
        enum livedepth_status status;
        const char *hint;
    } cases[] = {
        {"", 0, LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},
        {"\2\0\0\0\0\0\0", 7, LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},
        {"\2\0\0\0\0\0\0\0", 8, LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},
        {"\2\0\0\0\0\0\0\0{", 9, LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},
        {"\2\0\0\0\0\0\0\0{}", 10, LIVEDEPTH_WEIGHTS_BAD_METADATA, "format"},
        {"\0\0\0\0\0\0\0\0{}", 10, LIVEDEPTH_WEIGHTS_BAD_HEADER, NULL},
        {"\1\0\20\0\0\0\0\0{}", 10, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, "1048577"},
        {"\0\0\0\0\1\0\0\0{}", 10, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, NULL},
        {"\0\0\0\0\0\0\0\x80{}", 10, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, NULL},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, NULL},
        {"\xF8\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, NULL},
        {"\2\0\0\0\0\0\0\0[]", 10, LIVEDEPTH_WEIGHTS_BAD_HEADER, "'{'"},
        {"\3\0\0\0\0\0\0\0 {}", 11, LIVEDEPTH_WEIGHTS_BAD_HEADER, "'{'"},
        {"<!DOCTYPE html><html></html>", 28, LIVEDEPTH_WEIGHTS_BAD_HEADER, "looks like HTML"},
        {"\r\n <html><body>404</body>", 25, LIVEDEPTH_WEIGHTS_BAD_HEADER, "looks like HTML"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", 57,
         LIVEDEPTH_WEIGHTS_BAD_HEADER, "looks like a Git LFS pointer"},
        {"\x1F\x8B\x08\0\0\0\0\0\0\3xyz", 13, LIVEDEPTH_WEIGHTS_BAD_HEADER, "looks like gzip"},
        {"\x1F\x8B\x08\x08\x12\x34\x56\x78\2\3model", 15, LIVEDEPTH_WEIGHTS_BAD_HEADER,
         "looks like gzip"},
        {"        ", 8, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, NULL},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        struct file file = {malloc(cases[i].size), cases[i].size};
        memcpy(file.bytes, cases[i].bytes, cases[i].size);
        char name[20];
        snprintf(name, sizeof name, "raw %d", i);
        check_status(name, file, cases[i].status, cases[i].hint);
        free(file.bytes);
    }
}

/* Row 6: what is no JSON of safetensors' kind. */
TEST(bad_json)
{
    static const char *const cases[] = {
        "{",
        "{}x",
        "{} {}",
        "{,}",
        "{" META ",}",
        "{" META "," TENSOR("x", "F32", "[1]", "[0,4]"),
        "{" META " " TENSOR("x", "F32", "[1]", "[0,4]") "}",
        "{\"x\"}",
        "{\"x\":}",
        "{\"x\":[]}",
        "{\"x\":null}",
        "{\"x\":{}}",
        "{x:{}}",
        "{'x':{}}",
        "{\"x",
        "{" META "," TENSOR("", "F32", "[1]", "[0,4]") "}",
        "{" META "," TENSOR("\xC3\xA9", "F32", "[1]", "[0,4]") "}",
        "{" META "," TENSOR("\x7F", "F32", "[1]", "[0,4]") "}",
        "{" META "," TENSOR("a\\tb", "F32", "[1]", "[0,4]") "}",
        "{\"a\\nb\":{}}",
        "{\"a\nb\":{}}",
        "{\"a\\u0000\":{}}",
        "{\"__metadata__\":[]}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}",
        "{\"__metadata__\":{\"a\":null}}",
        "{\"__metadata__\":{\"a\":\"b\",}}",
        "{\"__metadata__\":{\"a\" \"b\"}}",
        "{\"__metadata__\":{\"a\":\"\\x41\"}}",
        "{\"__metadata__\":{\"a\":\"\\u12\"}}",
        "{\"__metadata__\":{\"a\":\"\\u12g4\"}}",
        "{\"__metadata__\":{\"a\":\"\\u0000\"}}",
        "{\"__metadata__\":{\"a\":\"\\ud800\"}}",
        "{\"__metadata__\":{\"a\":\"\\ud800\\u0041\"}}",
        "{\"__metadata__\":{\"a\":\"\\ud800\\ud800\"}}",
        "{\"__metadata__\":{\"a\":\"\\ud800x\"}}",
        "{\"__metadata__\":{\"a\":\"\\udc00\"}}",
        "{\"__metadata__\":{\"a\":\"\\",
        "{\"__metadata__\":{\"a\":\"\\u",
        "{\"__metadata__\":{\"a\":\"\\ud83d\\u",
        "{\"__metadata__\":{\"a\":\"\x80\"}}",         /* UTF-8: stray continuation */
        "{\"__metadata__\":{\"a\":\"\xC0\x80\"}}",     /* overlong */
        "{\"__metadata__\":{\"a\":\"\xC1\xBF\"}}",
        "{\"__metadata__\":{\"a\":\"\xE0\x80\x80\"}}",
        "{\"__metadata__\":{\"a\":\"\xF0\x80\x80\x80\"}}",
        "{\"__metadata__\":{\"a\":\"\xED\xA0\x80\"}}", /* surrogate */
        "{\"__metadata__\":{\"a\":\"\xF4\x90\x80\x80\"}}", /* above U+10FFFF */
        "{\"__metadata__\":{\"a\":\"\xF5\x80\x80\x80\"}}",
        "{\"__metadata__\":{\"a\":\"\xFF\"}}",
        "{\"__metadata__\":{\"a\":\"\xC3(\"}}",        /* no continuation */
        "{\"__metadata__\":{\"a\":\"\xE2\x82(\"}}",
        "{\"__metadata__\":{\"a\":\"\xC3\"}}",         /* cut */
        "{\"__metadata__\":{\"a\":\"\xE2\x82\"}}",
        "{\"__metadata__\":{\"a\":\"\xC3",
        "{\"__metadata__\":{\"a\":\"\xF0\x9F\x98",
        "{\"__metadata__\":{\"a\":\"\t\"}}",
        "{" META "," "\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{" META "," "\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
        "{" META "," "\"x\":{\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{" META "," "\"x\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{" META "," "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"q\":1}}",
        "{" META "," TENSOR("x", "F32", "1", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[1,]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[[1]]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[-1]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[+1]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[01]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[1.0]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[1e0]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[\"1\"]", "[0,4]") "}",
        "{" META "," TENSOR("x", "F32", "[1]", "[0]") "}",
        "{" META "," TENSOR("x", "F32", "[1]", "[0,4,8]") "}",
        "{" META "," TENSOR("x", "F32", "[1]", "[]") "}",
        "{" META "," TENSOR("x", "F32", "[1]", "[0,-4]") "}",
    };
    for (int i = 0; i < COUNT(cases); i++)
        check_header(cases[i], 0, LIVEDEPTH_WEIGHTS_BAD_HEADER, NULL); /* nothing to read behind */

    char deep[2000] = "{\"x\":";
    memset(deep + 5, '[', 1900);
    check_header(deep, 0, LIVEDEPTH_WEIGHTS_BAD_HEADER, "header byte 5");
    for (int i = 0; i < 1900; i++) deep[5 + i] = "{\"a\":"[i % 5];
    check_header(deep, 0, LIVEDEPTH_WEIGHTS_BAD_HEADER, NULL);
}

/* Rows 7 .. 17 and 23: the JSON is right, what it says is not. */
TEST(bad_contents)
{
#define X TENSOR("x", "F32", "[1]", "[0,4]")
#define FORMAT(format, version) \
    "{\"__metadata__\":{\"format\":\"" format "\",\"format_version\":\"" version "\"}," X "}"
    static const struct {
        const char *header;
        size_t data_size;
        enum livedepth_status status;
        const char *hint;
    } cases[] = {
        {"{" META "," X "}", 4, LIVEDEPTH_OK, NULL},
        {"{" META "," X "," X "}", 8, LIVEDEPTH_WEIGHTS_DUPLICATE, "x"},
        {"{" META "," X "," META "}", 4, LIVEDEPTH_WEIGHTS_DUPLICATE, "__metadata__"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, LIVEDEPTH_WEIGHTS_DUPLICATE, NULL},
        {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, LIVEDEPTH_WEIGHTS_DUPLICATE, "a"},
        {"{\"__metadata__\":{\"a\":\"1\",\"\\u0061\":\"1\"}}", 0, LIVEDEPTH_WEIGHTS_DUPLICATE,
         "a"},
        {"{" META ",\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, LIVEDEPTH_WEIGHTS_DUPLICATE,
         "dtype"},

        {"{" META "," TENSOR("net.w", "F64", "[1]", "[0,8]") "}", 8, LIVEDEPTH_WEIGHTS_BAD_DTYPE,
         "net.w"},
        {"{" META "," TENSOR("x", "BF16", "[2]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "x"},
        {"{" META "," TENSOR("x", "U8", "[4]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "x"},
        {"{" META "," TENSOR("x", "f32", "[1]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "x"},
        {"{" META "," TENSOR("x", "F32 ", "[1]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "x"},
        {"{" META "," TENSOR("x", "", "[1]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_DTYPE, "x"},

        {"{" META "," TENSOR("x", "F32", "[]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_SHAPE, "x"},
        {"{" META "," TENSOR("x", "F32", "[0]", "[0,0]") "}", 0, LIVEDEPTH_WEIGHTS_BAD_SHAPE, "x"},
        {"{" META "," TENSOR("x", "F32", "[1,0]", "[0,0]") "}", 0, LIVEDEPTH_WEIGHTS_BAD_SHAPE,
         "dimension 1"},
        {"{" META "," TENSOR("x", "F32", "[16777217]", "[0,67108868]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "x"},
        {"{" META "," TENSOR("x", "F32", "[18446744073709551617]", "[0,4]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "x"},
        {"{" META "," TENSOR("x", "F32", "[99999999999999999999999999]", "[0,4]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "x"},
        {"{" META "," TENSOR("x", "F32", "[16777216,16777216,16384]", "[0,0]") "}", 0,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "overflow"}, /* 2^62 floats, 2^64 bytes */
        {"{" META "," TENSOR("x", "F32", "[16777216,16777216,65536]", "[0,0]") "}", 0,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "overflow"}, /* 2^64 floats */
        {"{" META "," TENSOR("x", "F32", "[7695460,49477,8681,5581]", "[0,16]") "}", 16,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "overflow"}, /* 2^64 + 4 floats */
        {"{" META "," TENSOR("x", "F32", "[1923865,49477,8681,5581]", "[0,4]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "overflow"}, /* 2^62 + 1 floats, 2^64 + 4 bytes */
        {"{" META "," TENSOR("x", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_SHAPE, "more than 8"},
        {"{" META "," TENSOR("x", "F32", "[1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, LIVEDEPTH_OK, NULL},

        {"{" META "," TENSOR("x", "F32", "[2]", "[0,8]") "," TENSOR("y", "F32", "[1]", "[4,8]") "}",
         8, LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "tensor y: overlap"},
        {"{" META "," X "," TENSOR("y", "F32", "[1]", "[0,4]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "overlap"},
        {"{" META "," X "," TENSOR("y", "F32", "[1]", "[8,12]") "}", 12,
         LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "tensor y: hole"},
        {"{" META "," TENSOR("x", "F32", "[1]", "[4,8]") "}", 8, LIVEDEPTH_WEIGHTS_BAD_OFFSETS,
         "hole"},
        {"{" META "," X "}", 5, LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "1 bytes after"},
        {"{" META "}", 1, LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "1 bytes after"},
        {"{" META "," TENSOR("x", "F32", "[1]", "[0,3]") "}", 3, LIVEDEPTH_WEIGHTS_BAD_OFFSETS,
         "x"},
        {"{" META "," TENSOR("x", "F32", "[1]", "[0,8]") "}", 8, LIVEDEPTH_WEIGHTS_BAD_OFFSETS,
         "x"},
        {"{" META "," TENSOR("x", "F16", "[1]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_BAD_OFFSETS,
         "x"},
        {"{" META "," X "," TENSOR("y", "F32", "[1]", "[4,0]") "}", 8,
         LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "tensor y"},
        {"{" META "," TENSOR("x", "F32", "[4]", "[0,16]") ","
         TENSOR("y", "F32", "[13554781,14728389,23100]", "[16,0]") "}", 0,
         LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "tensor y"}, /* 2^64 - 16 bytes: 16 + that wraps to 0 */
        {"{" META "," TENSOR("x", "F32", "[1]", "[0,18446744073709551620]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "x"}, /* 2^64 + 4 */
        {"{" META "," TENSOR("x", "F32", "[1]", "[18446744073709551615,3]") "}", 4,
         LIVEDEPTH_WEIGHTS_BAD_OFFSETS, "x"},
        {"{" META "," TENSOR("x", "F32", "[2]", "[0,8]") "}", 4, LIVEDEPTH_WEIGHTS_TRUNCATED,
         "4 data bytes of 8"},
        {"{" META "," TENSOR("x", "F32", "[1]", "[0,4]") "}", 0, LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},
        {"{" META "," TENSOR("x", "F32", "[16777216,16777216]", "[0,1125899906842624]") "}", 8,
         LIVEDEPTH_WEIGHTS_TRUNCATED, NULL},

        {"{" X "}", 4, LIVEDEPTH_WEIGHTS_BAD_METADATA, "format"},
        {"{\"__metadata__\":{}," X "}", 4, LIVEDEPTH_WEIGHTS_BAD_METADATA, "format"},
        {"{\"__metadata__\":{\"format\":\"livedepth\"}}", 0, LIVEDEPTH_WEIGHTS_BAD_METADATA,
         "format_version"},
        {"{\"__metadata__\":{\"format_version\":\"1\"}}", 0, LIVEDEPTH_WEIGHTS_BAD_METADATA,
         "format"},
        {FORMAT("pt", "1"), 4, LIVEDEPTH_WEIGHTS_BAD_METADATA, "format"},
        {FORMAT("livedepth", "2"), 4, LIVEDEPTH_OK, NULL},
        {FORMAT("livedepth", "0"), 4, LIVEDEPTH_WEIGHTS_VERSION, NULL},
        {FORMAT("livedepth", "3"), 4, LIVEDEPTH_WEIGHTS_VERSION, "format_version"},
        {FORMAT("livedepth", "12"), 4, LIVEDEPTH_WEIGHTS_VERSION, NULL},
        {FORMAT("livedepth", "1.0"), 4, LIVEDEPTH_WEIGHTS_VERSION, NULL},
        {FORMAT("livedepth", ""), 4, LIVEDEPTH_WEIGHTS_VERSION, NULL},
        /* the version first: a later one may know more dtypes */
        {"{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"3\"},"
         TENSOR("x", "F8", "[4]", "[0,4]") "}", 4, LIVEDEPTH_WEIGHTS_VERSION, NULL},
    };
    for (int i = 0; i < COUNT(cases); i++)
        check_header(cases[i].header, cases[i].data_size, cases[i].status, cases[i].hint);
}

/* Row 18, in tensors that are borrowed, copied and widened. */
TEST(non_finite_values)
{
    static const struct {
        const char *header;
        size_t at;
        uint32_t bits;
        int bytes;
        bool bad;
    } cases[] = {
        {"{" META "," TENSOR("x", "F32", "[3]", "[0,12]") "}", 8, 0x7F7FFFFF, 4, false},
        {"{" META "," TENSOR("x", "F32", "[3]", "[0,12]") "}", 8, 0x7F800000, 4, true},
        {"{" META "," TENSOR("x", "F32", "[3]", "[0,12]") "}", 8, 0xFF800000, 4, true},
        {"{" META "," TENSOR("x", "F32", "[3]", "[0,12]") "}", 0, 0x7FC00000, 4, true},
        {"{" META "," TENSOR("x", "F32", "[3]", "[0,12]") "}", 4, 0x7F800001, 4, true},
        {"{" META "," TENSOR("x", "F16", "[6]", "[0,12]") "}", 10, 0x7BFF, 2, false},
        {"{" META "," TENSOR("x", "F16", "[6]", "[0,12]") "}", 10, 0x7C00, 2, true},
        {"{" META "," TENSOR("x", "F16", "[6]", "[0,12]") "}", 0, 0xFC00, 2, true},
        {"{" META "," TENSOR("x", "F16", "[6]", "[0,12]") "}", 2, 0x7E01, 2, true},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        for (int pad = 0; pad < 4; pad++) { /* spaces shift the data to every alignment */
            char header[200], data[12] = {0};
            snprintf(header, sizeof header, "%s%*s", cases[i].header, pad, "");
            memcpy(data + cases[i].at, &cases[i].bits, (size_t)cases[i].bytes);
            struct file file = make_file(header, data, sizeof data);
            check_status(header, file,
                         cases[i].bad ? LIVEDEPTH_WEIGHTS_NON_FINITE : LIVEDEPTH_OK,
                         cases[i].bad ? "tensor x" : NULL);
            free(file.bytes);
        }
    }
}

/* --- limits: the last good value and the first bad one --- */

static char *append(char *at, const char *text)
{
    size_t length = strlen(text);
    memcpy(at, text, length + 1);
    return at + length;
}

TEST(limits)
{
    char *header = malloc((1 << 20) + 100), *at, item[200];
    for (int count = WEIGHTS_MAX_TENSORS; count <= WEIGHTS_MAX_TENSORS + 1; count++) {
        at = append(header, "{" META);
        for (int i = 0; i < count; i++) {
            snprintf(item, sizeof item, "," TENSOR("t%d", "F32", "[1]", "[%d,%d]"), i, 4 * i,
                     4 * i + 4);
            at = append(at, item);
        }
        append(at, "}");
        check_header(header, (size_t)count * 4,
                     count == WEIGHTS_MAX_TENSORS ? LIVEDEPTH_OK : LIVEDEPTH_WEIGHTS_TOO_MANY,
                     NULL);
    }
    for (int count = 128; count <= 129; count++) { /* META has two */
        at = append(header, "{" META);
        at -= 1; /* the brace that ends the metadata */
        for (int i = 2; i < count; i++) {
            snprintf(item, sizeof item, ",\"k%d\":\"\"", i);
            at = append(at, item);
        }
        append(at, "}}");
        check_header(header, 0, count == 128 ? LIVEDEPTH_OK : LIVEDEPTH_WEIGHTS_TOO_MANY, NULL);
    }
    at = append(header, "{\"__metadata__\":{\"x\":\"\""); /* a header bomb within a mebibyte */
    for (int i = 0; i < 100000; i++) {
        snprintf(item, sizeof item, ",\"%x\":\"\"", i);
        at = append(at, item);
    }
    append(at, "}}");
    check_header(header, 0, LIVEDEPTH_WEIGHTS_TOO_MANY, "metadata");

    for (int length = WEIGHTS_MAX_NAME; length <= WEIGHTS_MAX_NAME + 1; length++) {
        at = append(header, "{" META ",\"");
        memset(at, 'n', (size_t)length);
        append(at + length, "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
        check_header(header, 4, length == WEIGHTS_MAX_NAME ? LIVEDEPTH_OK
                                                           : LIVEDEPTH_WEIGHTS_BAD_HEADER, NULL);
    }

    at = append(header, "{" META "}");
    memset(at, ' ', (size_t)(header + WEIGHTS_MAX_HEADER + 1 - at));
    header[WEIGHTS_MAX_HEADER] = 0;
    check_header(header, 0, LIVEDEPTH_OK, NULL);
    header[WEIGHTS_MAX_HEADER] = ' ';
    header[WEIGHTS_MAX_HEADER + 1] = 0;
    check_header(header, 0, LIVEDEPTH_WEIGHTS_HEADER_TOO_LARGE, NULL);
    free(header);
}

/* --- damage --- */

/* Bytes, whose companion lies unaligned behind them. */
static struct file bytes_file(void)
{
    static const unsigned char data[] = {1, 2, 3, 0xFF, 5,          /* x, a.x */
                                         0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, /* 1, 2 */
                                         0, 0, 0x80, 0x3F};         /* 1 */
    return make_file("{" META "," TENSOR("a.x", "I8", "[1,1,1,2]", "[3,5]") ","
                     TENSOR("a.x.scale", "F32", "[2]", "[5,13]") ","
                     TENSOR("x", "I8", "[1,3]", "[0,3]") ","
                     TENSOR("x.scale", "F32", "[1]", "[13,17]") "}", data, sizeof data);
}

static void check_truncations(struct file file)
{
    CHECK(open_and_close(file) == LIVEDEPTH_OK);
    for (size_t size = 0; size < file.size; size++) {
        struct file cut = {malloc(size ? size : 1), size};
        memcpy(cut.bytes, file.bytes, size);
        CHECK(open_and_close(cut) == LIVEDEPTH_WEIGHTS_TRUNCATED);
        free(cut.bytes);
    }
    free(file.bytes);
}

TEST(every_truncation_is_an_error)
{
    check_truncations(small_file());
    check_truncations(bytes_file());
}

static void check_changes(struct file file)
{
    uint64_t length;
    int accepted = 0;
    memcpy(&length, file.bytes, 8);
    for (size_t i = 0; i < 8 + (size_t)length; i++) {
        unsigned char original = file.bytes[i];
        for (int change = 1; change < 256; change++) {
            file.bytes[i] = (unsigned char)(original ^ change);
            enum livedepth_status status = open_and_close(file);
            accepted += status == LIVEDEPTH_OK;
            CHECK(status == LIVEDEPTH_OK || (status >= LIVEDEPTH_WEIGHTS_TRUNCATED &&
                                             status <= LIVEDEPTH_WEIGHTS_VERSION));
        }
        file.bytes[i] = original;
    }
    CHECK(accepted > 0); /* another letter in a name is another good file */
    CHECK(open_and_close(file) == LIVEDEPTH_OK);
    free(file.bytes);
}

/* Each byte of the length and the header takes each other value: a typed answer, no crash. */
TEST(every_changed_byte_has_an_answer)
{
    check_changes(small_file());
    check_changes(bytes_file());
}

int main(void)
{
    RUN(small_file_is_read);
    RUN(parts_know_their_own);
    RUN(empty_tables_are_fine);
    RUN(halves_widen_exactly);
    RUN(bytes_widen_by_channel);
    RUN(bytes_need_their_scales);
    RUN(versions);
    RUN(raw_bytes);
    RUN(bad_json);
    RUN(bad_contents);
    RUN(non_finite_values);
    RUN(limits);
    RUN(every_truncation_is_an_error);
    RUN(every_changed_byte_has_an_answer);
    return test_end();
}
