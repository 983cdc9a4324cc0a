/* The rules of a .dockerignore file, applied as moby/patternmatcher does in BuildKit.
 *
 * The last rule that matches a path or one of its parents wins. A parent's result is handed down
 * from call to call, an entry a rule, so a path costs one match a rule and not one for each of its
 * folders. Which ignored folder need not be entered is a question of the heads of "!" rules:
 * everything that such a rule matches starts with its literal text. */
#include "pack/ignore.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "pack/glob.h"
#include <errno.h>
#include <string.h>

struct rule {
    struct glob *glob;
    bool reinclude;
};

struct ignore {
    VEC(struct rule) rules;
};

static const char default_rules[] = "**/__pycache__\n"
                                    "**/.direnv\n"
                                    "**/.DS_Store\n"
                                    "**/.envrc\n"
                                    "**/.git\n"
                                    "**/.github\n"
                                    "**/.idea\n"
                                    "**/.next\n"
                                    "**/.vscode\n"
                                    "**/compose.yaml\n"
                                    "**/compose.yml\n"
                                    "**/compose.*.yaml\n"
                                    "**/compose.*.yml\n"
                                    "**/docker-compose.yaml\n"
                                    "**/docker-compose.yml\n"
                                    "**/docker-compose.*.yaml\n"
                                    "**/docker-compose.*.yml\n"
                                    "**/node_modules\n"
                                    "**/Thumbs.db\n"
                                    "Dockerfile\n"
                                    "*.Dockerfile\n"
                                    "defang\n"
                                    "defang.exe\n"
                                    ".defang*\n";

/* Shortest form of a path, by text alone: no "//", ".", and "x/.." folded; "" becomes ".". */
static char *clean(const char *path)
{
    struct str out = STR_INIT;
    bool rooted = *path == '/';
    size_t floor; /* nothing before this may be folded away: the root, or leading ".." */

    if (rooted)
        str_append_char(&out, '/');
    floor = out.len;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            if (out.len > floor) {
                while (out.len > floor && out.data[out.len - 1] != '/')
                    str_truncate(&out, out.len - 1);
                if (out.len > floor)
                    str_truncate(&out, out.len - 1);
            } else if (!rooted) {
                str_append(&out, out.len ? "/.." : "..");
                floor = out.len;
            }
        } else if (n && !(n == 1 && p[0] == '.')) {
            if (out.len && out.data[out.len - 1] != '/')
                str_append_char(&out, '/');
            str_append_bytes(&out, p, n);
        }
        p += n;
        while (*p == '/')
            p++;
    }

    if (!out.len)
        str_append_char(&out, '.');
    return str_take(&out);
}

static int bad_line(struct error *err, const char *name, unsigned line, const char *what)
{
    int rc = error_raise_errno(err, ERR_USAGE, EINVAL, "%s", what);
    error_at(err, name, line, 0);
    return rc;
}

/* What is left of a line: trimmed, "!" put aside, cleaned, without the leading "/". */
static char *tidy(const char *line)
{
    cleanup_free char *trimmed = text_trim(line);
    bool reinclude = *trimmed == '!';
    cleanup_free char *body = text_trim(trimmed + reinclude),
                      *cleaned = *body ? clean(body) : xstrdup("");
    return xasprintf(
        "%s%s", reinclude ? "!" : "", cleaned[0] == '/' && cleaned[1] ? cleaned + 1 : cleaned);
}

static int
add_rule(struct ignore *ig, const char *name, unsigned line, const char *text, struct error *err)
{
    /* Twice: moby reads the file with one function and takes the patterns with another, and both
     * tidy up ("/ x" ends as "x"). */
    cleanup_free char *first = tidy(text), *trimmed = text_trim(first);

    if (!*trimmed)
        return 0;
    if (ig->rules.len >= LIMIT_IGNORE_PATTERNS)
        return bad_line(err, name, line, "too many patterns in an ignore file");

    cleanup_free char *cleaned = clean(trimmed);
    struct rule rule = {.reinclude = *cleaned == '!'};
    const char *pattern = cleaned + rule.reinclude;
    if (!*pattern)
        return bad_line(err, name, line, "\"!\" needs a pattern after it");
    rule.glob = glob_compile(pattern);
    if (!rule.glob) {
        cleanup_free char *what =
            xasprintf("bad pattern \"%s\": check its brackets and backslashes", pattern);
        return bad_line(err, name, line, what);
    }

    vec_push(&ig->rules, rule);

    return 0;
}

int ignore_parse(
    const char *name, const char *text, size_t n, struct ignore **out, struct error *err)
{
    if (n > LIMIT_IGNORE_BYTES)
        return error_raise_errno(
            err, ERR_USAGE, EFBIG, "%s is larger than %zu bytes", name, LIMIT_IGNORE_BYTES);
    cleanup_ignore struct ignore *ig = xcalloc(1, sizeof *ig);
    const char *p = text, *end = text + n;
    if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
        p += 3;
    for (unsigned line = 1; p < end; line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((stop ? stop : end) - p);
        if (memchr(p, '\0', len))
            return bad_line(err, name, line, "a NUL byte in an ignore file");
        cleanup_free char *copy = xstrndup(p, len);
        int rc = *copy == '#' ? 0 : add_rule(ig, name, line, copy, err);
        if (rc)
            return rc;
        p += len + 1;
    }
    *out = steal(ig);
    return 0;
}

struct ignore *ignore_default(void)
{
    struct ignore *ig = NULL;
    if (ignore_parse("built-in ignore list", default_rules, sizeof default_rules - 1, &ig, NULL) !=
        0)
        abort();
    return ig;
}

void ignore_free(struct ignore *ig)
{
    if (!ig)
        return;
    vec_each(r, &ig->rules)
        glob_free(r->glob);
    vec_free(&ig->rules);
    free(ig);
}

void ignore_free_ptr(struct ignore **ig)
{
    ignore_free(*ig);
    *ig = NULL;
}

size_t ignore_count(const struct ignore *ig)
{
    return ig->rules.len;
}

bool ignore_match(struct ignore *ig, const char *path, const bool *parent, bool *own)
{
    bool ignored = false;

    for (size_t i = 0; i < ig->rules.len; i++) {
        const struct rule *rule = &ig->rules.items[i];
        bool match = parent && parent[i];
        /* A rule that could not change the verdict is not tried, and then counts as "no match"
         * below: BuildKit's way. */
        if (!match && rule->reinclude == ignored)
            match = glob_match(rule->glob, path);
        if (own)
            own[i] = match;
        if (match)
            ignored = !rule->reinclude;
    }

    return ignored;
}

bool ignore_may_reinclude(const struct ignore *ig, const char *dir)
{
    size_t dir_len = strlen(dir);

    vec_each(rule, &ig->rules) {
        if (!rule->reinclude)
            continue;
        /* Everything the pattern matches starts with its literal head, everything below dir with
         * "dir/". */
        size_t head_len;
        const char *head = glob_head(rule->glob, &head_len);
        size_t common = MIN(head_len, dir_len);
        if (!memcmp(head, dir, common) && (head_len <= dir_len || head[dir_len] == '/'))
            return true;
    }

    return false;
}
