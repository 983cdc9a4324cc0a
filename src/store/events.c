/* Events: appended once with a sequence without gaps, read back as the bytes that were stored.
 *
 * They are encoded before they come here and are never decoded again: what one watcher gets, each
 * gets, bit for bit, today and after a restart. The sequence is checked against a counter in the
 * deployment's row: two writers, or a number from before a lost turn, cannot make a gap or a
 * double. Readers see committed events only (commit, then publish), and a page always holds one
 * event, however large it is. */
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fault_point.h"
#include "store/internal.h"
#include <errno.h>

/* 1 for a deployment without events, and for one that is not known: appending to that fails. */
uint64_t store_event_next(struct store *s, const char *deployment)
{
    struct sql q = sql_open(&s->writer, "SELECT last_sequence FROM deployments WHERE id = ?1");

    sql_text(&q, deployment);

    int64_t last = 0;
    sql_get_int(&q, 0, &last);
    return (uint64_t)last + 1;
}

/* The row's counter moves only from sequence-1 to sequence, so two writers or a stale number cannot
 * make a gap or a double. */
static int
counter_advance(struct store *s, const char *deployment, uint64_t sequence, struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "UPDATE deployments SET last_sequence = ?2"
        " WHERE id = ?1 AND last_sequence = ?2 - 1 AND ended_ms = 0");

    sql_text(&q, deployment);
    sql_int(&q, (int64_t)sequence);

    int64_t changes = 0;
    int rc = sql_run(s, &q, &changes, err);
    if (rc < 0 || changes == 1)
        return rc;

    q = sql_open(
        &s->writer, "SELECT last_sequence FROM deployments WHERE id = ?1 AND ended_ms = 0");
    sql_text(&q, deployment);

    int64_t last = 0;
    if (sql_get_int(&q, -1, &last) < 0)
        return store_read_error(&s->writer, "reading a deployment", err);
    if (last < 0)
        return store_deployment_refuse(s, deployment, err);

    return error_raise_errno(
        err,
        ERR_FAILED,
        EINVAL,
        "event %llu of deployment %s cannot follow event %lld",
        (unsigned long long)sequence,
        deployment,
        (long long)last);
}

/* The counter first: it decides whether the number may be used. */
int store_event_append(
    struct store *s,
    const char *deployment,
    uint64_t sequence,
    const void *data,
    size_t n,
    struct error *err)
{
    if (n == 0 || n > LIMIT_STORE_EVENT_BYTES)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EMSGSIZE,
            "an event of %zu bytes (1 to %zu are allowed)",
            n,
            LIMIT_STORE_EVENT_BYTES);

    int rc = counter_advance(s, deployment, sequence, err);
    if (rc < 0)
        return rc;
    FAULT_POINT("event.append", "");

    struct sql q = sql_open(
        &s->writer,
        "INSERT INTO events(deployment, sequence, data)"
        " SELECT n, ?2, ?3 FROM deployments WHERE id = ?1");

    sql_text(&q, deployment);
    sql_int(&q, (int64_t)sequence);
    sql_blob(&q, data, n);
    rc = sql_run(s, &q, NULL, err);
    if (rc == -EEXIST) /* the counter and the table disagree: nothing of this turn may stay */
        return store_fail(s, "appending an event", err);

    if (rc == 0)
        store_touch(s, deployment);

    return rc;
}

/* The statement stays open while fn runs, which therefore must not read events itself. */
int store_event_read(
    struct store *s,
    const char *deployment,
    uint64_t after,
    unsigned max_count,
    size_t max_bytes,
    bool (*fn)(void *arg, uint64_t sequence, const void *data, size_t n),
    void *arg,
    struct error *err)
{
    struct sql q = sql_open(
        &s->reader,
        "SELECT sequence, data FROM events WHERE sequence > ?2 AND deployment ="
        " (SELECT n FROM deployments WHERE id = ?1) ORDER BY sequence LIMIT ?3");

    sql_text(&q, deployment);
    sql_int(&q, after > INT64_MAX ? INT64_MAX : (int64_t)after);
    sql_int(&q, max_count);

    size_t bytes = 0;
    bool more = true;
    int rc = 0;

    while (more && (rc = sql_row(&q)) > 0) {
        const void *data = sqlite3_column_blob(q.stmt, 1);
        size_t n = (size_t)sqlite3_column_bytes(q.stmt, 1);
        if (bytes > 0 && bytes + n > max_bytes)
            break; /* one event always fits: no reader starves */

        bytes += n;
        more = fn(arg, (uint64_t)sqlite3_column_int64(q.stmt, 0), data, n);
    }

    sql_close(&q);

    return rc < 0 ? store_read_error(&s->reader, "reading events", err) : 0;
}

/* By the reader: the end counts when it is committed. */
int store_event_tip(
    struct store *s,
    const char *deployment,
    uint64_t *last_sequence,
    bool *ended,
    struct error *err)
{
    struct sql q =
        sql_open(&s->reader, "SELECT last_sequence, ended_ms FROM deployments WHERE id = ?1");

    sql_text(&q, deployment);

    int rc = sql_row(&q);
    if (rc > 0) {
        *last_sequence = (uint64_t)sqlite3_column_int64(q.stmt, 0);
        *ended = sqlite3_column_int64(q.stmt, 1) != 0;
    }

    sql_close(&q);
    if (rc > 0)
        return 0;
    if (rc < 0)
        return store_read_error(&s->reader, "reading a deployment", err);

    error_raise(err, ERR_NOT_FOUND, "there is no deployment %s", deployment);
    error_hint(err, "`defangctl ls` lists them.");

    return -ENOENT;
}
