/* The builder logs instructions as they are written, with lines that go on joined; it does not say
 * where they stand. So they are looked for by their text, blanks aside: only one that is found once
 * (in its stage) is told. A file that was changed in between has another text, and nothing is told.
 *
 * Reads no more of a Dockerfile than this needs: comments, lines that go on (`# escape=`), bodies
 * of heredocs. Whether it is a good one has been asked before. */
#include "engine/build/step.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MARKS_MAX 8 /* heredocs of one instruction */

static const char *const NAMES[] = {
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
    "FROM",
    "ONBUILD",
};

/* ---- the log ---- */

static const char *info_of(const char *line)
{
    const char *text = strstr(line, "] ");

    return text_starts(line, "INFO[") && text ? text + strlen("] ") : NULL;
}

static bool is_instruction(const char *text)
{
    size_t n = strcspn(text, " \t");

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (strlen(NAMES[i]) == n && strncasecmp(NAMES[i], text, n) == 0)
            return text[n] != '\0';
    return false;
}

const char *build_step_of(const char *log_line)
{
    const char *text = info_of(log_line);

    return text && is_instruction(text) ? text : NULL;
}

int build_stage_of(const char *log_line)
{
    const char *text = info_of(log_line);
    const char *index =
        text && text_starts(text, "Building stage ") ? strstr(text, "[idx: '") : NULL;

    return index ? (int)strtol(index + strlen("[idx: '"), NULL, 10) : -1;
}

/* ---- the file ---- */

struct reader {
    const char *at, *end;
    unsigned line; /* of `at`, from 1 */
    char escape;
    struct str text; /* of the instruction, one blank between words */
    char *marks[MARKS_MAX];
    size_t mark_count;
};

/* The next line without its end; false when there is none. */
static bool next_line(struct reader *r, const char **line, size_t *n)
{
    if (r->at >= r->end)
        return false;

    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    *line = r->at;
    *n = (size_t)((stop ? stop : r->end) - r->at);
    r->at = stop ? stop + 1 : r->end;
    r->line++;
    while (*n > 0 && isspace((unsigned char)(*line)[*n - 1]))
        (*n)--;
    while (*n > 0 && isspace((unsigned char)**line))
        (*line)++, (*n)--;
    return true;
}

static void add_words(struct str *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool blank = isspace((unsigned char)text[i]);

        if (!blank && (to->len == 0 || i == 0 || isspace((unsigned char)text[i - 1])) && to->len)
            str_append(to, " ");
        if (!blank)
            str_append_char(to, text[i]);
    }
}

/* "<<EOF", "<<-'EOF'": what ends each body. */
static void find_marks(struct reader *r)
{
    const char *p = str_get(&r->text);

    while ((p = strstr(p, "<<")) && r->mark_count < MARKS_MAX) {
        p += 2;
        p += *p == '-';
        p += *p == '"' || *p == '\'';
        size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        if (n > 0)
            r->marks[r->mark_count++] = xstrndup(p, n);
    }
}

static void skip_bodies(struct reader *r)
{
    const char *line;
    size_t n;

    for (size_t i = 0; i < r->mark_count; i++) {
        while (next_line(r, &line, &n))
            if (strlen(r->marks[i]) == n && memcmp(line, r->marks[i], n) == 0)
                break;
        free(r->marks[i]);
    }
    r->mark_count = 0;
}

/* `# escape=`, at the head of the file. */
static void read_comment(struct reader *r, const char *line, size_t n)
{
    cleanup_free char *text = xstrndup(line, n);
    const char *value = strcasestr(text, "escape=");

    if (value && value[strlen("escape=")] == '`')
        r->escape = '`';
}

/* One instruction: its text, and the line on which it begins. */
static bool next_instruction(struct reader *r, unsigned *begins)
{
    const char *line;
    size_t n;

    str_clear(&r->text);
    while (next_line(r, &line, &n)) {
        bool comment = n > 0 && *line == '#';

        if (comment)
            read_comment(r, line, n);
        if (comment || n == 0)
            continue;
        if (r->text.len == 0)
            *begins = r->line;

        bool goes_on = line[n - 1] == r->escape;
        add_words(&r->text, line, n - goes_on);
        if (!goes_on)
            break;
    }

    if (r->text.len &&
        (text_starts(str_get(&r->text), "RUN") || text_starts(str_get(&r->text), "COPY") ||
         text_starts(str_get(&r->text), "ADD")))
        find_marks(r);
    skip_bodies(r);
    return r->text.len > 0;
}

unsigned build_step_line(const char *dockerfile, size_t n, int stage, const char *step)
{
    struct reader r = {.at = dockerfile, .end = dockerfile + n, .escape = '\\'};
    cleanup_str struct str wanted = STR_INIT;
    unsigned begins = 0, found = 0, found_in_stage = 0, all = 0, in_stage = 0;
    int at_stage = -1;

    add_words(&wanted, step, strlen(step));
    while (next_instruction(&r, &begins)) {
        at_stage += strncasecmp(str_get(&r.text), "FROM ", 5) == 0;
        if (!text_eq(str_get(&r.text), str_get(&wanted)))
            continue;

        all++;
        found = begins;
        in_stage += at_stage == stage;
        if (at_stage == stage)
            found_in_stage = begins;
    }
    str_done(&r.text);

    if (in_stage == 1)
        return found_in_stage;
    return all == 1 ? found : 0;
}
