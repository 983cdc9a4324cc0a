/* What may be forgotten: events, evidence and steps of deployments that ended long ago, expired
 * credentials. Rows of deployments stay, so that lists stay whole; the last ones of each project
 * and stack keep their events however old they are. */
#include "base/limits.h"
#include "store/internal.h"
#include <errno.h>

#define DAY_MS INT64_C(86400000)

static int
run_before(struct store *s, const char *text, int64_t before_ms, int64_t keep, struct error *err)
{
    struct sql q = sql_open(&s->writer, text);

    sql_int(&q, before_ms);
    if (keep)
        sql_int(&q, keep);
    return sql_run(s, &q, NULL, err);
}

/* Ranks ended deployments within their project and stack, newest first. */
#define OLD_DEPLOYMENTS                                                                            \
    "(SELECT n FROM (SELECT n, ended_ms, row_number() OVER"                                        \
    " (PARTITION BY account, region, project, stack ORDER BY n DESC) AS place FROM deployments)"   \
    " WHERE ended_ms > 0 AND ended_ms < ?1 AND place > ?2)"

/* Events and steps of the same deployments, then what has expired. */
int store_trim(struct store *s, int64_t now_ms, struct error *err)
{
    int64_t old_ms = now_ms - LIMIT_STORE_EVENT_DAYS * DAY_MS;
    int rc = run_before(
        s,
        "DELETE FROM events WHERE deployment IN " OLD_DEPLOYMENTS,
        old_ms,
        LIMIT_STORE_EVENT_KEEP,
        err);
    if (rc == 0)
        rc = run_before(
            s,
            "DELETE FROM evidence WHERE deployment IN " OLD_DEPLOYMENTS,
            old_ms,
            LIMIT_STORE_EVENT_KEEP,
            err);
    if (rc == 0)
        rc = run_before(
            s,
            "DELETE FROM steps WHERE deployment IN " OLD_DEPLOYMENTS,
            old_ms,
            LIMIT_STORE_EVENT_KEEP,
            err);
    if (rc == 0)
        rc = run_before(
            s, "DELETE FROM credentials WHERE expires_ms > 0 AND expires_ms <= ?1", now_ms, 0, err);

    return rc;
}
