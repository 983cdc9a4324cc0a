/* Additional contexts in a Dockerfile for a builder that knows stages and images only: each becomes
 * a stage of its own before the first FROM, and what names it names that stage.
 *
 *   FROM scratch AS shared        a folder of the archive: beside the context, so by ".."
 *   COPY ../contexts/0 /
 *   FROM alpine:3.20 AS base      an image
 *
 * A context whose name is a stage's name hides that stage, as in BuildKit; one that is called as no
 * stage can be, an image's name say, or as a stage of the file, gets another name, and FROM,
 * COPY --from and RUN --mount=…,from= are changed to that. Stages that are named by number move up.
 * A folder that is mounted (RUN --mount=type=bind,from=shared) is bound from beside the context:
 * the builder binds nothing of a stage.
 *
 * Only what has to be known of a Dockerfile is: instructions with their continuation lines,
 * comments, heredocs, the flags in front. What is not understood goes along as it is, and the
 * builder says what it thinks of it. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/build.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct scan {
    const struct plan_named_context *contexts;
    size_t count;
    const char *text;
    char escape;
    struct str out;
    bool begun; /* the stages are written */
};

/* ---- names ---- */

static const char *without(const char *name, const char *prefix)
{
    return text_starts(name, prefix) ? name + strlen(prefix) : name;
}

/* "docker.io/library/alpine:latest" is "alpine". */
static size_t familiar(const char **name, size_t n)
{
    static const char latest[] = ":latest";
    const char *short_name = without(without(*name, "docker.io/"), "library/");

    n -= (size_t)(short_name - *name);
    *name = short_name;
    if (n > strlen(latest) && strncmp(short_name + n - strlen(latest), latest, strlen(latest)) == 0)
        n -= strlen(latest);
    return n;
}

static bool same_name(const char *word, size_t n, const char *context)
{
    size_t length = strlen(context);

    n = familiar(&word, n);
    length = familiar(&context, length);
    return n == length && strncasecmp(word, context, n) == 0;
}

static bool can_be_a_stage(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && !strchr("-_.", *p))
            return false;
    return islower((unsigned char)*name) != 0;
}

/* Whether the text has "… AS name". Too many hits only cost the context its own name. */
static bool has_stage(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = text; (p = strcasestr(p, name)); p++) {
        bool whole = (!p[n] || isspace((unsigned char)p[n]));
        const char *q = p;

        while (q > text && (q[-1] == ' ' || q[-1] == '\t'))
            q--;
        if (whole && q < p && q - text > 2 && strncasecmp(q - 2, "as", 2) == 0 &&
            isspace((unsigned char)q[-3]))
            return true;
    }
    return false;
}

static bool keeps_its_name(const struct scan *s, size_t i)
{
    return can_be_a_stage(s->contexts[i].name) && !has_stage(s->text, s->contexts[i].name);
}

static void append_stage_name(struct scan *s, size_t i)
{
    if (keeps_its_name(s, i))
        str_append(&s->out, s->contexts[i].name);
    else
        str_appendf(&s->out, "defang-context-%zu", i);
}

/* A stage or image that an instruction names. */
static void append_reference(struct scan *s, const char *word, size_t n)
{
    size_t number = 0, digits = 0;

    for (size_t i = 0; i < s->count; i++)
        if (same_name(word, n, s->contexts[i].name)) {
            append_stage_name(s, i);
            return;
        }

    while (digits < n && digits < 6 && isdigit((unsigned char)word[digits]))
        number = number * 10 + (size_t)(word[digits++] - '0');
    if (digits == n && n)
        str_appendf(&s->out, "%zu", number + s->count);
    else
        str_append_bytes(&s->out, word, n);
}

/* ---- the stages in front ---- */

static void begin(struct scan *s)
{
    if (s->begun)
        return;
    s->begun = true;

    /* An argument before the first FROM is one of all stages' FROM. */
    for (size_t i = 0; i < s->count; i++)
        if (s->contexts[i].service)
            str_appendf(&s->out, "ARG " PLAN_BUILD_CONTEXT_ARG "%zu\n", i);

    for (size_t i = 0; i < s->count; i++) {
        const struct plan_named_context *c = &s->contexts[i];

        str_append(&s->out, "FROM ");
        if (c->service)
            str_appendf(&s->out, "${" PLAN_BUILD_CONTEXT_ARG "%zu}", i);
        else
            str_append(&s->out, c->image ? c->image : "scratch");
        str_append(&s->out, " AS ");
        append_stage_name(s, i);
        str_append_char(&s->out, '\n');
        if (c->folder)
            str_appendf(&s->out, "COPY ../" PLAN_BUILD_CONTEXTS "/%zu /\n", i);
    }
}

/* ---- the instructions ---- */

/* The end of the line at `p`, behind its line feed. */
static const char *line_end(const char *p)
{
    p += strcspn(p, "\n");
    return *p ? p + 1 : p;
}

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

static bool is_comment(const char *line)
{
    return *skip_blanks(line) == '#';
}

static bool continues(const struct scan *s, const char *line, const char *end)
{
    while (end > line && isspace((unsigned char)end[-1]))
        end--;
    return end > line && end[-1] == s->escape;
}

/* Of the instruction that begins at `p`: comments among its lines do not end it. */
static const char *instruction_end(const struct scan *s, const char *p)
{
    for (;;) {
        const char *end = line_end(p);
        bool more = continues(s, p, end);

        while (more && *end && (is_comment(end) || *skip_blanks(end) == '\n'))
            end = line_end(end);
        if (!more || !*end)
            return end;
        p = end;
    }
}

/* Blanks and continued line ends. */
static const char *skip_gap(const struct scan *s, const char *p, const char *end)
{
    while (p < end) {
        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        if (*p == s->escape && *skip_blanks(p + 1 + (p[1] == '\r')) == '\n') {
            p = line_end(p);
            while (p < end && is_comment(p))
                p = line_end(p);
            continue;
        }
        break;
    }
    return p;
}

static size_t word_length(const char *p, const char *end)
{
    size_t n = 0;

    while (p + n < end && !isspace((unsigned char)p[n]))
        n++;
    return n;
}

/* The value of a field of a mount, or NULL; *length is its. */
static const char *mount_field(const char *word, size_t n, const char *key, size_t *length)
{
    for (const char *end = word + n, *p = word; p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t part = (size_t)((comma ? comma : end) - p), begins = strlen(key);

        if (part > begins && strncasecmp(p, key, begins) == 0 && p[begins] == '=') {
            *length = part - begins - 1;
            return p + begins + 1;
        }
        p += part + 1;
    }
    return NULL;
}

/* The folder that is mounted, when it is one of the contexts and mounted to be read; -1. */
static int mounted_folder(const struct scan *s, const char *word, size_t n)
{
    size_t length = 0;
    const char *type = mount_field(word, n, "type", &length);
    bool is_bind = !type || (length == 4 && strncasecmp(type, "bind", 4) == 0);
    const char *from = mount_field(word, n, "from", &length);

    for (size_t i = 0; from && is_bind && i < s->count; i++)
        if (s->contexts[i].folder && same_name(from, length, s->contexts[i].name))
            return (int)i;
    return -1;
}

/* The builder binds files of the context alone; there the folder is, by "..". */
static void append_bound(struct scan *s, const char *word, size_t n, size_t folder)
{
    size_t length = 0;
    const char *source = mount_field(word, n, "source", &length);

    if (!source)
        source = mount_field(word, n, "src", &length);
    while (source && length && *source == '/') {
        source++;
        length--;
    }

    for (const char *end = word + n, *p = word; p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        size_t part = (size_t)((comma ? comma : end) - p);
        bool replaced = strncasecmp(p, "from=", 5) == 0 || strncasecmp(p, "src=", 4) == 0 ||
                        strncasecmp(p, "source=", 7) == 0;

        if (!replaced) {
            str_append_bytes(&s->out, p, part);
            str_append_char(&s->out, ',');
        }
        p += part + 1;
    }
    str_appendf(&s->out, "source=../" PLAN_BUILD_CONTEXTS "/%zu", folder);
    if (length)
        str_appendf(&s->out, "/%.*s", (int)length, source);
}

/* "--mount=type=bind,from=name,target=/x" */
static void append_mount(struct scan *s, const char *word, size_t n)
{
    static const char key[] = "from=";
    int folder = mounted_folder(s, word, n);

    if (folder >= 0) {
        append_bound(s, word, n, (size_t)folder);
        return;
    }

    while (n) {
        const char *comma = memchr(word, ',', n);
        size_t part = comma ? (size_t)(comma - word) : n;
        size_t skip = n == part ? part : part + 1;

        if (part > strlen(key) && strncmp(word, key, strlen(key)) == 0) {
            str_append(&s->out, key);
            append_reference(s, word + strlen(key), part - strlen(key));
            str_append(&s->out, comma ? "," : "");
        } else {
            str_append_bytes(&s->out, word, skip);
        }
        word += skip;
        n -= skip;
    }
}

static void append_flag(struct scan *s, const char *word, size_t n)
{
    static const char from[] = "--from=", mount[] = "--mount=";

    if (n > strlen(from) && strncmp(word, from, strlen(from)) == 0) {
        str_append(&s->out, from);
        append_reference(s, word + strlen(from), n - strlen(from));
    } else if (strncmp(word, mount, MIN(n, strlen(mount))) == 0 && n > strlen(mount)) {
        str_append(&s->out, mount);
        append_mount(s, word + strlen(mount), n - strlen(mount));
    } else {
        str_append_bytes(&s->out, word, n);
    }
}

/* Keyword, flags, and of FROM its base; the rest as it is. */
static void append_instruction(struct scan *s, const char *p, const char *end, bool is_from)
{
    const char *word = skip_blanks(p);
    size_t n = word_length(word, end);
    bool flags = true;

    str_append_bytes(&s->out, p, (size_t)(word - p) + n);
    while (flags) {
        p = word + n;
        word = skip_gap(s, p, end);
        n = word_length(word, end);
        str_append_bytes(&s->out, p, (size_t)(word - p));

        flags = n > 2 && strncmp(word, "--", 2) == 0;
        if (flags)
            append_flag(s, word, n);
    }

    if (is_from && n) {
        append_reference(s, word, n);
        word += n;
    }
    str_append_bytes(&s->out, word, (size_t)(end - word));
}

/* The end of the heredocs that the instruction opens. */
static const char *heredocs_end(const char *p, const char *end)
{
    const char *body = end;

    for (; (p = strstr(p, "<<")) && p < end; p++) {
        const char *word = p + 2;
        bool tabs = *word == '-';

        word += tabs;
        word += *word == '"' || *word == '\'';
        size_t n = 0;
        while (isalnum((unsigned char)word[n]) || word[n] == '_')
            n++;
        if (!n || p[2] == '<' || (p > end - 2))
            continue;

        while (*body) {
            const char *line = tabs ? body + strspn(body, "\t") : body;
            bool last = strncmp(line, word, n) == 0 && strchr("\r\n", line[n]);

            body = line_end(body);
            if (last || (!*body && body[-1] != '\n'))
                break;
        }
    }
    return body;
}

static bool is_word(const char *p, const char *word)
{
    size_t n = strlen(word);

    return strncasecmp(p, word, n) == 0 && isspace((unsigned char)p[n]);
}

/* "# escape=`" among the directives at the top. */
static char escape_of(const char *text)
{
    for (const char *p = text; is_comment(p); p = line_end(p)) {
        const char *word = skip_blanks(skip_blanks(p) + 1);

        if (strncasecmp(word, "escape", 6) != 0)
            continue;
        word = skip_blanks(word + 6);
        if (*word == '=')
            return *skip_blanks(word + 1) == '`' ? '`' : '\\';
    }
    return '\\';
}

char *plan_dockerfile_with_contexts(
    const char *text, const struct plan_named_context *contexts, size_t count)
{
    struct scan s = {.contexts = contexts, .count = count, .text = text, .escape = escape_of(text)};
    const char *p = text;

    while (count && *p) {
        const char *word = skip_blanks(p);
        const char *end = is_comment(p) || *word == '\n' ? line_end(p) : instruction_end(&s, p);
        bool is_from = is_word(word, "FROM");

        if (is_from)
            begin(&s);
        if (is_from || is_word(word, "COPY") || is_word(word, "RUN"))
            append_instruction(&s, p, end, is_from);
        else
            str_append_bytes(&s.out, p, (size_t)(end - p));

        p = end;
        if (is_word(word, "RUN") || is_word(word, "COPY") || is_word(word, "ADD")) {
            const char *after = heredocs_end(word, end);

            str_append_bytes(&s.out, p, (size_t)(after - p));
            p = after;
        }
    }
    str_append(&s.out, p);
    return str_take(&s.out);
}
