/* Git repositories as build contexts, as Docker writes them: URL[#ref[:folder]].
 *
 * The builder clones over https alone. Its command line can be read by whoever may look at tasks,
 * so a URL must hold no user and no password: private repositories are checked out here. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/common/context.h"
#include <string.h>

#define HTTPS "https://"

/* Of the words that name a repository on GitHub without a scheme. */
#define GITHUB "github.com/"

static bool is_plain(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f || strchr("\"\\<>^`{|}", *p))
            return false;
    return true;
}

/* NULL: it can be cloned. `rest` is what follows the scheme, without ref. */
static const char *reason(const char *context, const char *rest, const char *host_end)
{
    if (text_starts(context, "http://"))
        return "it would be fetched in clear";
    if (!rest)
        return "the builder clones over https alone";
    if (!is_plain(context))
        return "the URL holds a character that no URL has";
    if (memchr(rest, '@', (size_t)(host_end - rest)))
        return "user and password in the URL can be read by whoever may look at tasks";
    if (strpbrk(rest, "?,"))
        return "write ref and folder as #ref:folder";
    return NULL;
}

bool plan_git_parse(
    struct arena *arena, const char *context, struct plan_git *out, const char **why)
{
    bool short_form = text_starts(context, GITHUB);
    const char *rest = short_form                    ? context
                       : text_starts(context, HTTPS) ? context + strlen(HTTPS)
                                                     : NULL;
    size_t host = rest ? strcspn(rest, "/#") : 0;
    size_t length = rest ? strcspn(rest, "#") : 0;

    *why = reason(context, rest, rest ? rest + host : NULL);
    if (*why)
        return false;

    const char *place = arena_strndup(arena, rest, length);
    if (!host || !place[host] || !place[host + 1]) {
        *why = "the URL names no repository";
        return false;
    }
    if (!short_form && !text_ends(place, ".git")) {
        *why = "only a URL that ends in .git is taken for a repository";
        return false;
    }

    const char *fragment = rest[length] ? rest + length + 1 : "";
    size_t ref = strcspn(fragment, ":");
    const char *folder = fragment[ref] ? fragment + ref + 1 : "";

    while (*folder == '/')
        folder++;
    *out = (struct plan_git){
        .url = arena_printf(arena, HTTPS "%s%s", place, text_ends(place, ".git") ? "" : ".git"),
        .ref = ref ? arena_strndup(arena, fragment, ref) : NULL,
        .folder = *folder ? arena_strdup(arena, folder) : NULL};
    return true;
}

bool plan_git_is_commit(const char *ref)
{
    return strlen(ref) == 40 && strspn(ref, "0123456789abcdef") == 40;
}
