/* `compose lint`: nothing of AWS is asked. */
#include "daemon/verb.h"

static int
verb_compose_lint(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__ComposeLintRequest *r = (const Defang__ComposeLintRequest *)request;
    int rc = project_lint(v->daemon, r->caller, r->mode, &v->project, err);
    if (rc < 0)
        return rc;
    Defang__ComposeLintReply reply = DEFANG__COMPOSE_LINT_REPLY__INIT;
    reply.project = verb_text(v->project.arena, v->project.name);
    verb_diagnostics(
        v->project.arena, &v->project.diagnostics, &reply.diagnostics, &reply.n_diagnostics);
    server_reply(v->call, &reply.base);
    return 0;
}

void verbs_lint_register(struct daemon *d)
{
    verb_handle(d, RPC_COMPOSE_LINT, verb_compose_lint);
}
