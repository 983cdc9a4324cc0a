/* The builder's environment: where it may find its credentials, and the switches that make it do
 * what BuildKit does. Kaniko keeps some of its old ways by default; a Dockerfile is written for
 * Docker, so here it is Docker's that hold (README of osscontainertools/kaniko, "Feature Flags").
 *
 * A version of the builder that does not know a switch warns and goes on, so that
 * DEFANG_KANIKO_IMAGE may name another one. Those that are about speed alone are left as they are.
 */
#include "base/mem.h"
#include "plan/build/builds.h"
#include <string.h>

static const char *const SWITCHES[] = {
    /* BuildKit's meaning of what stands in a Dockerfile */
    "CHOWN_ON_IMPLICIT_DIRS",      /* WORKDIR /a/b after USER: /a is the user's too */
    "COPY_AS_ROOT",                /* COPY after USER without --chown: root's */
    "COPY_CHMOD_ON_IMPLICIT_DIRS", /* COPY --chmod: of the folders that it makes as well */
    "EXPAND_HEREDOC",              /* COPY <<EOF: variables in the text */
    "RUN_HONOR_GROUP",             /* USER user:group: RUN has the group */
    "SCOPED_DOCKERIGNORE",         /* of the context alone, not of COPY --from */
    "SKIP_WRITE_WHITEOUTS",        /* a file that was deleted in a cached layer is just gone */
    "UNTAR_SKIP_ROOT",             /* ADD x.tar /d: /d keeps its owner and mode */
    /* a layer of the cache is used only for what it was made of */
    "HASH_DIR_FRAMING",
    "RESOLVE_CACHE_KEY",
    "ROLLING_CACHE_KEY",
};

/* Processes that a RUN leaves behind are reaped, so that it ends. The image's "slim" variants come
 * without the program that does it. */
#define REAP "RUN_VIA_TINI"

static json_t *variable(const char *name, json_t *value)
{
    return object(key("Name", name), key("Value", value));
}

static void turn_on(struct plan_ctx *c, json_t *list, const char *name)
{
    json_push(list, variable(arena_printf(c->a, "FF_KANIKO_%s", name), json_of("true")));
}

json_t *plan_builder_environment(struct plan_ctx *c)
{
    json_t *list = array(
        variable("AWS_REGION", graph_ref("AWS::Region")),
        variable("AWS_SDK_LOAD_CONFIG", json_of("true")));

    for (size_t i = 0; i < ARRAY_LEN(SWITCHES); i++)
        turn_on(c, list, SWITCHES[i]);
    if (!strstr(c->s->kaniko_image, "-slim"))
        turn_on(c, list, REAP);

    return list;
}
