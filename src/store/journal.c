/* The journal of a deployment: which steps it entered and left, and what it intended.
 *
 * A step is entered before it starts and left when it is done, so that the next life of the daemon
 * knows where to go on. An intent is a token or a place to resume (a ClientRequestToken, an
 * upload's id, a task): it is written and flushed before the effect on AWS, so that after a crash
 * the job asks AWS what became of it instead of doing it twice. Intents go with the terminal state.
 *
 * Nothing can be written for a deployment that has ended. */
#include "base/clock.h"
#include "base/mem.h"
#include "loop/fault_point.h"
#include "store/internal.h"
#include <errno.h>

/* No row was touched: the deployment is unknown or has ended. */
static int
run_on_deployment(struct store *s, struct sql *q, const char *deployment, struct error *err)
{
    int64_t changes = 0;
    int rc = sql_run(s, q, &changes, err);
    if (rc == 0 && changes == 0)
        return store_deployment_refuse(s, deployment, err);

    return rc;
}

/* Entering again, after a restart, opens a step that was left. */
int store_step_enter(struct store *s, const char *deployment, const char *step, struct error *err)
{
    FAULT_POINT("step.enter", step);

    struct sql q = sql_open(
        &s->writer,
        "INSERT INTO steps(deployment, step, entered_ms)"
        " SELECT n, ?2, ?3 FROM deployments WHERE id = ?1 AND ended_ms = 0"
        " ON CONFLICT DO UPDATE SET entered_ms = excluded.entered_ms, left_ms = 0");

    sql_text(&q, deployment);
    sql_text(&q, step);
    sql_int(&q, clock_wall_ms());
    return run_on_deployment(s, &q, deployment, err);
}

/* A step that was never entered cannot be left: the job's code would be wrong. */
int store_step_leave(struct store *s, const char *deployment, const char *step, struct error *err)
{
    FAULT_POINT("step.leave", step);

    struct sql q = sql_open(
        &s->writer,
        "UPDATE steps SET left_ms = ?3 WHERE step = ?2 AND deployment ="
        " (SELECT n FROM deployments WHERE id = ?1 AND ended_ms = 0)");

    sql_text(&q, deployment);
    sql_text(&q, step);
    sql_int(&q, clock_wall_ms());

    int64_t changes = 0;
    int rc = sql_run(s, &q, &changes, err);
    if (rc == 0 && changes == 0)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EINVAL,
            "step %s of deployment %s was left without being entered",
            step,
            deployment);

    return rc;
}

/* 0 and false for a step that nobody entered. */
int store_step_done(
    struct store *s, const char *deployment, const char *step, bool *done, struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "SELECT left_ms FROM steps WHERE step = ?2 AND deployment ="
        " (SELECT n FROM deployments WHERE id = ?1)");

    sql_text(&q, deployment);
    sql_text(&q, step);

    int64_t left_ms = 0;
    if (sql_get_int(&q, 0, &left_ms) < 0)
        return store_read_error(&s->writer, "reading the journal", err);

    *done = left_ms != 0;

    return 0;
}

/* One that is not there is deleted as well as one that is. */
static int
intent_delete(struct store *s, const char *deployment, const char *key, struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "DELETE FROM intents WHERE key = ?2 AND deployment ="
        " (SELECT n FROM deployments WHERE id = ?1)");

    sql_text(&q, deployment);
    sql_text(&q, key);
    return sql_run(s, &q, NULL, err);
}

/* The last value counts. */
int store_intent_put(
    struct store *s, const char *deployment, const char *key, const char *value, struct error *err)
{
    FAULT_POINT("intent.put", key);
    if (!value)
        return intent_delete(s, deployment, key, err);

    struct sql q = sql_open(
        &s->writer,
        "INSERT INTO intents(deployment, key, value)"
        " SELECT n, ?2, ?3 FROM deployments WHERE id = ?1 AND ended_ms = 0"
        " ON CONFLICT DO UPDATE SET value = excluded.value");

    sql_text(&q, deployment);
    sql_text(&q, key);
    sql_text(&q, value);

    return run_on_deployment(s, &q, deployment, err);
}

/* By the writer: an intent is found as soon as it is put. */
int store_intent_get(
    struct store *s, const char *deployment, const char *key, char **value, struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "SELECT value FROM intents WHERE key = ?2 AND deployment ="
        " (SELECT n FROM deployments WHERE id = ?1)");

    sql_text(&q, deployment);
    sql_text(&q, key);

    int rc = sql_row(&q);
    *value = rc > 0 ? sql_column(&q, 0) : NULL;
    sql_close(&q);

    return rc < 0 ? store_read_error(&s->writer, "reading the journal", err) : 0;
}
