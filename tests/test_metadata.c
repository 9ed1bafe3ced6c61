/* test_metadata.c - numbers, words and texts of a weight file's metadata. */
// clang-format off: the rows of texts are laid out by hand
#include "metadata.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "weight_file.h"

/* --- numbers --- */

/* A file whose metadata has key "n" with the given text. */
static struct file text_file(const char *text)
{
    char header[300];
    snprintf(header, sizeof header,
             "{\"__metadata__\":{\"format\":\"livedepth\",\"format_version\":\"1\",\"n\":\"%s\"}}",
             text);
    return make_file(header, NULL, 0);
}

static void check_numbers(void)
{
    static const struct { const char *text; float value; } good[] = {
        {"0", 0}, {"1", 1}, {"-1", -1}, {"0.6", 0.6f}, {"127.5", 127.5f}, {"1e-3", 1e-3f},
        {"2.5E+2", 250}, {"-0.25e1", -2.5f}, {"0.1", 0.1f}, {"3.4028234e38", 3.4028234e38f},
        {"0.29999999999999998890", 0.3f}, {"16777217.000000000000000000000001", 16777216},
        {"123456789012345678901234567890e-29", 1.23456789f}, {"1e-300", 0},
        {"0.000000000000000000000000000000000000000000000000000000001e57", 1},
        {"100000000000000000000000000000000000000000e-41", 1},
        {"1.17549435e-38", 1.17549435e-38f}, {"0.30000001192092896", 0.3f},
    };
    static const char *const bad[] = {
        "", " ", "-", "+1", ".5", "5.", "1.e3", "1e", "1e+", "1e1.5", "0x10", "1,5", "1 ", " 1",
        "1x", "nan", "NaN", "inf", "-Infinity", "1e301", "1e99999999999999999999", "--1", "01",
        "-01", "1_000", "\\u0661", "1e39", "-1e39",
        "00000000000000000000000000000000000000000000000000000000000000001",
        "0.00000000000000000000000000000000000000000000000000000000000000001",
    };
    for (int i = 0; i < COUNT(good); i++) {
        struct file file = text_file(good[i].text);
        struct weights *weights = NULL;
        float value = -77;
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        CHECK(metadata_float(weights_whole(weights), "n", -3.4028235e38f, 3.4028235e38f, &value) ==
              LIVEDEPTH_OK);
        if (value != good[i].value) {
            failures++;
            printf("%s: %.9g, not %.9g\n", good[i].text, (double)value, (double)good[i].value);
        }
        weights_close(weights);
        free(file.bytes);
    }
    for (int i = 0; i < COUNT(bad); i++) {
        struct file file = text_file(bad[i]);
        struct weights *weights = NULL;
        float value = -77;
        int whole = -77;
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        enum livedepth_status status =
            metadata_float(weights_whole(weights), "n", -3.4028235e38f, 3.4028235e38f, &value);
        if (status != LIVEDEPTH_WEIGHTS_BAD_METADATA || value != -77) {
            failures++;
            printf("\"%s\" is taken for %g\n", bad[i], (double)value);
        }
        CHECK(metadata_int(weights_whole(weights), "n", INT32_MIN, INT32_MAX, &whole) ==
              LIVEDEPTH_WEIGHTS_BAD_METADATA);
        CHECK(whole == -77);
        weights_close(weights);
        free(file.bytes);
    }
}

TEST(numbers_are_strict)
{
    check_numbers();
}

TEST(numbers_know_no_locale)
{
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    for (int i = 0; i < COUNT(commas); i++)
        if (setlocale(LC_ALL, commas[i])) break;
    check_numbers();
    setlocale(LC_ALL, "C");
}

TEST(numbers_have_ranges)
{
    static const struct { const char *text; int min, max; bool fits, whole; } cases[] = {
        {"5", 5, 5, true, true},      {"5", 6, 9, false, true},     {"5", 0, 4, false, true},
        {"0.5", 0, 1, true, false},   {"-0.001", 0, 1, false, false}, {"1.001", 0, 1, false, false},
        {"2147483647", 0, INT32_MAX, true, true}, {"-2147483648", INT32_MIN, 0, true, true},
        {"2147483648", 0, INT32_MAX, true, false}, {"4294967301", 0, 10, false, false},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        struct file file = text_file(cases[i].text);
        struct weights *weights = NULL;
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        struct weights_part part = weights_whole(weights);
        float value = -77;
        int whole = -77;
        enum livedepth_status status =
            metadata_float(part, "n", (float)cases[i].min, (float)cases[i].max, &value);
        CHECK(status == (cases[i].fits ? LIVEDEPTH_OK : LIVEDEPTH_WEIGHTS_BAD_METADATA));
        CHECK((value == -77) == !cases[i].fits);
        status = metadata_int(part, "n", cases[i].min, cases[i].max, &whole);
        CHECK(status == (cases[i].fits && cases[i].whole ? LIVEDEPTH_OK
                                                         : LIVEDEPTH_WEIGHTS_BAD_METADATA));
        CHECK((whole == -77) == !(cases[i].fits && cases[i].whole));
        CHECK(metadata_int(part, "missing", 0, 1, &whole) == LIVEDEPTH_WEIGHTS_BAD_METADATA &&
              strstr(livedepth_error_detail(), "missing"));
        weights_close(weights);
        free(file.bytes);
    }
}

/* --- texts --- */

static void check_words(const char *text, enum livedepth_status expected, int expected_count)
{
    enum { MAX = 3 };
    struct file file = text_file(text);
    struct weights *weights = NULL;
    char words[MAX][METADATA_WORD];
    int count = -1;
    CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
    enum livedepth_status status = metadata_words(weights_whole(weights), "n", MAX, words, &count);
    bool right = status == expected;
    if (status == LIVEDEPTH_OK) {
        char joined[3 * METADATA_WORD] = "";
        for (int i = 0; i < count; i++) strcat(strcat(joined, i ? " " : ""), words[i]);
        right = right && count == expected_count && !strcmp(joined, text);
    } else {
        right = right && strstr(livedepth_error_detail(), "metadata n ");
    }
    if (!right) {
        failures++;
        printf("\"%s\": %s, %d words\n", text, livedepth_status_text(status), count);
    }
    weights_close(weights);
    free(file.bytes);
}

TEST(words_are_strict)
{
    static const struct { const char *text; int count; } good[] = {
        {"depth", 1}, {"depth near wide", 3}, {"a b", 2}, {"a1_ b_2", 2}, {"a ab abc", 3},
        {"abcdefghijklmno", 1}, {"z0_9", 1},
    };
    static const char *const bad[] = {
        "", " ", "a ", " a", "a  b", "a,b", "a\\tb", "A", "aB", "1a", "_a", "a b c d", "a a",
        "a b a", "a-b", "~a", "abcdefghijklmnop", "a abcdefghijklmnop", "\\u00e9", "a\\n", "a.b",
    };
    for (int i = 0; i < COUNT(good); i++) check_words(good[i].text, LIVEDEPTH_OK, good[i].count);
    for (int i = 0; i < COUNT(bad); i++)
        check_words(bad[i], LIVEDEPTH_WEIGHTS_BAD_METADATA, 0);
}

TEST(texts_and_choices)
{
    static const struct { const char *text; enum livedepth_status text_is, choice_is; bool yes; }
    cases[] = {
        {"no", LIVEDEPTH_OK, LIVEDEPTH_OK, false},
        {"yes", LIVEDEPTH_OK, LIVEDEPTH_OK, true},
        {"", LIVEDEPTH_OK, LIVEDEPTH_WEIGHTS_BAD_METADATA, false},
        {"ye", LIVEDEPTH_OK, LIVEDEPTH_WEIGHTS_BAD_METADATA, false},
        {"yess", LIVEDEPTH_WEIGHTS_BAD_METADATA, LIVEDEPTH_WEIGHTS_BAD_METADATA, false},
    };
    char text[4];
    int count;
    bool yes = true;
    for (int i = 0; i < COUNT(cases); i++) {
        struct file file = text_file(cases[i].text);
        struct weights *weights = NULL;
        CHECK(weights_open(&weights, file.bytes, file.size) == LIVEDEPTH_OK);
        struct weights_part part = weights_whole(weights), none = {weights, "far."};
        CHECK(metadata_text(part, "n", text, sizeof text) == cases[i].text_is);
        CHECK(cases[i].text_is ? strstr(livedepth_error_detail(), "metadata n ") != NULL
                               : !strcmp(text, cases[i].text));
        CHECK(metadata_choice(part, "n", "no", "yes", &yes) == cases[i].choice_is);
        CHECK(cases[i].choice_is ? strstr(livedepth_error_detail(), "metadata n is neither") != NULL
                                 : yes == cases[i].yes);
        yes = true;
        CHECK(metadata_choice(none, "n", "no", "yes", &yes) == LIVEDEPTH_OK && !yes);
        CHECK(metadata_text(none, "n", text, sizeof text) == LIVEDEPTH_WEIGHTS_BAD_METADATA &&
              strstr(livedepth_error_detail(), "far.n is missing"));
        CHECK(metadata_words(none, "n", 1, &(char[METADATA_WORD]){ 0 }, &count) ==
                  LIVEDEPTH_WEIGHTS_BAD_METADATA &&
              strstr(livedepth_error_detail(), "far.n is missing"));
        weights_close(weights);
        free(file.bytes);
    }
}

int main(void)
{
    RUN(numbers_are_strict);
    RUN(numbers_know_no_locale);
    RUN(numbers_have_ranges);
    RUN(words_are_strict);
    RUN(texts_and_choices);
    return test_end();
}
