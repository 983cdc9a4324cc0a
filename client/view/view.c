/* Which view a terminal, a pipe or a program gets, and what all of them ask about a state. The
 * views know nothing of each other: this file alone names them. */
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"

#include <unistd.h>

/* The terminal ones stand at the end of the enum (proto/defang.proto). */
bool view_state_is_terminal(Defang__DeployState state)
{
    return state >= DEFANG__DEPLOY_STATE__SUCCEEDED;
}

/* UNKNOWN for a state of a newer daemon. */
const char *view_state_name(Defang__DeployState state)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value(&defang__deploy_state__descriptor, (int)state);
    return v ? v->name : "UNKNOWN";
}

char *view_name(const Defang__DeploymentInfo *info)
{
    if (text_empty(info->project))
        return xasprintf("stack %s", info->stack);
    return xasprintf("%s/%s", info->project, info->stack);
}

const char *view_what_goes_on(const char *kind)
{
    if (text_eq(kind, "up"))
        return "the deployment";
    return text_eq(kind, "down") || text_eq(kind, "teardown") ? "the removal" : "it";
}

/* A removal goes to its end, and so does what makes or mends the account's own: no cancel is named
 * that would be refused. */
char *view_ways_back(const char *deployment, const char *kind)
{
    bool may_cancel = text_eq(kind, "up") || text_eq(kind, "build") || text_eq(kind, "refresh") ||
                      text_eq(kind, "preview");

    if (!may_cancel)
        return xasprintf("defangctl watch %s", deployment);
    return xasprintf("defangctl watch %s · cancel: defangctl cancel %s", deployment, deployment);
}

/* A terminal that cannot move its cursor (TERM=dumb, or none) gets lines, as a pipe does. */
struct view *view_new(struct client *c, const Defang__DeploymentInfo *info)
{
    if (c->options.json)
        return view_json_new(c);

    const char *term = env_get(c->env, "TERM");
    if (isatty(STDERR_FILENO) && !text_eq(term, "dumb") && !text_empty(term))
        return view_board_new(c, info);

    return view_plain_new(c, info);
}
