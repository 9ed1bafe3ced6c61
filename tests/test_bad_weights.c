/* Weight files: every bad one of docs/errors.md, every truncation and every changed byte. */
// clang-format off: the rows of JSON are laid out by hand
#include "small_weights.h"

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
        "{\"__metadata__\":{\"a\":\"\\ud83d",
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
    RUN(raw_bytes);
    RUN(bad_json);
    RUN(bad_contents);
    RUN(non_finite_values);
    RUN(every_truncation_is_an_error);
    RUN(every_changed_byte_has_an_answer);
    return test_end();
}
