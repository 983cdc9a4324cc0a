/* Heredocs: `<<EOF`, `<<-EOF` (leading tabs go), `3<<EOF` (another descriptor), `<<"EOF"` (nothing
 * in it is expanded). A word of the line is one only when nothing but digits stands before it:
 * `cat<<EOF` is left to the shell. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <errno.h>
#include <string.h>

static size_t quotes_in(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\'' || *text == '"';
    return n;
}

/* Whether the word has quotes shows when it is read with them and without. */
int dockerfile_heredoc_of(
    struct arena *a, const char *word, bool *is, struct dockerfile_heredoc *out)
{
    struct dockerfile_expand e = {.escape = '\\', .keep_unset = true};
    struct dockerfile_expanded bare, quoted;
    const char *problem = NULL;
    const char *p = word + strspn(word, "0123456789");

    *is = false;
    if (strncmp(p, "<<", 2) != 0)
        return 0;
    p += 2;

    bool chomp = *p == '-';
    p += chomp;
    p += strspn(p, "\t\n\f\r ");
    if (!*p || strchr(p, '<'))
        return 0;

    if (dockerfile_expand(a, &e, p, &bare, &problem) < 0)
        return -EINVAL;
    if (bare.words.len != 1)
        return 0;
    e.raw_quotes = true;
    if (dockerfile_expand(a, &e, p, &quoted, &problem) < 0 || quoted.words.len != 1)
        return -EINVAL;

    *is = true;
    *out = (struct dockerfile_heredoc){
        .name = bare.words.items[0],
        .chomp = chomp,
        .expand = quotes_in(bare.words.items[0]) == quotes_in(quoted.words.items[0]),
        .content = ""};

    return 0;
}

/* A line whose quotes do not end has none: the shell will say so. */
int dockerfile_heredocs(
    struct arena *a, const char *line, struct dockerfile_heredoc **out, size_t *count)
{
    const struct dockerfile_expand e = {
        .escape = '\\', .raw_quotes = true, .raw_escapes = true, .keep_unset = true};
    struct dockerfile_expanded words;
    const char *problem = NULL;

    *count = 0;
    if (!strstr(line, "<<") || dockerfile_expand(a, &e, line, &words, &problem) < 0)
        return 0;

    *out = arena_array(a, struct dockerfile_heredoc, words.words.len + 1);
    for (size_t i = 0; i < words.words.len; i++) {
        bool is = false;

        if (dockerfile_heredoc_of(a, words.words.items[i], &is, &(*out)[*count]) < 0)
            return -EINVAL;
        *count += is;
    }

    return 0;
}
