/* Ignore files: patterns before the first NUL, paths behind it (one a NUL). No crash, and a path
 * that is kept below ignored folders is one the walk would have found. */
#include "base/mem.h"
#include "base/str.h"
#include "fuzz.h"
#include "pack/ignore.h"
#include <string.h>

static void check(struct ignore *ig, char *path)
{
    size_t n = ignore_count(ig);
    cleanup_free bool *parent = xcalloc(n, 1), *own = xcalloc(n, 1);
    bool ignored = false, reachable = true;
    for (char *p = path;; p++) {
        char *slash = strchr(p, '/');
        if (slash)
            *slash = '\0';
        ignored = ignore_match(ig, path, p == path ? NULL : parent, own);
        memcpy(parent, own, n);
        if (!slash)
            break;
        if (ignored && !ignore_may_reinclude(ig, path))
            reachable = false;
        *slash = '/';
        p = slash;
    }
    fuzz_require(ignored || reachable);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t rules = nul ? (size_t)(nul - data) : size;
    cleanup_ignore struct ignore *ig = NULL;
    struct error err = ERROR_INIT;
    if (ignore_parse("f", (const char *)data, rules, &ig, &err) != 0) {
        fuzz_require(error_is_set(&err) && err.line >= 1);
        error_done(&err);
        return 0;
    }
    for (size_t at = rules + 1; at < size;) {
        cleanup_free char *path = xstrndup((const char *)data + at, size - at);
        at += strlen(path) + 1;
        if (strlen(path) < 4096)
            check(ig, path);
    }
    return 0;
}
