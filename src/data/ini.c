/* The AWS files' grammar: the rules are those of Python's configparser as botocore calls it; each
 * oddity below was measured against it.
 *
 * A line is a header, a key, a continuation (indented deeper than its key) or nothing. What is
 * open is carried along in struct parse and closed by the next line that begins something. White
 * space is Python's, which knows Unicode, and is counted in characters.
 *
 * Any mistake is fatal and names file and line: half of a credentials file must not count as the
 * whole.
 *
 * Twins are found by maps, so that the time grows with the file and not with its square: tools
 * write files of thousands of profiles. */
#include "data/ini.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/strmap.h"
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define SMALL_MAP 64

struct slice {
    const char *p;
    size_t n;
};

struct parse {
    struct arena *arena;
    struct arena *scratch; /* of the maps; they and their keys are gone after the parse */
    struct ini_file *file;
    struct strmap sections, keys; /* name → line; keys of the open section */
    struct ini_section **last_section;
    struct ini_section *section;  /* NULL before the first header */
    struct ini_section *defaults; /* [DEFAULT]: its keys appear in every section */
    struct ini_entry **last_entry;
    struct ini_entry *entry; /* whose value may still go on */
    VEC(struct slice) value;
    VEC(unsigned) lines;
    size_t indent;
    unsigned line;
    struct error *err;
};

static int fail(struct parse *p, const char *what)
{
    int rc = error_raise_errno(p->err, ERR_AUTH, EINVAL, "%s", what);
    error_at(p->err, p->file->path, p->line, 0);
    return rc;
}

/* Bytes of the white space character at s, 0 when it is none: Python's str.isspace(), which knows
 * Unicode. */
static size_t space_at(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;

    if (!n)
        return 0;
    if (u[0] == ' ' || (u[0] >= 0x09 && u[0] <= 0x0d) || (u[0] >= 0x1c && u[0] <= 0x1f))
        return 1;
    if (n >= 2 && u[0] == 0xc2 && (u[1] == 0x85 || u[1] == 0xa0))
        return 2;
    if (n < 3)
        return 0;

    unsigned last = u[2];
    bool wide = (u[0] == 0xe1 && u[1] == 0x9a && last == 0x80) ||
                (u[0] == 0xe3 && u[1] == 0x80 && last == 0x80) ||
                (u[0] == 0xe2 && u[1] == 0x81 && last == 0x9f) ||
                (u[0] == 0xe2 && u[1] == 0x80 &&
                 (last <= 0x8a || last == 0xa8 || last == 0xa9 || last == 0xaf));
    return wide ? 3 : 0;
}

static size_t space_before(const char *s, size_t n)
{
    for (size_t k = 1; k <= 3 && k <= n; k++)
        if (space_at(s + n - k, k) == k)
            return k;
    return 0;
}

/* *indent counts characters, as Python does. */
static struct slice strip(struct slice s, size_t *indent)
{
    size_t k;

    if (indent)
        *indent = 0;
    while ((k = space_at(s.p, s.n)) > 0) {
        s.p += k;
        s.n -= k;
        if (indent)
            ++*indent;
    }

    while ((k = space_before(s.p, s.n)) > 0)
        s.n -= k;

    return s;
}

/* Joins what was collected for the open entry, and drops white space off the end of the whole. */
static void close_value(struct parse *p)
{
    if (!p->entry)
        return;

    struct str joined = {.max = LIMIT_INI_BYTES * 2};
    vec_each(part, &p->value) {
        if (part != p->value.items)
            str_append_char(&joined, '\n');
        str_append_bytes(&joined, part->p, part->n);
    }

    struct slice all = {str_get(&joined), joined.len};
    size_t k;
    while ((k = space_before(all.p, all.n)) > 0)
        all.n -= k;
    p->entry->value = arena_strndup(p->arena, all.p, all.n);
    unsigned *lines = arena_array(p->arena, unsigned, p->lines.len);
    memcpy(lines, p->lines.items, p->lines.len * sizeof *lines);
    p->entry->value_lines = lines;
    str_wipe(&joined);
    vec_clear(&p->value);
    vec_clear(&p->lines);
    p->entry = NULL;
}

static void add_value(struct parse *p, struct slice part)
{
    vec_push(&p->value, part);
    vec_push(&p->lines, p->line);
}

/* The name reaches to the LAST bracket of the line; what follows it is ignored. */
static bool is_header(struct slice line, struct slice *name)
{
    if (line.n < 3 || line.p[0] != '[')
        return false;

    const char *end = memrchr(line.p, ']', line.n);
    if (!end || end <= line.p + 1)
        return false;
    *name = (struct slice){line.p + 1, (size_t)(end - line.p - 1)};
    return true;
}

/* A small map is wiped and serves again, since there may be a million of sections; wiping a large
 * one for each section would cost more than a new one. */
static void forget_keys(struct parse *p)
{
    if (p->keys.cap > SMALL_MAP) {
        p->keys = (struct strmap){0};
        return;
    }

    if (p->keys.len)
        memset(p->keys.slots, 0, p->keys.cap * sizeof *p->keys.slots);
    p->keys.len = 0;
}

/* The section is open again: what comes is appended, and its keys count as seen. */
static void end_of_entries(struct parse *p)
{
    forget_keys(p);
    p->last_entry = &p->section->entries;

    while (*p->last_entry) {
        strmap_put(p->scratch, &p->keys, (*p->last_entry)->key, (*p->last_entry)->line);
        p->last_entry = &(*p->last_entry)->next;
    }
}

static int open_section(struct parse *p, struct slice name)
{
    const char *text = arena_strndup(p->arena, name.p, name.n);

    close_value(p);
    if (!strcmp(text, "DEFAULT")) { /* the one section that may come twice */
        if (!p->defaults) {
            p->defaults = arena_make(p->arena, struct ini_section);
            p->defaults->name = text;
            p->defaults->line = p->line;
        }
        p->section = p->defaults;
        end_of_entries(p);
        return 0;
    }

    const size_t *twin = strmap_get(&p->sections, text);
    if (twin) {
        cleanup_free char *what =
            xasprintf("section [%s] stands here and in line %zu: join them", text, *twin);
        return fail(p, what);
    }

    strmap_put(p->scratch, &p->sections, text, p->line);
    forget_keys(p);

    p->section = arena_make(p->arena, struct ini_section);
    p->section->name = text;
    p->section->line = p->line;
    *p->last_section = p->section;
    p->last_section = &p->section->next;
    p->last_entry = &p->section->entries;

    return 0;
}

static int open_entry(struct parse *p, struct slice line)
{
    size_t at = 0;

    while (at < line.n && line.p[at] != '=' && line.p[at] != ':')
        at++;
    if (at == line.n)
        return fail(p, "a line without \"=\": expected \"key = value\" or \"[section]\"");

    struct slice key = strip((struct slice){line.p, at}, NULL);
    if (!key.n)
        return fail(p, "no key before \"=\"");
    close_value(p);
    cleanup_free char *text = xstrndup(key.p, key.n), *lower = text_lower(text);
    const size_t *twin = strmap_get(&p->keys, lower);
    if (twin) {
        cleanup_free char *what = xasprintf(
            "key \"%s\" of section [%s] stands here and in line %zu: remove one",
            lower,
            p->section->name,
            *twin);
        return fail(p, what);
    }

    struct ini_entry *e = arena_make(p->arena, struct ini_entry);
    e->key = arena_strdup(p->arena, lower);
    e->line = p->line;
    strmap_put(p->scratch, &p->keys, e->key, e->line);
    *p->last_entry = e;
    p->last_entry = &e->next;
    p->entry = e;
    add_value(p, strip((struct slice){line.p + at + 1, line.n - at - 1}, NULL));

    return 0;
}

static int take_line(struct parse *p, struct slice raw)
{
    size_t indent;
    struct slice line = strip(raw, &indent), name;

    if (!line.n) {
        if (p->entry)
            add_value(p, line);
        return 0;
    }

    if (line.p[0] == '#' || line.p[0] == ';')
        return 0;
    if (p->entry && indent > p->indent) {
        add_value(p, line);
        return 0;
    }

    p->indent = indent;
    if (is_header(line, &name))
        return open_section(p, name);
    if (!p->section)
        return fail(p, "text before the first [section]");
    return open_entry(p, line);
}

static void apply_defaults(struct parse *p)
{
    for (struct ini_section *s = p->defaults ? p->file->sections : NULL; s; s = s->next) {
        p->section = s;
        end_of_entries(p);
        for (const struct ini_entry *d = p->defaults->entries; d; d = d->next) {
            if (strmap_get(&p->keys, d->key))
                continue;
            struct ini_entry *e = arena_make(p->arena, struct ini_entry);
            *e = *d;
            e->next = NULL;
            *p->last_entry = e;
            p->last_entry = &e->next;
        }
    }
}

static int check_text(struct parse *p, const char *text, size_t n)
{
    if (n > LIMIT_INI_BYTES) {
        cleanup_free char *what = xasprintf("the file is larger than %zu bytes", LIMIT_INI_BYTES);
        return fail(p, what);
    }

    p->line = 1;
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        return fail(
            p,
            "the file starts with a byte order mark, which the AWS CLI refuses: save it as UTF-8 "
            "without one");
    for (size_t i = 0, start = 0; i <= n; i++) /* by lines, to name the bad one */
        if (i == n || text[i] == '\n') {
            if (!text_utf8_valid(text + start, i - start) || memchr(text + start, '\0', i - start))
                return fail(p, "not valid UTF-8 text");
            start = i + 1;
            p->line++;
        }

    return 0;
}

int ini_parse(
    struct arena *arena,
    const char *path,
    const char *text,
    size_t n,
    struct ini_file *out,
    struct error *err)
{
    struct parse p = {.arena = arena, .scratch = arena_new(), .file = out, .err = err};
    *out = (struct ini_file){.path = arena_strdup(arena, path)};
    p.last_section = &out->sections;
    int rc = n ? check_text(&p, text, n) : 0;
    p.line = 0;
    for (size_t i = 0; i < n && rc == 0;) {
        size_t end = i;
        while (end < n && text[end] != '\n' && text[end] != '\r')
            end++;
        p.line++;
        rc = take_line(&p, (struct slice){text + i, end - i});
        i = end + 1 + (end + 1 < n && text[end] == '\r' && text[end + 1] == '\n');
    }

    close_value(&p);
    if (rc == 0)
        apply_defaults(&p);
    vec_free(&p.value);
    vec_free(&p.lines);
    arena_free(p.scratch);

    return rc;
}

struct ini_entry *ini_get(const struct ini_section *s, const char *key)
{
    struct ini_entry *e = s ? s->entries : NULL;
    while (e && strcmp(e->key, key) != 0)
        e = e->next;
    return e;
}

struct nested {
    struct arena *arena, *scratch;
    VEC(struct ini_entry *) entries;
    struct strmap places; /* key → index */
};

/* A key that comes twice: the later one replaces the value of the earlier. */
static void put_nested(struct nested *n, struct slice key, struct slice value, unsigned line)
{
    const char *name = arena_strndup(n->arena, key.p, key.n);
    const size_t *known = strmap_get(&n->places, name);
    struct ini_entry *e = known ? n->entries.items[*known] : arena_make(n->arena, struct ini_entry);

    if (!known) {
        strmap_put(n->scratch, &n->places, name, n->entries.len);
        if (n->entries.len)
            (*vec_last(&n->entries))->next = e;
        vec_push(&n->entries, e);
        e->key = name;
    }

    e->value = arena_strndup(n->arena, value.p, value.n);
    e->line = line;
}

static int nested_lines(
    struct nested *n, const struct ini_file *f, const struct ini_entry *e, struct error *err)
{
    unsigned at = 0;

    for (const char *p = e->value; *p; at++) {
        size_t len = strcspn(p, "\n");
        struct slice line = strip((struct slice){p, len}, NULL);
        p += len + (p[len] == '\n');
        if (!line.n)
            continue;

        const char *eq = memchr(line.p, '=', line.n);
        if (!eq) {
            int rc = error_raise_errno(
                err,
                ERR_AUTH,
                EINVAL,
                "a line of \"%s\" without \"=\": expected \"key = value\"",
                e->key);
            error_at(err, f->path, e->value_lines[at], 0);
            return rc;
        }

        struct slice key = strip((struct slice){line.p, (size_t)(eq - line.p)}, NULL);
        struct slice value =
            strip((struct slice){eq + 1, line.n - (size_t)(eq + 1 - line.p)}, NULL);
        put_nested(n, key, value, e->value_lines[at]);
    }

    return 0;
}

int ini_nested(
    struct arena *arena,
    const struct ini_file *f,
    const struct ini_entry *e,
    struct ini_entry **out,
    struct error *err)
{
    *out = NULL;
    if (e->value[0] != '\n')
        return 0;

    struct nested n = {.arena = arena, .scratch = arena_new()};
    int rc = nested_lines(&n, f, e, err);

    *out = n.entries.len ? n.entries.items[0] : NULL;
    vec_free(&n.entries);
    arena_free(n.scratch);

    return rc;
}
