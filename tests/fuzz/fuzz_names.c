/* What a file calls a place outside of it: git repositories as contexts, repositories of ECR. What
 * is taken goes into command lines and policies: nothing of it is empty, no line ends in it. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "fuzz.h"
#include "plan/build.h"
#include "plan/registries.h"

#include <string.h>

static void check(const char *text)
{
    fuzz_require(!text || !strpbrk(text, "\n\r"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = xstrndup((const char *)data, size);
    struct arena *arena = arena_new();
    struct plan_git git = {0};
    struct plan_ecr ecr = {0};
    const char *why = NULL;

    if (plan_git_parse(arena, text, &git, &why)) {
        fuzz_require(!text_empty(git.url));
        check(git.url);
        check(git.ref);
        check(git.folder);
    } else {
        fuzz_require(!strstr(text, "https://") || !strstr(text, ".git") || why || *text != 'h');
    }
    if (plan_ecr_parse(arena, text, &ecr)) {
        fuzz_require(strlen(ecr.account) == 12 && !text_empty(ecr.region));
        fuzz_require(!text_empty(ecr.repository));
    }
    arena_free(arena);
    return 0;
}
