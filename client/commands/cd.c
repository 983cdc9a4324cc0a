/* cd: the account's CD stack and what is deployed with it.
 *
 * All of them are one verb of the daemon, and the answer says which kind it is: text to print, a
 * deployment to follow, or neither: then the engine has no preview of its own, and `plan` is it.
 * `cd ls` prints what could be asked first and says at the end which regions could not. */
#include "client/connect.h"
#include "client/follow.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/table.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_S     180
#define ALL_TIMEOUT_S 600 /* regions that do not answer are tried for a while */

/* The action is the word that the user typed after `cd`: the daemon has the table of them. */
static int ask(struct client *c, int timeout_s, Defang__CdReply **out, struct error *err)
{
    Defang__Caller caller;
    Defang__CdRequest request = DEFANG__CD_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    request.action = (char *)(c->command + strlen("cd "));
    request.force = c->options.force;
    request.all_regions = c->options.all_regions;
    request.mode = (char *)(c->options.mode ? c->options.mode : "");
    request.engine = (char *)(c->options.engine ? c->options.engine : "");
    if (rc == 0)
        rc = client_call(c, RPC_CD, &request.base, timeout_s, &reply, err);
    caller_done(&caller);
    *out = (Defang__CdReply *)reply;

    return rc;
}

/* Text, a job, or neither. */
int cmd_cd(struct client *c, struct error *err)
{
    Defang__CdReply *cd = NULL;
    int rc = ask(c, TIMEOUT_S, &cd, err);
    if (rc < 0)
        return rc;

    if (cd->text.len > 0)
        printf("%.*s\n", (int)cd->text.len, (const char *)cd->text.data);
    else if (!text_empty(cd->deployment))
        rc = follow_started(c, cd->deployment, cd->info, err);
    else
        rc = cmd_plan(c, err); /* the engine has no other preview */

    protobuf_c_message_free_unpacked(&cd->base, NULL);

    return rc;
}

/* A table, or a JSON line a stack. What could not be asked comes last, so that it is not
 * overlooked above a long table. */
static void show(struct client *c, const Defang__CdReply *cd)
{
    static const char *const titles[] = {
        "PROJECT", "STACK", "ENGINE", "REGION", "CHANGED", "STATUS", "NAME"};
    struct table *t = c->options.json ? NULL : table_new(ARRAY_LEN(titles), titles);

    for (size_t i = 0; i < cd->n_stacks; i++) {
        const Defang__CdStack *s = cd->stacks[i];
        char changed[24];

        say_time(s->changed_ms, changed, sizeof changed);

        cleanup_free char *status =
            s->pending ? xasprintf("%s, %u unfinished", s->status, s->pending) : xstrdup(s->status);
        if (t)
            table_row(
                t,
                (const char *const[]){
                    s->project, s->stack, s->engine, s->region, changed, status, s->name});
        else
            json_out_message(stdout, &s->base);
    }

    if (t)
        table_print(t);
    for (size_t i = 0; i < cd->n_failures; i++)
        if (c->options.json)
            json_out_message(stdout, &cd->failures[i]->base);

    fflush(stdout);
    for (size_t i = 0; i < cd->n_failures; i++)
        say("%s could not be asked: %s", cd->failures[i]->region, cd->failures[i]->message);
}

/* All regions take longer: some may not answer at all, and are tried for a while. */
int cmd_cd_ls(struct client *c, struct error *err)
{
    Defang__CdReply *cd = NULL;
    int rc = ask(c, c->options.all_regions ? ALL_TIMEOUT_S : TIMEOUT_S, &cd, err);
    if (rc < 0)
        return rc;

    show(c, cd);
    protobuf_c_message_free_unpacked(&cd->base, NULL);

    return 0;
}
