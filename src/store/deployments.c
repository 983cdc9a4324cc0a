/* Deployments: a row each, from its admission to its last state.
 *
 * One unfinished deployment a project and stack: a unique index of the database holds that, not a
 * look before the write, so no race can pass it. The state moves along the table of states.c only.
 * With the terminal state go the frozen inputs and the intents, in the same transaction: inputs
 * hold what a shell's environment said, and nobody needs them any more. `ends` tells the turn that
 * the write-ahead log is to be truncated after the commit, since they are in it as well.
 *
 * A write looks at `ended_ms = 0`: a deployment that has ended is never changed again, and the
 * error says which of both it was, ended or unknown.
 *
 * Lists are read by the reader's connection: what people see is committed. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "loop/fault_point.h"
#include "store/internal.h"
#include <errno.h>
#include <string.h>

#define COLUMNS                                                                                    \
    "id, kind, project, stack, account, region, engine, profile, state, created_ms, ended_ms, "    \
    "summary, "                                                                                    \
    "last_sequence, canceled_ms, principal"

/* Inputs are wiped: what a shell's environment said is in them. */
void store_deployment_done(struct store_deployment *d)
{
    char *texts[] = {
        d->id,
        d->kind,
        d->project,
        d->stack,
        d->account,
        d->region,
        d->engine,
        d->profile,
        d->principal,
        d->summary};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        free(texts[i]);
    if (d->inputs)
        secret_wipe(d->inputs, d->inputs_len);
    free(d->inputs);
    memset(d, 0, sizeof *d);
}

/* What a job is to do may hold what its files took from the shell: passwords, tokens. */
static char *inputs_name(const char *id)
{
    return xasprintf("inputs/%s", id);
}

/* With another key they cannot be opened: then there are none. */
static void inputs_read(struct store *s, struct sql *q, struct store_deployment *d)
{
    const void *blob = sqlite3_column_blob(q->stmt, 15);
    size_t n = (size_t)sqlite3_column_bytes(q->stmt, 15);
    bool sealed = sqlite3_column_int(q->stmt, 16);
    cleanup_free char *name = inputs_name(d->id);

    if (n && sealed)
        store_seal_open(s, name, blob, n, &d->inputs, &d->inputs_len);
    if (n && !sealed) {
        d->inputs = xmemdup(blob, n);
        d->inputs_len = n;
    }
}

/* The columns in the order of COLUMNS, and the inputs behind them with how they are kept. */
static void row_read(struct store *s, struct sql *q, struct store_deployment *d)
{
    char **texts[] = {
        &d->id, &d->kind, &d->project, &d->stack, &d->account, &d->region, &d->engine, &d->profile};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = sql_column(q, (int)i);
    d->state = sqlite3_column_int(q->stmt, 8);
    d->created_ms = sqlite3_column_int64(q->stmt, 9);
    d->ended_ms = sqlite3_column_int64(q->stmt, 10);
    d->summary = sql_column(q, 11);
    d->last_sequence = (uint64_t)sqlite3_column_int64(q->stmt, 12);
    d->canceled_ms = sqlite3_column_int64(q->stmt, 13);
    d->principal = sql_column(q, 14);
    inputs_read(s, q, d);
}

/* The unfinished deployment that stands in the way, for the message. */
static int busy_error(struct store *s, const struct store_deployment *d, struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "SELECT id, kind, state FROM deployments WHERE account = ?1 AND region = ?2 "
        "AND project = ?3 AND stack = ?4 AND ended_ms = 0");

    sql_text(&q, d->account);
    sql_text(&q, d->region);
    sql_text(&q, d->project);
    sql_text(&q, d->stack);

    if (sql_row(&q) > 0) {
        cleanup_free char *id = sql_column(&q, 0);
        cleanup_free char *kind = sql_column(&q, 1);

        error_raise_errno(
            err,
            ERR_REFUSED,
            EBUSY,
            "deployment %s (%s) of %s%s%s is still %s",
            id,
            kind,
            d->project[0] ? d->project : "this account",
            d->stack[0] ? "/" : "",
            d->stack,
            store_state_name(sqlite3_column_int(q.stmt, 2)));
        if (text_eq(kind, "down") || text_eq(kind, "teardown"))
            error_hint(err, "Watch it with `defangctl watch %s`; a removal goes to its end.", id);
        else
            error_hint(
                err,
                "Watch it with `defangctl watch %s` or end it with `defangctl cancel %s`.",
                id,
                id);
        sql_close(&q);
        return -EBUSY;
    }

    sql_close(&q);

    return error_raise_errno(err, ERR_REFUSED, EEXIST, "a deployment %s exists already", d->id);
}

/* The index refuses a second unfinished one; the message then says which is in the way. */
int store_deployment_insert(struct store *s, const struct store_deployment *d, struct error *err)
{
    if (d->inputs_len > LIMIT_STORE_INPUTS_BYTES)
        return error_raise_errno(
            err,
            ERR_REFUSED,
            EMSGSIZE,
            "the project's frozen inputs are %zu bytes, more than %zu",
            d->inputs_len,
            LIMIT_STORE_INPUTS_BYTES);

    if (d->state <= 0 || store_state_is_terminal(d->state))
        return error_raise_errno(
            err,
            ERR_FAILED,
            EINVAL,
            "a deployment cannot begin in state %s",
            store_state_name(d->state));

    cleanup_free char *name = inputs_name(d->id);
    cleanup_free void *sealed = NULL;
    size_t sealed_len = 0;
    int rc = d->inputs_len
                 ? store_seal_close(s, name, d->inputs, d->inputs_len, &sealed, &sealed_len, err)
                 : 0;
    if (rc < 0)
        return rc;

    struct sql q = sql_open(
        &s->writer,
        "INSERT INTO deployments(id, kind, project, stack, account, region, engine, profile,"
        " state, created_ms, inputs, principal, sealed)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)");

    const char *texts[] = {
        d->id, d->kind, d->project, d->stack, d->account, d->region, d->engine, d->profile};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        sql_text(&q, texts[i]);
    sql_int(&q, d->state);
    sql_int(&q, d->created_ms ? d->created_ms : clock_wall_ms());
    sql_blob(&q, sealed, sealed_len);
    sql_text(&q, d->principal);

    rc = sql_run(s, &q, NULL, err);
    if (rc == -EEXIST)
        return busy_error(s, d, err);

    if (rc == 0)
        store_touch(s, d->id);

    return rc;
}

int store_deployment_refuse(struct store *s, const char *id, struct error *err)
{
    struct sql q = sql_open(&s->writer, "SELECT state FROM deployments WHERE id = ?1");

    sql_text(&q, id);

    int64_t state = 0;
    if (sql_get_int(&q, 0, &state) < 0)
        return store_read_error(&s->writer, "looking up a deployment", err);

    if (!state) {
        error_raise(err, ERR_NOT_FOUND, "there is no deployment %s", id);
        error_hint(err, "`defangctl ls` lists them.");
        return -ENOENT;
    }

    return error_raise_errno(
        err, ERR_REFUSED, ESTALE, "deployment %s has ended (%s)", id, store_state_name((int)state));
}

/* Tokens of things that are over: another deployment must never find them. */
static int intents_erase(struct store *s, const char *id, struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "DELETE FROM intents WHERE deployment = (SELECT n FROM deployments WHERE id = ?1)");

    sql_text(&q, id);
    return sql_run(s, &q, NULL, err);
}

/* Read, judged and written within the turn's transaction. */
int store_deployment_move(
    struct store *s, const char *id, int state, const char *summary, struct error *err)
{
    struct sql q =
        sql_open(&s->writer, "SELECT state FROM deployments WHERE id = ?1 AND ended_ms = 0");

    sql_text(&q, id);

    int64_t from = 0, changes = 0;
    if (sql_get_int(&q, 0, &from) < 0)
        return store_read_error(&s->writer, "looking up a deployment", err);
    if (!from)
        return store_deployment_refuse(s, id, err);

    if (!store_state_may_follow((int)from, state))
        return error_raise_errno(
            err,
            ERR_FAILED,
            EINVAL,
            "deployment %s cannot go from %s to %s",
            id,
            store_state_name((int)from),
            store_state_name(state));

    FAULT_POINT("state.move", store_state_name(state));
    bool ends = store_state_is_terminal(state);
    q = sql_open(
        &s->writer,
        "UPDATE deployments SET state = ?2, summary = coalesce(?3, summary), ended_ms = ?4,"
        " inputs = iif(?4 = 0, inputs, NULL) WHERE id = ?1");
    sql_text(&q, id);
    sql_int(&q, state);
    sql_text(&q, summary);
    sql_int(&q, ends ? clock_wall_ms() : 0);

    int rc = sql_run(s, &q, &changes, err);
    if (rc == 0 && ends)
        rc = intents_erase(s, id, err);
    if (rc == 0 && ends)
        rc = store_job_keys_put(s, id, NULL, 0, err);

    if (rc == 0) {
        store_touch(s, id);
        s->ends = s->ends || ends;
    }

    return rc;
}

/* Beside the state, not in it: BLOCKED_AUTH and a restart overwrite states. */
int store_deployment_cancel(struct store *s, const char *id, struct error *err)
{
    int64_t changes = 0;
    struct sql q = sql_open(
        &s->writer,
        "UPDATE deployments SET canceled_ms = iif(canceled_ms, canceled_ms, ?2)"
        " WHERE id = ?1 AND ended_ms = 0");

    sql_text(&q, id);
    sql_int(&q, clock_wall_ms());

    int rc = sql_run(s, &q, &changes, err);
    if (rc == 0 && !changes)
        return store_deployment_refuse(s, id, err);

    return rc;
}

int store_deployment_rebind(
    struct store *s, const char *id, const char *principal, struct error *err)
{
    struct sql q = sql_open(
        &s->writer, "UPDATE deployments SET principal = ?2 WHERE id = ?1 AND ended_ms = 0");
    int64_t changes = 0;

    sql_text(&q, id);
    sql_text(&q, principal);

    int rc = sql_run(s, &q, &changes, err);
    return rc == 0 && changes == 0 ? store_deployment_refuse(s, id, err) : rc;
}

/* By the writer's connection: a job sees what it has just written. */
int store_deployment_get(
    struct store *s, const char *id, struct store_deployment *out, struct error *err)
{
    struct sql q =
        sql_open(&s->writer, "SELECT " COLUMNS ", inputs, sealed FROM deployments WHERE id = ?1");

    sql_text(&q, id);

    int rc = sql_row(&q);
    if (rc > 0) {
        memset(out, 0, sizeof *out);
        row_read(s, &q, out);
        rc = 0;
    } else if (rc == 0) {
        rc = -ENOENT;
    } else {
        rc = store_read_error(&s->writer, "reading a deployment", err);
    }

    sql_close(&q);

    return rc == -ENOENT ? store_deployment_refuse(s, id, err) : rc;
}

int store_deployment_each(
    struct store *s,
    const struct store_filter *f,
    bool (*fn)(void *arg, const struct store_deployment *d),
    void *arg,
    struct error *err)
{
    /* Rows are collected first: fn may call the store. */
    VEC(struct store_deployment) rows = {0};
    struct sql q = sql_open(
        &s->reader,
        "SELECT " COLUMNS
        ", iif(?5, inputs, NULL), sealed FROM deployments WHERE (?1 IS NULL OR project = ?1) AND "
        "(?2 IS NULL OR stack = ?2)"
        " AND (?3 IS NULL OR account = ?3) AND (?4 IS NULL OR region = ?4) AND (?5 = 0 OR ended_ms "
        "= 0)"
        " ORDER BY n DESC LIMIT ?6");

    sql_text(&q, f->project);
    sql_text(&q, f->stack);
    sql_text(&q, f->account);
    sql_text(&q, f->region);
    sql_int(&q, f->unfinished_only);
    sql_int(&q, f->limit ? (int64_t)f->limit : -1);

    int rc;
    while ((rc = sql_row(&q)) > 0) {
        struct store_deployment d = {0};

        row_read(s, &q, &d);
        vec_push(&rows, d);
    }

    sql_close(&q);
    if (rc < 0)
        rc = store_read_error(&s->reader, "listing deployments", err);

    bool more = rc == 0;
    vec_each(d, &rows) {
        more = more && fn(arg, d);
        store_deployment_done(d);
    }

    vec_free(&rows);

    return rc;
}
