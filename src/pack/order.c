#include "pack/internal.h"

#include <string.h>

/* The order of a walk: a folder's content directly behind its name, so "/" sorts before every other
 * byte. */
int pack_path_order(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    int x = *a == '/' ? 1
            : *a      ? 1 + (unsigned char)*a
                      : 0,
        y = *b == '/' ? 1
            : *b      ? 1 + (unsigned char)*b
                      : 0;
    return x - y;
}

bool pack_path_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return !strncmp(path, dir, n) && path[n] == '/';
}
