/* Weight files: good ones value by value, and the limits. */
// clang-format off: the rows of JSON are laid out by hand
#include "small_weights.h"

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

int main(void)
{
    RUN(small_file_is_read);
    RUN(parts_know_their_own);
    RUN(empty_tables_are_fine);
    RUN(halves_widen_exactly);
    RUN(bytes_widen_by_channel);
    RUN(bytes_need_their_scales);
    RUN(versions);
    RUN(limits);
    return test_end();
}
