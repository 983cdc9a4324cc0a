/* A Dockerfile's bytes as lines, one for each instruction: directives at its head (`# escape=`),
 * comments left out, continuations joined, heredocs behind the line that begins them.
 *
 * What BuildKit does with it, and so what stands here: a comment or an empty line inside a
 * continuation ends nothing; only the first line of an instruction loses the blanks before it; a
 * line that ends in two escapes is not continued; the mark of a byte order at the head is skipped;
 * CRLF is a line's end. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *next_line(struct dockerfile_reader *r, size_t *n)
{
    const char *line = r->at;

    if (r->failed || line >= r->end)
        return NULL;

    const char *stop = memchr(line, '\n', (size_t)(r->end - line));
    *n = stop ? (size_t)(stop - line) + 1 : (size_t)(r->end - line);
    r->at += *n;
    r->line++;

    if (*n > LIMIT_DOCKERFILE_LINE_BYTES) {
        r->failed = true;
        dockerfile_say(
            r->f,
            DOCKERFILE_ERROR,
            r->line,
            "long-line",
            "Split it with continuations, or put the text into a file that is copied.",
            "the line has %zu bytes, and a builder reads %zu",
            *n,
            LIMIT_DOCKERFILE_LINE_BYTES);
        return NULL;
    }

    return line;
}

static size_t without_newline(const char *line, size_t n)
{
    while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        n--;
    return n;
}

static bool set_escape(struct dockerfile_reader *r, const char *value)
{
    if (strcmp(value, "\\") == 0 || strcmp(value, "`") == 0) {
        r->escape = *value;
        return true;
    }

    dockerfile_say(
        r->f,
        DOCKERFILE_ERROR,
        r->line,
        "bad-escape",
        "Write # escape=` or # escape=\\.",
        "the escape character \"%s\" is neither ` nor \\",
        value);

    return false;
}

/* "# name = value" at the head of the file, where it is one that counts. */
static void read_directive(struct dockerfile_reader *r, const char *line)
{
    if (r->directives_done)
        return;
    r->directives_done = true;
    if (*line != '#')
        return;

    const char *name = dockerfile_skip_blanks(line + 1);
    size_t n = 0;
    while (isalnum((unsigned char)name[n]))
        n++;
    const char *equals = dockerfile_skip_blanks(name + n);
    const char *value = *equals == '=' ? dockerfile_trim(r->f->arena, equals + 1) : "";
    if (!n || !isalpha((unsigned char)*name) || !*value)
        return;

    const struct {
        const char *name;
        bool *seen;
    } known[] = {
        {"syntax", &r->seen_syntax}, {"escape", &r->seen_escape}, {"check", &r->seen_check}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strlen(known[i].name) != n || strncasecmp(known[i].name, name, n) != 0)
            continue;

        r->directives_done = false;
        if (*known[i].seen) {
            r->failed = true;
            dockerfile_say(
                r->f,
                DOCKERFILE_ERROR,
                r->line,
                "repeated-directive",
                "Remove one of them.",
                "the directive %s stands here a second time",
                known[i].name);
        } else if (i == 1 && !set_escape(r, value)) {
            r->failed = true;
        }
        *known[i].seen = true;
        return;
    }
}

/* Takes the escape off that says that the line goes on. */
static bool goes_on(const struct dockerfile_reader *r, const char *text, size_t *n)
{
    size_t end = *n;

    while (end && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    if (!end || text[end - 1] != r->escape || (end > 1 && text[end - 2] == r->escape))
        return false;

    *n = end - 1;
    return true;
}

/* The lines after the first, for as long as it goes on. */
static void join(struct dockerfile_reader *r, struct str *text)
{
    bool more = true;
    size_t n;

    for (const char *line; more && (line = next_line(r, &n));) {
        n = without_newline(line, n);

        const char *own = arena_strndup(r->f->arena, line, n);
        const char *start = dockerfile_skip_blanks(own);

        if (!*start || *start == '#')
            continue;
        more = goes_on(r, own, &n);
        str_append_bytes(text, own, n);
    }
}

/* Without the tabs before it where the heredoc asks for that. */
static bool ends_heredoc(const struct dockerfile_heredoc *h, const char *line, size_t n)
{
    n = without_newline(line, n);
    while (h->chomp && n && *line == '\t') {
        line++;
        n--;
    }

    return n == strlen(h->name) && memcmp(line, h->name, n) == 0;
}

static void read_heredoc(struct dockerfile_reader *r, struct dockerfile_heredoc *h, unsigned began)
{
    const char *from = r->at;
    size_t n;

    for (const char *line; (line = next_line(r, &n));) {
        if (!ends_heredoc(h, line, n))
            continue;
        h->content = arena_strndup(r->f->arena, from, (size_t)(line - from));
        return;
    }

    if (!r->failed)
        dockerfile_say(
            r->f,
            DOCKERFILE_ERROR,
            began,
            "unterminated-heredoc",
            "End it with a line that holds its name and nothing else, without blanks before it.",
            "the heredoc <<%s that begins here has no end",
            h->name);
    r->failed = true;
}

void dockerfile_reader_init(
    struct dockerfile_reader *r, const char *text, size_t n, struct dockerfile_findings *f)
{
    *r = (struct dockerfile_reader){.at = text, .end = text + n, .escape = '\\', .f = f};
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r->at += 3;
}

bool dockerfile_reader_next(struct dockerfile_reader *r, struct dockerfile_line *out)
{
    struct arena *a = r->f->arena;
    size_t n;

    for (const char *line; (line = next_line(r, &n));) {
        const char *own = arena_strndup(a, line, without_newline(line, n));
        const char *start = dockerfile_skip_blanks(own);

        read_directive(r, start);
        n = *start == '#' ? 0 : strlen(start);

        cleanup_str struct str text = STR_INIT;
        unsigned began = r->line;
        bool more = goes_on(r, start, &n);
        if (!more && !n)
            continue;

        str_append_bytes(&text, start, n);
        if (more)
            join(r, &text);
        if (r->failed)
            return false;

        *out = (struct dockerfile_line){.text = arena_strdup(a, str_get(&text)), .line = began};
        if (dockerfile_takes_heredocs(a, out->text, r->escape) &&
            dockerfile_heredocs(a, out->text, &out->heredocs, &out->heredoc_count) < 0)
            dockerfile_say(
                r->f,
                DOCKERFILE_ERROR,
                began,
                "bad-heredoc",
                "Write <<EOF, or <<\"EOF\" to leave its variables alone.",
                "the heredoc's name has quotes that do not end");
        for (size_t i = 0; i < out->heredoc_count && !r->failed; i++)
            read_heredoc(r, &out->heredocs[i], began);
        out->end_line = r->line;

        return !r->failed;
    }

    return false;
}
