/* What may be forgotten: events, evidence and steps of deployments that ended long ago; which
 * service a build task of long ago was for; expired credentials. The rows of the deployments stay
 * until a year is over, so that who asks for such a story hears what became of it; the last
 * deployments of each project and stack stay whole however old they are. */
#include "base/limits.h"
#include "store/internal.h"
#include <errno.h>

#define DAY_MS   INT64_C(86400000)
#define ROW_DAYS 365 /* LIMIT_STORE_EVENT_DAYS is what belongs to it */

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

/* Of a deployment, before itself. */
static const char *const forgotten[] = {
    "DELETE FROM events WHERE deployment IN " OLD_DEPLOYMENTS,
    "DELETE FROM evidence WHERE deployment IN " OLD_DEPLOYMENTS,
    "DELETE FROM steps WHERE deployment IN " OLD_DEPLOYMENTS,
    "DELETE FROM intents WHERE deployment IN " OLD_DEPLOYMENTS,
};

/* "SERVICE<tab>MS"; what an older daemon wrote has no time. */
#define OLD_BUILD_TASKS                                                                            \
    "DELETE FROM projects WHERE key >= '" STORE_BUILD_TASK "' AND key < 'build-task0'"             \
    " AND CAST(substr(value, instr(value, char(9)) + 1) AS INTEGER) < ?1"

int store_trim(struct store *s, int64_t now_ms, struct error *err)
{
    int64_t old_ms = now_ms - LIMIT_STORE_EVENT_DAYS * DAY_MS;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(forgotten); i++)
        rc = run_before(s, forgotten[i], old_ms, LIMIT_STORE_EVENT_KEEP, err);
    if (rc == 0)
        rc = run_before(
            s,
            "DELETE FROM deployments WHERE n IN " OLD_DEPLOYMENTS,
            now_ms - ROW_DAYS * DAY_MS,
            LIMIT_STORE_EVENT_KEEP,
            err);
    if (rc == 0)
        rc = run_before(s, OLD_BUILD_TASKS, old_ms, 0, err);
    if (rc == 0)
        rc = run_before(
            s, "DELETE FROM credentials WHERE expires_ms > 0 AND expires_ms <= ?1", now_ms, 0, err);

    return rc;
}
