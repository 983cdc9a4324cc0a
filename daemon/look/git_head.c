/* What a repository has checked out, from its files: gitrepository-layout(5).
 *
 *   HEAD                  "ref: refs/heads/main", or the commit itself (detached)
 *   refs/heads/main       the commit; HEAD and such are the worktree's own, branches are shared
 *   packed-refs           "<commit> refs/heads/main", where `git gc` has put them
 *
 * Where none of it says a commit (a new repository, refs kept as a table) nothing is known. Whether
 * files differ from it only git itself can tell, and no program is run here. */
#include "daemon/look/git.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BRANCHES "refs/heads/"

/* SHA-1 or SHA-256; malloc'd, or NULL. */
static char *commit_in(const char *text)
{
    size_t n = text ? strspn(text, "0123456789abcdef") : 0;

    return n == 40 || n == 64 ? xstrndup(text, n) : NULL;
}

static char *packed(const char *folder, const char *ref)
{
    cleanup_free char *all = git_text(folder, "packed-refs");

    for (char *line = all; line && *line;) {
        char *end = strchr(line, '\n');
        char *space = strchr(line, ' ');

        if (end)
            *end = '\0';
        if (*line != '#' && space && text_eq(space + 1, ref))
            return commit_in(line);
        line = end ? end + 1 : NULL;
    }
    return NULL;
}

void git_head(const char *top, struct git_place *out)
{
    cleanup_free char *common = NULL;
    cleanup_free char *own = git_folders(top, &common);
    cleanup_free char *head = git_text(own, "HEAD");
    if (!head)
        return;
    if (!text_starts(head, "ref:")) {
        out->commit = commit_in(head);
        return;
    }

    cleanup_free char *ref = text_trim(head + strlen("ref:"));
    if (!text_starts(ref, "refs/") || strstr(ref, "..")) /* it becomes a path */
        return;

    cleanup_free char *loose = git_text(common, ref);
    out->branch = text_starts(ref, BRANCHES) ? xstrdup(ref + strlen(BRANCHES)) : NULL;
    out->commit = commit_in(loose);
    if (!out->commit)
        out->commit = packed(common, ref);
}
