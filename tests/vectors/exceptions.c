#include "vectors/exceptions.h"
#include "base/mem.h"
#include "base/str.h"
#include "vectors/vectors.h"
#include <stdio.h>
#include <string.h>

struct exception {
    char *id, *reason;
};

static struct exception *load(size_t *count)
{
    const char *path = getenv("VECTORS_NOT_APPLICABLE");
    cleanup_free char *text = vectors_text(path ? path : "tests/vectors/NOT_APPLICABLE.md", NULL);
    struct exception *list = NULL;
    size_t n = 0;

    if (!text) {
        printf("cannot read NOT_APPLICABLE.md (VECTORS_NOT_APPLICABLE)\n");
        exit(EXIT_FAILURE);
    }
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\n");
        cleanup_free char *line = xstrndup(p, len);
        char *first = text_starts(line, "- `") ? line + 3 : NULL,
             *second = first ? strchr(first, '`') : NULL;

        if (second) {
            list = xreallocarray(list, n + 1, sizeof *list);
            list[n++] = (struct exception){
                xstrndup(first, (size_t)(second - first)),
                text_trim(second + 1 + strspn(second + 1, " :"))};
        }
        p += len + (p[len] == '\n');
    }
    *count = n;
    return list;
}

const char *exception_reason(const char *id)
{
    static struct exception *list;
    static size_t count;

    if (!list)
        list = load(&count);
    for (size_t i = 0; i < count; i++)
        if (text_ends(id, list[i].id))
            return list[i].reason;
    return NULL;
}
