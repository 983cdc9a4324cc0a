/* What a failure left: task stop reasons, last lines, answers of health checks, events of the
 * stack. Kept with the deployment, because AWS forgets it: ECS within an hour, a roll back at once.
 *
 * An item is JSON that is never looked into here. Its key says what it is of ("task/…"): the same
 * thing that is looked at again, by a later life of the daemon or with more lines, takes the place
 * of what was known. Both the number of items and their bytes are bounded; what does not fit any
 * more is left out, for the first failures are the cause. Items go when the deployment's events
 * go. */
#include "base/limits.h"
#include "base/mem.h"
#include "store/internal.h"
#include <string.h>

/* Whether one more item of that size has room, beside those of other keys. */
static int has_room(
    struct store *s,
    const char *deployment,
    const char *key,
    size_t bytes,
    bool *room,
    struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "SELECT count(*) < ?3 AND coalesce(sum(bytes), 0) + ?4 <= ?5 FROM evidence"
        " WHERE key <> ?2 AND deployment = (SELECT n FROM deployments WHERE id = ?1)");
    int64_t fits = 0;

    sql_text(&q, deployment);
    sql_text(&q, key);
    sql_int(&q, LIMIT_EVIDENCE_ITEMS);
    sql_int(&q, (int64_t)bytes);
    sql_int(&q, LIMIT_EVIDENCE_BYTES);
    if (sql_get_int(&q, 0, &fits) < 0)
        return store_read_error(&s->writer, "reading what failures left", err);

    *room = fits != 0 && bytes <= LIMIT_EVIDENCE_ITEM_BYTES;
    return 0;
}

int store_evidence_put(
    struct store *s, const char *deployment, const char *key, const char *data, struct error *err)
{
    bool room = false;
    int rc = has_room(s, deployment, key, strlen(data), &room, err);
    if (rc < 0 || !room)
        return rc;

    struct sql q = sql_open(
        &s->writer,
        "INSERT INTO evidence(deployment, key, data, bytes)"
        " SELECT n, ?2, ?3, ?4 FROM deployments WHERE id = ?1 AND ended_ms = 0"
        " ON CONFLICT(deployment, key) DO UPDATE SET data = excluded.data, bytes = excluded.bytes");
    int64_t changes = 0;

    sql_text(&q, deployment);
    sql_text(&q, key);
    sql_text(&q, data);
    sql_int(&q, (int64_t)strlen(data));
    rc = sql_run(s, &q, &changes, err);
    return rc == 0 && changes == 0 ? store_deployment_refuse(s, deployment, err) : rc;
}

/* By the writer: a job that ends reads what it has just put. */
int store_evidence_each(
    struct store *s,
    const char *deployment,
    void (*fn)(void *arg, const char *data),
    void *arg,
    struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "SELECT data FROM evidence WHERE deployment ="
        " (SELECT n FROM deployments WHERE id = ?1) ORDER BY n");
    int rc;

    sql_text(&q, deployment);
    while ((rc = sql_row(&q)) > 0) {
        cleanup_free char *data = sql_column(&q, 0);
        fn(arg, data);
    }

    sql_close(&q);
    return rc < 0 ? store_read_error(&s->writer, "reading what failures left", err) : 0;
}
