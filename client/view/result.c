/* The outcome for people, after the board or the lines: the addresses, or the failure with its
 * reason and last lines. Addresses are what somebody pipes into something, so they alone go to
 * standard output; flushing both streams keeps the order on a terminal, where they meet. */
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/view/say.h"

#include <string.h>

/* By packing and unpacking: the one copy that knows every member. */
void view_result_take(Defang__Result **to, const Defang__Result *from)
{
    size_t n = defang__result__get_packed_size(from);
    cleanup_free uint8_t *packed = xmalloc(n + 1);

    defang__result__pack(from, packed);
    defang__result__free_unpacked(*to, NULL);
    *to = defang__result__unpack(NULL, n, packed);
}

/* The last lines first: the reason and what to do stand right above the next prompt. */
static void show_failure(const Defang__Result *r, Defang__DeployState state)
{
    if (r->n_last_logs > 0) {
        say("\n%sLast lines of %s:%s",
            say_on(stderr, SAY_BOLD),
            text_empty(r->failed_service) ? "the log" : r->failed_service,
            say_off(stderr));
        for (size_t i = 0; i < r->n_last_logs; i++) {
            cleanup_free char *text = say_clean(r->last_logs[i]->text);
            say("  %s%s%s", say_on(stderr, SAY_DIM), text, say_off(stderr));
        }
    }

    cleanup_free char *message = say_clean(r->error_message);
    say("\n%s%s:%s %s", say_on(stderr, SAY_BAD), view_state_name(state), say_off(stderr), message);
    say_hint(r->error_hint);
}

static void show_summary(const Defang__Result *r, const char *kind)
{
    if (r->canceled_late)
        say("\n%sCanceled too late:%s the deployment had been made, and it runs.",
            say_on(stderr, SAY_BOLD),
            say_off(stderr));
    else if (text_eq(kind, "down") && r->nothing_changed)
        say("\n%sNothing was deployed:%s what was left of it is removed.",
            say_on(stderr, SAY_GOOD),
            say_off(stderr));
    else if (text_eq(kind, "build"))
        say("\n%sBuilt:%s %u image%s%s.",
            say_on(stderr, SAY_GOOD),
            say_off(stderr),
            r->images_built,
            r->images_built == 1 ? "" : "s",
            r->images_built ? "; `defangctl up` deploys" : ", all are there");
    else if (!text_eq(kind, "up"))
        say("\n%sDone.%s", say_on(stderr, SAY_GOOD), say_off(stderr));
    else if (r->nothing_changed)
        say("\n%sNothing changed:%s what runs is what the files say.",
            say_on(stderr, SAY_GOOD),
            say_off(stderr));
    else
        say("\n%sDeployed:%s %u image%s built, %u upload%s, %u resource%s changed.",
            say_on(stderr, SAY_GOOD),
            say_off(stderr),
            r->images_built,
            r->images_built == 1 ? "" : "s",
            r->uploads,
            r->uploads == 1 ? "" : "s",
            r->resources_changed,
            r->resources_changed == 1 ? "" : "s");
}

static void print_endpoints(const Defang__Result *r)
{
    size_t width = 0;

    for (size_t i = 0; i < r->n_endpoints; i++)
        width = MAX(width, strlen(r->endpoints[i]->service));
    fflush(stderr);

    for (size_t i = 0; i < r->n_endpoints; i++)
        printf(
            "%-*s  %s%s\n",
            (int)width,
            r->endpoints[i]->service,
            r->endpoints[i]->url,
            r->endpoints[i]->is_public ? "" : "  (private)");

    fflush(stdout);
}

static void show_success(const Defang__Result *r, const char *kind)
{
    show_summary(r, kind);
    print_endpoints(r);
    for (size_t i = 0; i < r->n_kept; i++)
        say("kept: %s", r->kept[i]);
}

/* What was canceled or rolled back is shown like a failure: there is a reason to read. */
void view_result(
    const Defang__Result *r, Defang__DeployState state, const char *deployment, const char *kind)
{
    if (state == DEFANG__DEPLOY_STATE__SUCCEEDED)
        show_success(r, kind);
    else
        show_failure(r, state);
}
