/* Credentials of private registries: login, ls, logout.
 *
 * A log-in is tried first, as Docker tries it: one that the registry refuses is not kept. Where the
 * registry cannot be asked from here it is kept all the same, because it is the account that will
 * pull, and the answer says so. What is listed are hosts; a password never comes back. */
#include "daemon/verb.h"
#include "daemon/verbs/scope.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "engine/build/registry.h"
#include "engine/context.h"
#include "engine/values/config.h"
#include "engine/values/registries.h"
#include "plan/registries.h"

#include <string.h>

/* A registry that says no ends it; one that says nothing is a note. */
static int try_it(
    struct verb_call *v,
    const Defang__RegistryLoginRequest *r,
    const char *host,
    const struct secret *password,
    Defang__RegistryLoginReply *reply,
    struct error *err)
{
    const struct registry registry = {.http = v->daemon->http, .env = v->session->env};
    cleanup_error struct error local = ERROR_INIT;
    int rc = registry_log_in(&registry, host, r->username, secret_get(password), &local);

    reply->checked = rc == 0;
    if (rc == 0)
        return 0;
    if (local.kind == ERR_AUTH || local.kind == ERR_CANCELED) {
        error_move(err, &local);
        return rc;
    }

    reply->note = verb_text(v->project.arena, local.message);
    return 0;
}

static int
verb_registry_login(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__RegistryLoginRequest *r = (const Defang__RegistryLoginRequest *)request;
    Defang__RegistryLoginReply reply = DEFANG__REGISTRY_LOGIN_REPLY__INIT;
    cleanup_secret struct secret password = SECRET_INIT;
    const char *host = NULL;

    secret_set(&password, r->password);
    secret_wipe(r->password, strlen(r->password));

    int rc = scope_of_config(v, r->caller, err);
    if (rc == 0)
        rc = plan_registry_host(v->project.arena, r->host, &host, err);
    if (rc == 0)
        rc = try_it(v, r, host, &password, &reply, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    rc = flow_registry_keep(&c, host, r->username, &password, err);
    if (rc < 0)
        return rc;

    reply.host = verb_text(v->project.arena, host);
    reply.path = scope_config_path(v);
    server_reply(v->call, &reply.base);
    return 0;
}

static int
verb_registry_list(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__RegistryListRequest *r = (const Defang__RegistryListRequest *)request;
    Defang__RegistryListReply reply = DEFANG__REGISTRY_LIST_REPLY__INIT;
    struct flow_config *list = NULL;
    size_t count = 0;
    int rc = scope_of_config(v, r->caller, err);
    if (rc < 0)
        return rc;

    struct engine_context c = verb_context(v, NULL);
    rc = flow_config_list(&c, &list, &count, err);
    reply.hosts = arena_array(v->project.arena, char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *host = plan_registry_of_config(v->project.arena, list[i].name);
        if (host)
            reply.hosts[reply.n_hosts++] = verb_text(v->project.arena, host);
    }

    flow_config_list_done(list, count);
    if (rc < 0)
        return rc;

    reply.path = scope_config_path(v);
    server_reply(v->call, &reply.base);
    return 0;
}

/* That nothing at all was there is an error; that one of several was not is a line of the reply. */
static int
verb_registry_logout(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__RegistryLogoutRequest *r = (const Defang__RegistryLogoutRequest *)request;
    Defang__RegistryLogoutReply reply = DEFANG__REGISTRY_LOGOUT_REPLY__INIT;
    int rc = scope_of_config(v, r->caller, err);
    if (rc < 0)
        return rc;

    struct arena *arena = v->project.arena;
    struct engine_context c = verb_context(v, NULL);

    reply.removed = arena_array(arena, char *, r->n_hosts + 1);
    reply.missing = arena_array(arena, char *, r->n_hosts + 1);
    for (size_t i = 0; rc == 0 && i < r->n_hosts; i++) {
        const char *host = NULL;
        bool removed = false;

        rc = plan_registry_host(arena, r->hosts[i], &host, err);
        if (rc == 0)
            rc = flow_registry_forget(&c, host, &removed, err);
        if (rc == 0 && removed)
            reply.removed[reply.n_removed++] = verb_text(arena, host);
        else if (rc == 0)
            reply.missing[reply.n_missing++] = verb_text(arena, host);
    }

    if (rc == 0 && reply.n_removed == 0 && reply.n_missing > 0)
        return error_raise(
            err, ERR_NOT_FOUND, "no credentials of %s are kept for this project", reply.missing[0]);
    if (rc == 0)
        server_reply(v->call, &reply.base);
    return rc;
}

void verbs_registry_register(struct daemon *d)
{
    verb_handle(d, RPC_REGISTRY_LOGIN, verb_registry_login);
    verb_handle(d, RPC_REGISTRY_LIST, verb_registry_list);
    verb_handle(d, RPC_REGISTRY_LOGOUT, verb_registry_logout);
}
