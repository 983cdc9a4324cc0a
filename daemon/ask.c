/* Asks of the daemon, each a question over a call that the client keeps open.
 *
 * The fiber that asks is not always the call's own: a session resolves its credentials once for all
 * who wait for them. So an ask lies on the stack of the fiber that waits, and is in its call's list
 * only as long as both are there: an end of the call takes it out and wakes it, a cancel of the
 * fiber takes it out and leaves the call alone. What the client still answers then finds nobody and
 * is dropped.
 *
 * An answer may be keys: its message is wiped as soon as it is read. */
#include "daemon/ask.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>

struct verb_ask {
    struct verb_ask *next;
    struct verb_call *call; /* NULL: it has ended, or its client is gone */
    uint32_t id;
    Defang__Input *answer;
    struct fiber_cond answered;
};

static void take_out(struct verb_ask *a)
{
    struct verb_ask **at = &a->call->asks;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    a->call = NULL;
}

void ask_end_all(struct verb_call *v)
{
    while (v->asks) {
        struct verb_ask *a = v->asks;

        take_out(a);
        fiber_cond_broadcast(&a->answered);
    }
}

static void on_input(void *arg, struct server_call *call, Defang__Input *input)
{
    struct verb_call *v = arg;
    struct verb_ask *a = v->asks;

    if (!input) {
        ask_end_all(v);
        return;
    }

    while (a && a->id != input->ask)
        a = a->next;

    if (!a || a->answer) {
        server_input_free(input); /* nobody waits for it any more */
        return;
    }

    a->answer = input;
    fiber_cond_broadcast(&a->answered);
}

static int no_answer(int rc, struct error *err)
{
    if (rc == -ECANCELED && fiber_is_canceled())
        return error_raise_errno(err, ERR_CANCELED, ECANCELED, "canceled");
    if (rc == -ETIMEDOUT)
        return error_raise_errno(
            err, ERR_AUTH, ETIMEDOUT, "the terminal did not answer within %d h", LIMIT_ASK_HOURS);

    return error_raise_errno(err, ERR_AUTH, ECONNRESET, "the terminal that was asked went away");
}

/* The answer is the caller's, for server_input_free(). */
static int
ask(struct verb_call *v, Defang__Ask *question, Defang__Input **answer, struct error *err)
{
    struct verb_ask a = {.next = v->asks, .call = v, .id = ++v->last_ask};
    int rc = 0;

    if (server_call_is_gone(v->call))
        return no_answer(0, err);

    v->asks = &a;
    question->id = a.id;
    server_call_on_input(v->call, on_input, v);
    server_ask(v->call, question);

    while (rc == 0 && a.call && !a.answer)
        rc = fiber_cond_wait(&a.answered, LIMIT_ASK_HOURS * 3600LL * 1000);

    if (a.call)
        take_out(&a);
    *answer = a.answer;
    if (a.answer)
        return 0;

    return no_answer(rc, err);
}

/* The caller's folder, as its request says it. */
static const char *folder_of(const struct verb_call *v)
{
    const Defang__Caller *caller =
        rpc_verb_caller(server_call_verb(v->call), server_call_request(v->call));
    return caller ? caller->cwd : "/";
}

static int result_of(const Defang__Input *answer, struct child_result *result, struct error *err)
{
    if (answer->what_case == DEFANG__INPUT__WHAT_FAILED)
        return error_raise_errno(err, ERR_AUTH, EIO, "%s", answer->failed);
    if (answer->what_case != DEFANG__INPUT__WHAT_RAN)
        return error_raise_errno(err, ERR_AUTH, EIO, "defangctl gave no answer that is known here");

    const Defang__ProgramRan *ran = answer->ran;
    if (ran->output.len > LIMIT_CHILD_OUTPUT_BYTES)
        return error_raise_errno(
            err, ERR_AUTH, EIO, "it wrote more than %zu bytes", LIMIT_CHILD_OUTPUT_BYTES);

    result->exit_code = ran->exit_code;
    result->term_signal = ran->term_signal;
    str_append_bytes(&result->out, ran->output.data, ran->output.len);
    return 0;
}

int ask_run_program(
    struct verb_call *v,
    const char *const *argv,
    const char *why,
    struct child_result *result,
    struct error *err)
{
    Defang__RunProgram run = DEFANG__RUN_PROGRAM__INIT;
    Defang__Ask question = DEFANG__ASK__INIT;
    Defang__Input *answer = NULL;

    *result = (struct child_result){0};
    while (argv[run.n_argv])
        run.n_argv++;
    run.argv = xcalloc(run.n_argv, sizeof *run.argv);
    for (size_t i = 0; i < run.n_argv; i++)
        run.argv[i] =
            (ProtobufCBinaryData){.len = strlen(argv[i]), .data = (uint8_t *)(uintptr_t)argv[i]};
    run.folder = (char *)(uintptr_t)folder_of(v);
    run.why = (char *)(uintptr_t)why;
    question.what_case = DEFANG__ASK__WHAT_RUN;
    question.run = &run;

    int rc = ask(v, &question, &answer, err);
    if (rc == 0)
        rc = result_of(answer, result, err);
    server_input_free(answer);
    free(run.argv);
    return rc;
}
