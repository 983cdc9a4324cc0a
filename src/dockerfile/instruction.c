/* A line as an instruction: its name, its flags, its arguments in the form that it has, and what
 * can be wrong with them whatever stands around it.
 *
 * TABLE says how each is read. What is refused here is what BuildKit refuses when it parses, no
 * more: what only a build shows (a port that is none, a stage that is not there) is judge.c's. */
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/read.h"

#include <string.h>
#include <strings.h>

/* How the arguments are cut. */
enum form {
    ONE_TEXT,     /* as it stands */
    PLAIN_WORDS,  /* at blanks */
    QUOTED_WORDS, /* quotes are kept */
    PAIRS,        /* name=value …, or NAME VALUE */
    TEXT_OR_JSON,
    WORDS_OR_JSON,
    HEALTH,
    PUT_OFF, /* an instruction behind the instruction */
};

static const struct entry {
    const char *name;
    enum form form;
    size_t least, most; /* arguments; most 0: any number */
    const char *flags;  /* that it takes, with blanks around each; NULL: any */
} TABLE[] = {
    [DOCKERFILE_ADD] =
        {"ADD",
         WORDS_OR_JSON,
         2,
         0,
         " chown= chmod= link keep-git-dir checksum= unpack exclude=* "},
    [DOCKERFILE_ARG] = {"ARG", QUOTED_WORDS, 1, 0, NULL},
    [DOCKERFILE_CMD] = {"CMD", TEXT_OR_JSON, 0, 0, ""},
    [DOCKERFILE_COPY] =
        {"COPY", WORDS_OR_JSON, 2, 0, " chown= from= chmod= link exclude=* parents "},
    [DOCKERFILE_ENTRYPOINT] = {"ENTRYPOINT", TEXT_OR_JSON, 0, 0, ""},
    [DOCKERFILE_ENV] = {"ENV", PAIRS, 1, 0, ""},
    [DOCKERFILE_EXPOSE] = {"EXPOSE", PLAIN_WORDS, 1, 0, ""},
    [DOCKERFILE_FROM] = {"FROM", PLAIN_WORDS, 1, 3, " platform= "},
    [DOCKERFILE_HEALTHCHECK] =
        {"HEALTHCHECK",
         HEALTH,
         1,
         0,
         " interval= timeout= start-period= start-interval= retries= "},
    [DOCKERFILE_LABEL] = {"LABEL", PAIRS, 1, 0, ""},
    [DOCKERFILE_MAINTAINER] = {"MAINTAINER", ONE_TEXT, 1, 1, ""},
    [DOCKERFILE_ONBUILD] = {"ONBUILD", PUT_OFF, 1, 0, ""},
    [DOCKERFILE_RUN] = {"RUN", TEXT_OR_JSON, 0, 0, " mount=* network= security= device=* "},
    [DOCKERFILE_SHELL] = {"SHELL", TEXT_OR_JSON, 1, 0, ""},
    [DOCKERFILE_STOPSIGNAL] = {"STOPSIGNAL", ONE_TEXT, 1, 1, NULL},
    [DOCKERFILE_USER] = {"USER", ONE_TEXT, 1, 1, ""},
    [DOCKERFILE_VOLUME] = {"VOLUME", WORDS_OR_JSON, 1, 0, ""},
    [DOCKERFILE_WORKDIR] = {"WORKDIR", ONE_TEXT, 1, 1, ""},
};

static const char *const NAMES[] = {
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "USER",
    "VOLUME",
    "WORKDIR",
    NULL};

const char *dockerfile_kind_name(enum dockerfile_kind kind)
{
    return TABLE[kind].name;
}

static bool find_kind(const char *name, enum dockerfile_kind *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(TABLE); i++)
        if (strcasecmp(TABLE[i].name, name) == 0) {
            *kind = (enum dockerfile_kind)i;
            return true;
        }
    return false;
}

/* The name at the head of `text`, and what follows it. */
static const char *split_name(struct arena *a, const char *text, const char **rest)
{
    const char *trimmed = dockerfile_trim(a, text);
    size_t n = strcspn(trimmed, "\t\v\f\r ");

    *rest = trimmed + n + strspn(trimmed + n, "\t\v\f\r ");
    return arena_strndup(a, trimmed, n);
}

/* ---- arguments ---- */

static bool read_json(struct dockerfile_read *r, const char *rest, bool *is)
{
    int found = dockerfile_split_json(r->a, rest, &r->args);

    *is = r->in->json = found > 0;
    if (found >= 0)
        return true;
    return DOCKERFILE_WRONG(
        r,
        "json-texts",
        "Put each item in double quotes.",
        "%s: an item of the list is no text",
        dockerfile_kind_name(r->in->kind));
}

static bool add_pair(struct dockerfile_read *r, const char *name, const char *value)
{
    if (!*name)
        return DOCKERFILE_WRONG(
            r,
            "blank-name",
            "Write NAME=value.",
            "%s: a name is missing before the =",
            dockerfile_kind_name(r->in->kind));
    dockerfile_texts_add(r->a, &r->args, name);
    dockerfile_texts_add(r->a, &r->args, value);

    return true;
}

/* NAME VALUE is the older way: everything after the name is one value. */
static bool read_pairs(struct dockerfile_read *r, const char *rest)
{
    struct dockerfile_texts words = {0};
    const char *name = dockerfile_kind_name(r->in->kind);

    dockerfile_split_words(r->a, r->escape, rest, &words);
    if (words.len && !strchr(words.items[0], '=')) {
        size_t n = strcspn(rest, "\t\v\f\r ");

        if (!rest[n])
            return DOCKERFILE_WRONG(
                r,
                "no-value",
                arena_printf(r->a, "Write %s %.60s=value.", name, rest),
                "%s %.60s has no value",
                name,
                rest);
        const char *value = rest + n + strspn(rest + n, "\t\v\f\r ");
        return add_pair(r, arena_strndup(r->a, rest, n), value);
    }

    for (size_t i = 0; i < words.len; i++) {
        const char *equals = strchr(words.items[i], '=');

        if (!equals)
            return DOCKERFILE_WRONG(
                r,
                "no-equals",
                "Write name=value, and quotes around a value that holds blanks.",
                "%s: \"%.60s\" has no =",
                name,
                words.items[i]);
        if (!add_pair(
                r,
                arena_strndup(r->a, words.items[i], (size_t)(equals - words.items[i])),
                equals + 1))
            return false;
    }

    return true;
}

static bool read_text_or_json(struct dockerfile_read *r, const char *rest)
{
    bool json = false;

    if (!*rest)
        return true;
    if (!read_json(r, rest, &json))
        return false;
    if (!json)
        dockerfile_texts_add(r->a, &r->args, rest);

    return true;
}

/* CMD or NONE, then what is a text or JSON. */
static bool read_health(struct dockerfile_read *r, const char *rest)
{
    size_t n = 0;

    while (rest[n] && !dockerfile_blank(rest + n))
        n++;
    if (!n)
        return true;
    dockerfile_texts_add(r->a, &r->args, arena_strndup(r->a, rest, n));

    return read_text_or_json(r, dockerfile_skip_blanks(rest + n));
}

static bool read_args(struct dockerfile_read *r, const char *rest);

/* The instruction itself is checked when a build triggers it; its form is now. */
static bool read_put_off(struct dockerfile_read *r, const char *rest)
{
    static const char *const never[] = {"ONBUILD", "MAINTAINER", "FROM"};
    const char *behind;

    if (!*rest)
        return true;

    const char *name = split_name(r->a, rest, &behind);
    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        if (strcasecmp(name, never[i]) == 0)
            return DOCKERFILE_WRONG(
                r, "onbuild", "Remove it.", "ONBUILD cannot put off %s", never[i]);
    dockerfile_texts_add(r->a, &r->args, name);
    if (*behind)
        dockerfile_texts_add(r->a, &r->args, behind);

    struct dockerfile_instruction in = {.line = r->in->line};
    struct dockerfile_read inner = {.a = r->a, .f = r->f, .in = &in, .escape = r->escape};
    struct dockerfile_texts flags = {0};
    const char *args;

    if (!find_kind(name, &in.kind))
        return true;
    dockerfile_split_flags(r->a, r->escape, behind, &flags, &args);

    return read_args(&inner, args);
}

static bool read_args(struct dockerfile_read *r, const char *rest)
{
    bool json = false;

    switch (TABLE[r->in->kind].form) {
    case ONE_TEXT:
        if (*rest)
            dockerfile_texts_add(r->a, &r->args, rest);
        return true;
    case PLAIN_WORDS:
        dockerfile_split_blanks(r->a, rest, &r->args);
        return true;
    case QUOTED_WORDS:
        dockerfile_split_words(r->a, r->escape, rest, &r->args);
        return true;
    case PAIRS:
        return read_pairs(r, rest);
    case TEXT_OR_JSON:
        return read_text_or_json(r, rest);
    case WORDS_OR_JSON:
        if (!read_json(r, rest, &json))
            return false;
        if (!json)
            dockerfile_split_blanks(r->a, rest, &r->args);
        return true;
    case HEALTH:
        return read_health(r, rest);
    case PUT_OFF:
        return read_put_off(r, rest);
    }

    return false;
}

static bool check_count(struct dockerfile_read *r)
{
    const struct entry *e = &TABLE[r->in->kind];
    size_t n = r->args.len;

    if (n >= e->least && (!e->most || n <= e->most))
        return true;
    if (r->in->kind == DOCKERFILE_ADD || r->in->kind == DOCKERFILE_COPY)
        return DOCKERFILE_WRONG(
            r,
            "no-destination",
            "Write what is copied, and where to.",
            "%s needs a source and a destination",
            e->name);

    return DOCKERFILE_WRONG(
        r,
        "arguments",
        "See the Dockerfile reference.",
        "%s needs %s",
        e->name,
        e->most == 1 ? "one argument" : "an argument");
}

static bool unknown(struct dockerfile_read *r, const char *name)
{
    cleanup_free char *upper = xstrdup(name);
    cleanup_free char *shown = text_visible(name);

    for (char *p = upper; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');

    const char *near = text_nearest(upper, NAMES);
    return DOCKERFILE_WRONG(
        r,
        "unknown-instruction",
        near ? arena_printf(r->a, "Did you mean %s?", near)
             : "End the line before it with a \\ if it goes on here.",
        "\"%.60s\" is no instruction of a Dockerfile",
        shown);
}

bool dockerfile_read_instruction(
    const struct dockerfile_line *line,
    char escape,
    struct dockerfile_instruction *out,
    struct dockerfile_findings *f)
{
    struct dockerfile_read r = {.a = f->arena, .f = f, .in = out, .escape = escape};
    struct dockerfile_texts flags = {0};
    const char *rest, *args;

    *out = (struct dockerfile_instruction){
        .line = line->line,
        .end_line = line->end_line,
        .heredocs = line->heredocs,
        .heredoc_count = line->heredoc_count};

    const char *name = split_name(r.a, line->text, &rest);
    if (!find_kind(name, &out->kind))
        return unknown(&r, name);

    dockerfile_split_flags(r.a, escape, rest, &flags, &args);
    dockerfile_add_flags(&r, &flags);
    if (!read_args(&r, args))
        return false;
    out->args = r.args.items;
    out->arg_count = r.args.len;

    /* NONE takes whatever flags; so BuildKit. */
    bool none = out->kind == DOCKERFILE_HEALTHCHECK && r.args.len &&
                strcasecmp(r.args.items[0], "NONE") == 0;

    return check_count(&r) && (none || dockerfile_check_flags(&r, TABLE[out->kind].flags)) &&
           dockerfile_check_single(&r);
}

bool dockerfile_takes_heredocs(struct arena *a, const char *line, char escape)
{
    enum dockerfile_kind kind;
    struct dockerfile_texts ignored = {0};
    const char *rest, *args;

    if (!strstr(line, "<<") || !find_kind(split_name(a, line, &rest), &kind))
        return false;
    dockerfile_split_flags(a, escape, rest, &ignored, &args);
    if (kind == DOCKERFILE_ONBUILD) {
        if (!find_kind(split_name(a, args, &rest), &kind))
            return false;
        dockerfile_split_flags(a, escape, rest, &ignored, &args);
    }

    if (kind != DOCKERFILE_RUN && kind != DOCKERFILE_COPY && kind != DOCKERFILE_ADD)
        return false;
    return dockerfile_split_json(a, args, &ignored) == 0;
}
