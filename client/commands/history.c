/* history: releases of the project in the account, one of them, and what differs between two.
 *
 *   history            a table, newest first; the one that runs is marked
 *   history show N     its record: who, when, what it ran, how it ended
 *   history diff N M   what M changes of N
 *
 * With --json: a release a line, the record as it is kept, a difference a line. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/table.h"

#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_TIMEOUT_S 120
#define LIST_DEFAULT      20

static int
ask(struct client *c,
    uint32_t limit,
    const char *release,
    const char *against,
    Defang__HistoryReply **out,
    struct error *err)
{
    Defang__Caller caller;
    Defang__HistoryRequest request = DEFANG__HISTORY_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    request.limit = limit;
    request.release = (char *)(release ? release : "");
    request.against = (char *)(against ? against : "");
    if (rc == 0)
        rc = client_call(c, RPC_HISTORY, &request.base, HISTORY_TIMEOUT_S, &reply, err);
    caller_done(&caller);

    *out = (Defang__HistoryReply *)reply;
    return rc;
}

static char *kind_of(const Defang__Release *r)
{
    if (r->rollback_of)
        return xasprintf("rollback to %" PRId64, r->rollback_of);
    return xstrdup(r->kind);
}

int cmd_history(struct client *c, struct error *err)
{
    static const char *const titles[] = {
        "RELEASE", "WHEN", "TOOK", "KIND", "STATE", "WHO", "DEPLOYMENT", "WHAT"};
    Defang__HistoryReply *reply = NULL;

    if (c->argument_count)
        return error_raise(
            err,
            ERR_USAGE,
            "`defangctl history` takes no words; did you mean `defangctl history show %s`?",
            c->arguments[0]);

    uint32_t limit = c->options.limit >= 0 ? (uint32_t)c->options.limit : LIST_DEFAULT;
    int rc = ask(c, c->options.all ? 0 : limit, NULL, NULL, &reply, err);
    if (rc < 0)
        return rc;

    struct table *t = c->options.json ? NULL : table_new(ARRAY_LEN(titles), titles);
    for (size_t i = 0; i < reply->n_releases; i++) {
        const Defang__Release *r = reply->releases[i];

        if (!t) {
            json_out_message(stdout, &r->base);
            continue;
        }

        char when[32], took[32];
        say_time(r->created_ms, when, sizeof when);
        say_elapsed(r->ended_ms - r->created_ms, took, sizeof took);
        cleanup_free char *number = xasprintf("%" PRId64 "%s", r->number, r->runs ? " (runs)" : "");
        cleanup_free char *kind = kind_of(r);
        const char *cells[] = {
            number, when, took, kind, r->state, r->who, r->deployment, r->summary};

        table_row(t, cells);
    }
    if (t && reply->n_releases)
        table_print(t);
    else if (t) {
        table_print(t);
        say("nothing was deployed yet: `defangctl up` makes the first release");
    }

    protobuf_c_message_free_unpacked(&reply->base, NULL);
    return 0;
}

int cmd_history_show(struct client *c, struct error *err)
{
    Defang__HistoryReply *reply = NULL;

    if (c->argument_count != 1)
        return error_raise(err, ERR_USAGE, "name one release: `defangctl history show 3`");

    int rc = ask(c, 1, c->arguments[0], NULL, &reply, err);
    if (rc < 0)
        return rc;

    printf("%.*s\n", (int)reply->record_json.len, (const char *)reply->record_json.data);
    protobuf_c_message_free_unpacked(&reply->base, NULL);
    return 0;
}

static void print_change(const Defang__ReleaseChange *change)
{
    bool added = text_empty(change->before), gone = text_empty(change->after);
    cleanup_free char *name = say_clean(change->name);
    cleanup_free char *before = say_clean(change->before), *after = say_clean(change->after);

    printf(
        "%s%s%s %s %s: %s%s%s\n",
        say_on(
            stdout,
            added  ? SAY_GOOD
            : gone ? SAY_BAD
                   : SAY_WARN),
        added  ? "+"
        : gone ? "-"
               : "~",
        say_off(stdout),
        change->what,
        name,
        gone || added ? "" : before,
        gone || added ? "" : " → ",
        gone ? before : after);
}

int cmd_history_diff(struct client *c, struct error *err)
{
    Defang__HistoryReply *reply = NULL;

    if (c->argument_count != 2)
        return error_raise(err, ERR_USAGE, "name two releases: `defangctl history diff 3 4`");

    int rc = ask(c, 1, c->arguments[0], c->arguments[1], &reply, err);
    if (rc < 0)
        return rc;

    for (size_t i = 0; i < reply->n_changes; i++) {
        if (c->options.json)
            json_out_message(stdout, &reply->changes[i]->base);
        else
            print_change(reply->changes[i]);
    }
    if (!reply->n_changes)
        say("release %s and release %s do not differ", c->arguments[0], c->arguments[1]);

    protobuf_c_message_free_unpacked(&reply->base, NULL);
    return 0;
}
