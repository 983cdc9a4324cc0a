/* Finds a folder's git repository and the URL of its remote, from the files.
 *
 * `.git` is a folder, or in a worktree and a submodule a file that names one ("gitdir: …"); a
 * worktree's folder names the common one that has the settings ("commondir"). The settings are read
 * as git reads them (gitconfig(5)): sections with subsections, values with quotes, comments and
 * lines that go on. Included files are not followed.
 *
 * `url.BASE.insteadOf` is honoured, of the repository and of the user: somebody who writes
 * "gh:acme/shop" means the same repository as a colleague who writes it out. */
#include "daemon/look/git.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct rewrite {
    char *base, *instead;
};

struct settings {
    char *origin, *first; /* URLs */
    VEC(struct rewrite) rewrites;
};

/* A section's header: "[remote "origin"]" → "remote", "origin". Stops behind it. */
static const char *read_header(const char *p, struct str *section, struct str *sub)
{
    str_clear(section);
    str_clear(sub);

    for (p++; *p && *p != ']' && *p != '"' && *p != '\n'; p++)
        if (*p != ' ' && *p != '\t')
            str_append_char(section, *p);

    if (*p == '"') {
        for (p++; *p && *p != '"' && *p != '\n'; p++) {
            if (*p == '\\' && p[1] && p[1] != '\n')
                p++;
            str_append_char(sub, *p);
        }
    }

    while (*p && *p != ']' && *p != '\n')
        p++;
    return *p == ']' ? p + 1 : p;
}

/* To the end of the line, or of the line that it goes on in. */
static const char *read_value(const char *p, struct str *value)
{
    bool quoted = false;

    str_clear(value);
    for (p += strspn(p, " \t"); *p && *p != '\n'; p++) {
        if (*p == '"') {
            quoted = !quoted;
        } else if (*p == '\\' && p[1] == '\n') {
            p++;
        } else if (*p == '\\' && p[1]) {
            p++;
            str_append_char(value, *p == 'n' ? '\n' : (*p == 't' ? '\t' : *p));
        } else if (!quoted && (*p == '#' || *p == ';')) {
            p += strcspn(p, "\n");
            break;
        } else if (*p != '\r') {
            str_append_char(value, *p);
        }
    }

    while (value->len &&
           (value->data[value->len - 1] == ' ' || value->data[value->len - 1] == '\t'))
        str_truncate(value, value->len - 1);
    return p;
}

/* The first URL of a remote is the one that is fetched from. */
static void
take(struct settings *s, const char *section, const char *sub, const char *key, const char *value)
{
    bool is_url = text_eq_nocase(section, "remote") && text_eq_nocase(key, "url");

    if (is_url && text_eq(sub, "origin") && !s->origin)
        s->origin = xstrdup(value);
    if (is_url && !s->first)
        s->first = xstrdup(value);
    if (text_eq_nocase(section, "url") && text_eq_nocase(key, "insteadOf") && *value)
        vec_push(&s->rewrites, ((struct rewrite){.base = xstrdup(sub), .instead = xstrdup(value)}));
}

static void parse(struct settings *s, const char *text)
{
    cleanup_str struct str section = STR_INIT, sub = STR_INIT, key = STR_INIT, value = STR_INIT;

    for (const char *p = text; *p;) {
        p += strspn(p, " \t\r\n");
        if (*p == '[') {
            p = read_header(p, &section, &sub);
            continue;
        }

        size_t n = strcspn(p, " \t\r\n=#;");
        if (n == 0) { /* a comment, or what git would not take */
            p += strcspn(p, "\n");
            continue;
        }

        str_clear(&key);
        str_append_bytes(&key, p, n);
        p += n;
        p += strspn(p, " \t\r");
        if (*p != '=') {
            p += strcspn(p, "\n");
            continue;
        }

        p = read_value(p + 1, &value);
        take(s, str_get(&section), str_get(&sub), str_get(&key), str_get(&value));
    }
}

/* A file that is not there, or that cannot be read, says nothing. */
char *git_text(const char *folder, const char *name)
{
    cleanup_free char *path = path_join(folder, name);
    cleanup_error struct error ignored = ERROR_INIT;
    struct str text = STR_INIT;

    if (file_read(path, LIMIT_GIT_CONFIG_BYTES, &text, &ignored) == 0)
        return str_take(&text);

    str_done(&text);
    return NULL;
}

static void read_settings(struct settings *s, const char *folder, const char *name)
{
    cleanup_free char *text = git_text(folder, name);
    if (text)
        parse(s, text);
}

char *git_folders(const char *top, char **common)
{
    cleanup_free char *dot = path_join(top, ".git");
    *common = xstrdup(dot);
    if (file_is_dir(dot))
        return xstrdup(dot);

    cleanup_free char *named = git_text(top, ".git");
    if (!named || !text_starts(named, "gitdir:"))
        return xstrdup(dot);

    cleanup_free char *relative = text_trim(named + strlen("gitdir:"));
    char *own = path_absolute(top, relative);
    cleanup_free char *shared = git_text(own, "commondir");
    cleanup_free char *where = shared ? text_trim(shared) : xstrdup(".");

    free(*common);
    *common = path_absolute(own, where);
    return own;
}

/* The longest match wins, as with git. */
static char *rewritten(const struct settings *s, const char *url)
{
    const struct rewrite *best = NULL;

    vec_each(r, &s->rewrites) {
        bool longer = !best || strlen(r->instead) > strlen(best->instead);
        if (text_starts(url, r->instead) && longer)
            best = r;
    }

    return best ? xasprintf("%s%s", best->base, url + strlen(best->instead)) : xstrdup(url);
}

static char *remote_of(const char *top, const char *home)
{
    struct settings s = {0};
    cleanup_free char *folder = NULL;

    free(git_folders(top, &folder));

    read_settings(&s, folder, "config");
    if (home) {
        read_settings(&s, home, ".config/git/config");
        read_settings(&s, home, ".gitconfig");
    }

    const char *url = s.origin ? s.origin : s.first;
    char *remote = url ? rewritten(&s, url) : NULL;

    free(s.origin);
    free(s.first);
    vec_each(r, &s.rewrites) {
        free(r->base);
        free(r->instead);
    }
    vec_free(&s.rewrites);

    return remote;
}

bool git_find(const char *folder, const char *home, struct git_place *out)
{
    *out = (struct git_place){0};

    char *at = xstrdup(folder);
    for (;;) {
        cleanup_free char *dot = path_join(at, ".git");
        if (file_exists(dot))
            break;

        char *up = path_dirname(at);
        bool is_top = text_eq(up, at);
        free(at);
        at = up;
        if (is_top) {
            free(at);
            return false;
        }
    }

    out->top = at;
    out->remote = remote_of(at, home);
    git_head(at, out);

    return true;
}

void git_place_done(struct git_place *p)
{
    free(p->top);
    free(p->remote);
    free(p->commit);
    free(p->branch);
    *p = (struct git_place){0};
}
