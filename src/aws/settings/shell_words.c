/* Words as Python's shlex.split() finds them: shell_words.h says what for.
 *
 * Single quotes keep everything, double quotes all but a backslash before a quote or a backslash;
 * outside a backslash keeps the next letter. Pieces that touch are one word. Nothing is expanded.
 */
#include "aws/settings/shell_words.h"
#include "base/str.h"
#include "base/vec.h"
#include <errno.h>
#include <string.h>

void shell_words_free(char **words)
{
    for (char **w = words; w && *w; w++)
        free(*w);
    free(words);
}

/* Reads one word that starts at *p; moves *p behind it. */
static int read_word(const char **p, struct str *out, struct error *err)
{
    char quote = '\0';

    for (; **p; (*p)++) {
        char c = **p;

        if (quote == '\'' || (quote && c != '\\')) {
            if (c == quote)
                quote = '\0';
            else
                str_append_char(out, c);
        } else if (c == '\\') {
            char next = (*p)[1];

            if (!next)
                return error_raise_errno(err, ERR_USAGE, EINVAL, "a backslash stands at the end");
            /* in double quotes only the quote and the backslash itself can be escaped */
            if (quote && next != '"' && next != '\\')
                str_append_char(out, '\\');
            str_append_char(out, next);
            (*p)++;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (strchr(" \t\r\n", c)) {
            break;
        } else {
            str_append_char(out, c);
        }
    }

    return quote ? error_raise_errno(err, ERR_USAGE, EINVAL, "a quotation mark is never closed")
                 : 0;
}

int shell_words_split(const char *text, char ***words, size_t *count, struct error *err)
{
    VEC(char *) list = {0};

    for (const char *p = text; *p;) {
        struct str word = STR_INIT;
        int rc;

        if (strchr(" \t\r\n", *p)) {
            p++;
            continue;
        }
        rc = read_word(&p, &word, err);
        if (rc < 0) {
            str_done(&word);
            vec_push(&list, NULL);
            shell_words_free(list.items);
            return rc;
        }
        vec_push(&list, str_take(&word));
    }

    if (count)
        *count = list.len;
    vec_push(&list, NULL);
    *words = list.items;

    return 0;
}
