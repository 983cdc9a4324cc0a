#include "pack/internal.h"

#include <string.h>

/* The end of a path comes first, then "/": a folder's content stands directly behind its name. */
static int rank(char byte)
{
    if (!byte)
        return 0;
    return byte == '/' ? 1 : 1 + (unsigned char)byte;
}

/* The order of a walk. */
int pack_path_order(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }

    return rank(*a) - rank(*b);
}

bool pack_path_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return !strncmp(path, dir, n) && path[n] == '/';
}
