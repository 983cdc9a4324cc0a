/* Verbs that wait: the frame around each of them.
 *
 * A call comes in, gets a fiber of its own and runs its verb function to the end; that function
 * answers itself, or returns an error, which is sent here with the diagnostics that were gathered
 * so far. Whatever the call holds (its session, its project) is given back here too, so that a verb
 * may return wherever it stands.
 *
 * A client that hangs up cancels the fiber of a call that only looks. One that changes something
 * goes on: it may be half done, and half done is worse than done unseen. Streams wait for room in
 * verb_item(), so that a terminal that does not read costs nothing. */
#include "daemon/verb.h"

#include "daemon/ask.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"

#include <errno.h>
#include <string.h>

struct handler {
    struct daemon *daemon;
    verb_fn *fn;
};

static struct handler handlers[RPC_VERB_COUNT];

/* Borrowed texts; the array is the caller's to free. */
static size_t wire_diagnostics(const struct compose_diagnostics *d, struct rpc_diagnostic **out)
{
    *out = xcalloc(d->len + 1, sizeof **out);

    for (size_t i = 0; i < d->len; i++) {
        const struct compose_diagnostic *item = &d->items[i];
        (*out)[i] = (struct rpc_diagnostic){
            .severity = (unsigned)item->severity,
            .file = item->pos.file,
            .line = item->pos.line,
            .column = item->pos.column,
            .message = item->message,
            .hint = item->hint};
    }

    return d->len;
}

/* The fiber of a call, from its handler to its last word. */
static void verb_main(void *arg)
{
    struct verb_call *v = arg;
    cleanup_error struct error err = ERROR_INIT;
    const struct rpc_verb *verb = server_call_verb(v->call);
    int rc = handlers[verb->id].fn(v, server_call_request(v->call), &err);

    if (rc < 0) {
        if (!error_is_set(&err))
            error_raise_errno(
                &err,
                rc == -ECANCELED ? ERR_CANCELED : ERR_FAILED,
                -rc,
                "%s: %s",
                verb->name,
                strerror(-rc));

        struct rpc_diagnostic *diagnostics;
        size_t count = wire_diagnostics(&v->project.diagnostics, &diagnostics);

        server_call_on_cancel(v->call, NULL, NULL);
        server_error_losses(v->call, &err, diagnostics, count, &v->losses);
        free(diagnostics);
    }

    ask_end_all(v);
    session_terminal_gone(v->session, v);
    session_unref(v->daemon, v->session);
    project_done(&v->project);
    v->daemon->verbs_active--;
    fiber_detach(v->fiber);
    free(v);
}

static void on_cancel(void *arg, struct server_call *call)
{
    struct verb_call *v = arg;
    fiber_cancel(v->fiber);
}

static void on_writable(void *arg, struct server_call *call)
{
    struct verb_call *v = arg;
    fiber_cond_broadcast(&v->writable);
}

/* Calls that wait for something (a slow AWS, a person) each hold a fiber; jobs need some too. */
static void refuse_one_more(struct server_call *call)
{
    cleanup_error struct error why = ERROR_INIT;

    error_raise(
        &why, ERR_REFUSED, "the daemon answers %d calls at this moment already", LIMIT_RPC_WAITING);
    error_hint(&why, "Try again when some of them have ended.");
    server_error(call, &why, NULL, 0);
}

/* Runs on the loop: the fiber does the rest. */
static void on_call(void *arg, struct server_call *call, const ProtobufCMessage *request)
{
    struct handler *h = arg;

    if (fiber_count(h->daemon->loop) >= LIMIT_RPC_WAITING) {
        refuse_one_more(call);
        return;
    }

    struct verb_call *v = xcalloc(1, sizeof *v);

    *v = (struct verb_call){.daemon = h->daemon, .call = call};
    h->daemon->verbs_active++;
    v->fiber = fiber_spawn(h->daemon->loop, server_call_verb(call)->name, verb_main, v);

    /* A mutating call goes on when its client hangs up: it may be half done. */
    if (!(server_call_verb(call)->flags & RPC_MUTATING))
        server_call_on_cancel(call, on_cancel, v);
    if (server_call_verb(call)->flags & RPC_STREAMING)
        server_call_on_writable(call, on_writable, v);
}

void verb_handle(struct daemon *d, enum rpc_verb_id verb, verb_fn *fn)
{
    handlers[verb] = (struct handler){.daemon = d, .fn = fn};
    server_handle(d->server, verb, on_call, &handlers[verb]);
}

int verb_session_open(struct verb_call *v, const Defang__Caller *caller, struct error *err)
{
    int rc = session_get(v->daemon, caller, &v->session, err);
    if (rc == 0)
        session_terminal(v->session, v, caller);
    if (rc == 0 && !text_empty(caller->mfa_code))
        aws_session_give_mfa_code(v->session->aws, caller->mfa_code);
    return rc;
}

/* Whoever asks anything brings credentials: jobs that wait for some go on. */
int verb_session(struct verb_call *v, const Defang__Caller *caller, struct error *err)
{
    int rc = verb_session_open(v, caller, err);
    if (rc == 0)
        v->daemon->on_credentials(v->daemon, v->session);
    return rc;
}

struct engine_context verb_context(struct verb_call *v, const struct plan_facts *facts)
{
    return (struct engine_context){
        .loop = v->daemon->loop,
        .aws = v->session->aws,
        .settings = &v->project.settings,
        .facts = facts,
        .engine = v->engine,
        .project = v->project.name,
        .deployment = "000000000000"};
}

/* The wait is bounded, so that a client that went away without a word is noticed. */
int verb_item(struct verb_call *v, const ProtobufCMessage *item)
{
    while (!server_call_can_write(v->call)) {
        if (server_call_is_gone(v->call))
            return -ECANCELED;

        int rc = fiber_cond_wait(&v->writable, 60 * 1000);
        if (rc == -ECANCELED)
            return rc;
    }

    return server_item(v->call, item);
}

char *verb_text(struct arena *arena, const char *s)
{
    return arena_strdup(arena, s ? s : "");
}

void verb_diagnostics(
    struct arena *arena,
    const struct compose_diagnostics *d,
    Defang__Diagnostic ***out,
    size_t *count)
{
    *out = arena_array(arena, Defang__Diagnostic *, d->len + 1);
    *count = d->len;

    for (size_t i = 0; i < d->len; i++) {
        Defang__Diagnostic *w = arena_make(arena, Defang__Diagnostic);

        defang__diagnostic__init(w);
        w->severity = (uint32_t)d->items[i].severity;
        w->file = verb_text(arena, d->items[i].pos.file);
        w->line = d->items[i].pos.line;
        w->column = d->items[i].pos.column;
        w->message = verb_text(arena, d->items[i].message);
        w->hint = verb_text(arena, d->items[i].hint);
        w->rule = verb_text(arena, d->items[i].rule);
        (*out)[i] = w;
    }
}

Defang__DeploymentInfo *
verb_deployment_info(struct arena *arena, const struct store_deployment *row)
{
    Defang__DeploymentInfo *i = arena_make(arena, Defang__DeploymentInfo);

    defang__deployment_info__init(i);
    i->id = verb_text(arena, row->id);
    i->project = verb_text(arena, row->project);
    i->stack = verb_text(arena, row->stack);
    i->account = verb_text(arena, row->account);
    i->region = verb_text(arena, row->region);
    i->kind = verb_text(arena, row->kind);
    i->engine = verb_text(arena, row->engine);
    i->profile = verb_text(arena, row->profile);
    i->principal = verb_text(arena, row->principal);
    i->summary = verb_text(arena, row->summary);
    i->state = (Defang__DeployState)row->state;
    i->created_ms = row->created_ms;
    i->ended_ms = row->ended_ms;
    i->last_sequence = row->last_sequence;

    return i;
}
