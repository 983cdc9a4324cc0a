/* Paths of the context: cleaned as a builder cleans them, looked for among what is sent, links on
 * the way followed inside of the context. The list is sorted, so that a path is found by halving,
 * and a folder by what is in it. */
#include "base/mem.h"
#include "base/str.h"
#include "dockerfile/internal.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#define LINKS_MOST 40 /* as the kernel */

const char *dockerfile_clean_path(struct arena *a, const char *path)
{
    cleanup_str struct str out = STR_INIT;

    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");

        if (n == 2 && p[0] == '.' && p[1] == '.') {
            const char *slash = out.len ? strrchr(str_get(&out), '/') : NULL;
            str_truncate(&out, slash ? (size_t)(slash - out.data) : 0);
        } else if (n && !(n == 1 && *p == '.')) {
            if (out.len)
                str_append_char(&out, '/');
            str_append_bytes(&out, p, n);
        }
        p += n;
        p += strspn(p, "/");
    }

    return arena_strdup(a, str_get(&out));
}

bool dockerfile_is_pattern(const char *path)
{
    for (; *path; path++) {
        if (*path == '*' || *path == '?' || *path == '[')
            return true;
        if (*path == '\\' && path[1])
            path++;
    }

    return false;
}

/* The first that is not before `path`. */
static size_t lower_bound(const struct dockerfile_context *c, const char *path)
{
    size_t low = 0, high = c->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(c->paths[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }

    return low;
}

static const struct dockerfile_path *find(const struct dockerfile_context *c, const char *path)
{
    size_t i = lower_bound(c, path);

    return i < c->len && strcmp(c->paths[i].path, path) == 0 ? &c->paths[i] : NULL;
}

static bool is_folder(const struct dockerfile_context *c, const char *path)
{
    cleanup_free char *below = xasprintf("%s/", path);
    size_t i = lower_bound(c, below);

    return i < c->len && text_starts(c->paths[i].path, below);
}

/* The path with its first link replaced by what that points to; NULL when no folder of it is one.
 * A link outside ends at the context's top, as in a builder. */
static const char *follow_one(struct arena *a, const struct dockerfile_context *c, const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *head = arena_strndup(a, path, (size_t)(slash - path));
        const struct dockerfile_path *p = find(c, head);

        if (!p || !p->link)
            continue;
        if (*p->link == '/')
            return dockerfile_clean_path(a, arena_printf(a, "%s%s", p->link, slash));
        cleanup_free char *folder = xstrdup(head);
        char *last = strrchr(folder, '/');
        if (last)
            *last = '\0';
        return dockerfile_clean_path(
            a, arena_printf(a, "%s/%s%s", last ? folder : "", p->link, slash));
    }

    return NULL;
}

bool dockerfile_is_sent(struct arena *a, const struct dockerfile_context *c, const char *path)
{
    for (int i = 0; i < LINKS_MOST; i++) {
        if (!*path || find(c, path) || is_folder(c, path))
            return true;

        path = follow_one(a, c, path);
        if (!path)
            return false;
    }

    return false;
}

/* As many folders of the path as the pattern has; NULL when it has fewer. */
static size_t same_depth(const char *path, const char *pattern)
{
    const char *p = path;

    for (const char *s = pattern; (s = strchr(s, '/')); s++) {
        p = strchr(p, '/');
        if (!p)
            return 0;
        p++;
    }

    return (size_t)(p - path) + strcspn(p, "/");
}

/* "**" stands for any number of folders: then the whole path is held against it, and "*" may be
 * anything. */
bool dockerfile_matches_any(const struct dockerfile_context *c, const char *pattern)
{
    bool deep = strstr(pattern, "**") != NULL;

    for (size_t i = 0; i < c->len; i++) {
        const char *path = c->paths[i].path;

        if (deep) {
            if (fnmatch(pattern, path, 0) == 0)
                return true;
            continue;
        }

        size_t n = same_depth(path, pattern);
        if (!n)
            continue;
        cleanup_free char *head = xstrndup(path, n);
        if (fnmatch(pattern, head, FNM_PATHNAME) == 0)
            return true;
    }

    return false;
}

const char *dockerfile_other_case(const struct dockerfile_context *c, const char *path)
{
    size_t n = strlen(path);

    for (size_t i = 0; i < c->len; i++) {
        const char *other = c->paths[i].path;

        if (strncasecmp(other, path, n) == 0 && (!other[n] || other[n] == '/'))
            return other;
    }

    return NULL;
}
