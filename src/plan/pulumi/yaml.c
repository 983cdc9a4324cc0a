/* JSON values as block YAML that a person can read and edit. Text stands plain only where no YAML
 * reader could take it for something else: readers differ (1.1 takes "no" for false), so what they
 * might take for a word, a number or a mark is quoted. Members stand in the order of the value. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/pulumi/parts.h"
#include <ctype.h>
#include <string.h>

static bool reserved(const char *s)
{
    static const char *const words[] = {
        "true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"};
    cleanup_free char *lower = text_lower(s);

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(lower, words[i]) == 0)
            return true;
    return false;
}

/* A letter, '/' or "${" first, then nothing that YAML reads in the middle of a plain scalar. */
static bool plain(const char *s)
{
    if (!*s || reserved(s))
        return false;
    if (!isalpha((unsigned char)*s) && *s != '/' && strncmp(s, "${", 2) != 0)
        return false;

    for (const char *p = s; *p; p++) {
        bool inner_colon = *p == ':' && p[1] && p[1] != ' ';

        if (!isalnum((unsigned char)*p) && !strchr("-_./${}@+()", *p) && !inner_colon)
            return false;
    }
    return true;
}

static void scalar_text(struct str *out, const char *s)
{
    if (plain(s)) {
        str_append(out, s);
        return;
    }

    str_append(out, "\"");
    for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_appendf(out, "\\%c", *p);
        else if (*p == '\n')
            str_append(out, "\\n");
        else if (*p < 0x20 || *p == 0x7f)
            str_appendf(out, "\\x%02x", *p);
        else
            str_append_char(out, (char)*p);
    }
    str_append(out, "\"");
}

static void indent(struct str *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        str_append(out, "  ");
}

static bool is_block(const json_t *j)
{
    return (json_is_object(j) && json_object_size(j)) || (json_is_array(j) && json_array_size(j));
}

static void node(struct str *out, const json_t *j, unsigned depth, bool inline_first);

static const char *word(const json_t *j)
{
    if (json_is_boolean(j))
        return json_is_true(j) ? "true" : "false";
    if (json_is_object(j))
        return "{}";
    return json_is_array(j) ? "[]" : "null";
}

static void scalar(struct str *out, const json_t *j)
{
    if (json_is_string(j)) {
        scalar_text(out, json_string_value(j));
    } else if (json_is_integer(j)) {
        str_appendf(out, "%lld", (long long)json_integer_value(j));
    } else if (json_is_real(j)) {
        cleanup_free char *text = json_dumps(j, JSON_ENCODE_ANY);

        str_append(out, text);
    } else {
        str_append(out, word(j));
    }
}

static void member(struct str *out, const char *key, const json_t *value, unsigned depth)
{
    scalar_text(out, key);
    str_append(out, ":");
    if (is_block(value)) {
        str_append(out, "\n");
        node(out, value, depth + 1, false);
    } else {
        str_append(out, " ");
        scalar(out, value);
        str_append(out, "\n");
    }
}

/* inline_first: the first line is already indented, after "- ". */
static void node(struct str *out, const json_t *j, unsigned depth, bool inline_first)
{
    if (json_is_object(j)) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)j, key, value) {
            if (!inline_first)
                indent(out, depth);
            inline_first = false;
            member(out, key, value, depth);
        }
        return;
    }

    for (size_t i = 0; i < json_array_size(j); i++) {
        const json_t *item = json_array_get(j, i);

        if (!inline_first)
            indent(out, depth);
        inline_first = false;
        str_append(out, "- ");
        if (is_block(item)) {
            node(out, item, depth + 1, true);
        } else {
            scalar(out, item);
            str_append(out, "\n");
        }
    }
}

char *pulumi_yaml(const json_t *j)
{
    struct str out = STR_INIT;

    if (is_block(j))
        node(&out, j, 0, false);
    return str_take(&out);
}
