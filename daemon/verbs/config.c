/* Sensitive config: set, list, remove. Values pass through memory on their way to SSM and are
 * wiped, also those that were not reached because one before them failed. They are never read back:
 * what is listed are names. */
#include "daemon/verb.h"
#include "daemon/verbs/scope.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "engine/context.h"
#include "engine/values/config.h"

#include <string.h>

/* Those behind one that failed are wiped too. */
static int verb_config_set(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ConfigSetRequest *r = (const Defang__ConfigSetRequest *)request;
    int rc = scope_of_config(v, r->caller, err);
    if (rc < 0)
        return rc;

    struct arena *arena = v->project.arena;
    struct engine_context c = verb_context(v, NULL);
    Defang__ConfigSetReply reply = DEFANG__CONFIG_SET_REPLY__INIT;

    reply.set = arena_array(arena, char *, r->n_values + 1);
    reply.kept = arena_array(arena, char *, r->n_values + 1);

    for (size_t i = 0; rc == 0 && i < r->n_values; i++) {
        cleanup_secret struct secret value = SECRET_INIT;
        bool set = false;

        secret_set(&value, r->values[i]->value);
        secret_wipe(r->values[i]->value, strlen(r->values[i]->value));
        rc = flow_config_set(&c, r->values[i]->name, &value, r->if_not_set, &set, err);
        if (rc == 0 && set)
            reply.set[reply.n_set++] = r->values[i]->name;
        else if (rc == 0)
            reply.kept[reply.n_kept++] = r->values[i]->name;
    }

    for (size_t i = 0; i < r->n_values; i++)
        secret_wipe(r->values[i]->value, strlen(r->values[i]->value));
    if (rc < 0)
        return rc;

    reply.path = scope_config_path(v);
    server_reply(v->call, &reply.base);

    return 0;
}

static int verb_config_list(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ConfigListRequest *r = (const Defang__ConfigListRequest *)request;
    struct flow_config *list = NULL;
    size_t count = 0;
    int rc = scope_of_config(v, r->caller, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    rc = flow_config_list(&c, &list, &count, err);

    if (rc == 0) {
        Defang__ConfigListReply reply = DEFANG__CONFIG_LIST_REPLY__INIT;

        reply.names = arena_array(v->project.arena, char *, count + 1);
        for (size_t i = 0; i < count; i++)
            if (!strchr(list[i].name, '/')) /* `registry ls` shows those */
                reply.names[reply.n_names++] = list[i].name;
        reply.path = scope_config_path(v);
        server_reply(v->call, &reply.base);
    }

    flow_config_list_done(list, count);

    return rc;
}

/* That nothing at all was there is an error; that one of several was not is a line of the reply. */
static int
verb_config_remove(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ConfigRemoveRequest *r = (const Defang__ConfigRemoveRequest *)request;
    int rc = scope_of_config(v, r->caller, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    Defang__ConfigRemoveReply reply = DEFANG__CONFIG_REMOVE_REPLY__INIT;

    reply.removed = arena_array(v->project.arena, char *, r->n_names + 1);
    reply.missing = arena_array(v->project.arena, char *, r->n_names + 1);

    for (size_t i = 0; rc == 0 && i < r->n_names; i++) {
        bool removed = false;

        rc = flow_config_remove(&c, r->names[i], &removed, err);
        if (rc == 0 && removed)
            reply.removed[reply.n_removed++] = r->names[i];
        else if (rc == 0)
            reply.missing[reply.n_missing++] = r->names[i];
    }

    if (rc == 0 && reply.n_removed == 0 && reply.n_missing > 0) {
        cleanup_free char *path = plan_config_path(&v->project.settings, v->project.name);
        return error_raise(err, ERR_NOT_FOUND, "no such config under %s", path);
    }

    if (rc == 0)
        server_reply(v->call, &reply.base);

    return rc;
}

void verbs_config_register(struct daemon *d)
{
    verb_handle(d, RPC_CONFIG_SET, verb_config_set);
    verb_handle(d, RPC_CONFIG_LIST, verb_config_list);
    verb_handle(d, RPC_CONFIG_REMOVE, verb_config_remove);
}
