/* Verbs that wait: each call runs in a fiber of its own; a client that goes away cancels it. A verb
 * function answers itself (server_reply, server_end) and returns 0, or returns an error, which is
 * sent with the diagnostics gathered so far. */
#pragma once

#include "daemon/daemon.h"
#include "daemon/project.h"
#include "daemon/session.h"
#include "engine/context.h"
#include "engine/engine.h"
#include "rpc/frame.h"

struct verb_ask;

struct verb_call {
    struct daemon *daemon;
    struct server_call *call;
    struct fiber *fiber;
    struct session *session;     /* dropped at the end */
    const struct engine *engine; /* of the project, when it was chosen (engine_choice.h) */
    struct project project;      /* dropped at the end; its diagnostics go with an error */
    struct fiber_cond writable;
    struct verb_ask *asks; /* that wait for the client's answer (ask.c) */
    uint32_t last_ask;
    struct rpc_losses losses; /* go with an error that asks consent; in the project's arena */
};

typedef int verb_fn(struct verb_call *v, const ProtobufCMessage *request, struct error *err);

/* Registers `fn` for `verb`, before the loop runs. */
void verb_handle(struct daemon *d, enum rpc_verb_id verb, verb_fn *fn);

/* Session of the caller, in v->session. */
int verb_session_open(struct verb_call *v, const Defang__Caller *caller, struct error *err);

/* The same; jobs that wait for credentials of that account get them,
 * which may suspend. */
int verb_session(struct verb_call *v, const Defang__Caller *caller, struct error *err);

/* A context for single calls of the engine: no sink, no journal. `facts` may be NULL. */
struct engine_context verb_context(struct verb_call *v, const struct plan_facts *facts);

/* For streams: sends and waits for room. -ECANCELED when the client is gone. */
int verb_item(struct verb_call *v, const ProtobufCMessage *item);

/* Diagnostics for a reply, in `arena`: *out has *count of them. */
void verb_diagnostics(
    struct arena *arena,
    const struct compose_diagnostics *d,
    Defang__Diagnostic ***out,
    size_t *count);

/* A deployment's row for a reply, in `arena`. */
Defang__DeploymentInfo *
verb_deployment_info(struct arena *arena, const struct store_deployment *row);

/* A copy in `arena`, never NULL: protobuf has no text that is not there. */
char *verb_text(struct arena *arena, const char *s);

/* One a family of verbs, in daemon/verbs. */

void verbs_deploy_register(struct daemon *d);
void verbs_cd_register(struct daemon *d);
void verbs_project_register(struct daemon *d);
void verbs_compose_register(struct daemon *d);
void verbs_explain_register(struct daemon *d);
void verbs_config_register(struct daemon *d);
void verbs_registry_register(struct daemon *d);
void verbs_plan_register(struct daemon *d);
void verbs_eject_register(struct daemon *d);
void verbs_daemon_register(struct daemon *d);
void verbs_login_register(struct daemon *d);
void verbs_resume_register(struct daemon *d);
void verbs_init_register(struct daemon *d);
void verbs_history_register(struct daemon *d);
