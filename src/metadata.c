/* metadata.c - see metadata.h. */
#include "metadata.h"
#include "json.h"
#include <math.h>
#include <string.h>

static enum livedepth_status find_text(struct weights_part part, const char *key, const char **out)
{
    *out = weights_metadata(part, key);
    return *out
               ? LIVEDEPTH_OK
               : fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s is missing", part.prefix, key);
}

static enum livedepth_status find_number(struct weights_part part, const char *key, double *out)
{
    const char *text;
    TRY(find_text(part, key, &text));
    if (!json_number(text, out))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s is not a number", part.prefix,
                    key);
    return LIVEDEPTH_OK;
}

enum livedepth_status metadata_int(struct weights_part part, const char *key, int min, int max,
                                   int *out)
{
    double value;
    TRY(find_number(part, key, &value));
    if (!(value >= min && value <= max) || value != floor(value))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s is no integer in %d..%d",
                    part.prefix, key, min, max);
    *out = (int)value;
    return LIVEDEPTH_OK;
}

enum livedepth_status metadata_float(struct weights_part part, const char *key, float min,
                                     float max, float *out)
{
    double number;
    TRY(find_number(part, key, &number));
    float value = (float)number;
    if (!(value >= min && value <= max))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s is not in %g..%g", part.prefix,
                    key, (double)min, (double)max);
    *out = value;
    return LIVEDEPTH_OK;
}

enum livedepth_status metadata_text(struct weights_part part, const char *key, char *out,
                                    size_t size)
{
    const char *text;
    TRY(find_text(part, key, &text));
    if (strlen(text) >= size)
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s is longer than %d bytes",
                    part.prefix, key, (int)size - 1);
    strcpy(out, text);
    return LIVEDEPTH_OK;
}

enum livedepth_status metadata_choice(struct weights_part part, const char *key, const char *first,
                                      const char *second, bool *out)
{
    const char *text = weights_metadata(part, key);
    if (text && strcmp(text, first) && strcmp(text, second))
        return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s is neither %s nor %s",
                    part.prefix, key, first, second);
    *out = text && !strcmp(text, second);
    return LIVEDEPTH_OK;
}

/* The word at the text's beginning: its length, or 0 if there is none of at most 15 characters. */
static size_t word_length(const char *text)
{
    size_t length = 0;
    if (*text < 'a' || *text > 'z') return 0;
    while (text[length] == '_' || (text[length] >= 'a' && text[length] <= 'z') ||
           (text[length] >= '0' && text[length] <= '9'))
        length++;
    return length < METADATA_WORD ? length : 0;
}

enum livedepth_status metadata_words(struct weights_part part, const char *key, int max,
                                     char words[][METADATA_WORD], int *count)
{
    const char *text;
    TRY(find_text(part, key, &text));
    *count = 0;
    for (;;) {
        const size_t length = word_length(text);
        if (!length || (text[length] && text[length] != ' '))
            return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA,
                        "metadata %s%s is no list of words of a-z, 0-9 and _", part.prefix, key);
        if (*count == max)
            return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s has more than %d words",
                        part.prefix, key, max);
        char *word = memcpy(words[*count], text, length);
        word[length] = 0;
        for (int i = 0; i < *count; i++)
            if (!strcmp(words[i], word))
                return fail(LIVEDEPTH_WEIGHTS_BAD_METADATA, "metadata %s%s has %s twice",
                            part.prefix, key, word);
        ++*count;
        if (!text[length]) return LIVEDEPTH_OK;
        text += length + 1;
    }
}
