/* Paths as text: nothing here looks at the file system, so a symbolic link is a name like any
 * other and ".." goes back by one name.
 *
 * That is how Compose reads paths. Whoever must know where a path really leads asks the kernel. */
#include "base/file.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

char *path_join(const char *a, const char *b)
{
    if (*b == '/' || !*a)
        return xstrdup(b);
    if (!*b)
        return xstrdup(a);
    return xasprintf("%s%s%s", a, text_ends(a, "/") ? "" : "/", b);
}

char *path_dirname(const char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n ? xstrndup(path, n) : xstrdup(".");
}

const char *path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_absolute(const char *cwd, const char *path)
{
    cleanup_free char *joined = path_join(cwd, path);
    cleanup_str struct str out = STR_INIT;

    for (const char *p = joined; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (out.len && out.data[out.len - 1] != '/')
                str_truncate(&out, out.len - 1);
            if (out.len)
                str_truncate(&out, out.len - 1);
        } else if (n && !(n == 1 && p[0] == '.')) {
            str_append_char(&out, '/');
            str_append_bytes(&out, p, n);
        }
        p += n;
        while (*p == '/')
            p++;
    }

    return out.len ? str_take(&out) : xstrdup("/");
}

const char *path_absolute_in(struct arena *arena, const char *cwd, const char *path)
{
    cleanup_free char *absolute = path_absolute(cwd, path);
    return arena_strdup(arena, absolute);
}

char *path_expand_home(const char *path, const char *home)
{
    if (path[0] != '~' || (path[1] && path[1] != '/') || text_empty(home))
        return xstrdup(path);
    return path[1] ? path_join(home, path + 2) : xstrdup(home);
}
