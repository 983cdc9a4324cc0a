/* What is remembered of a project across its deployments (its engine, whose image a build task
 * made) by account, region, project and stack: the same names in another account are another
 * project. Hints only: AWS holds the truth, and whoever reads asks there when nothing is known
 * here. */
#include "base/mem.h"
#include "store/internal.h"

/* The first five parameters, in this order, of every statement here. */
static void bind_key(
    struct sql *q,
    const char *account,
    const char *region,
    const char *project,
    const char *stack,
    const char *key)
{
    sql_text(q, account);
    sql_text(q, region);
    sql_text(q, project);
    sql_text(q, stack);
    sql_text(q, key);
}

/* NULL removes; removing what is not there is fine. */
int store_project_put(
    struct store *s,
    const char *account,
    const char *region,
    const char *project,
    const char *stack,
    const char *key,
    const char *value,
    struct error *err)
{
    struct sql q;

    if (value)
        q = sql_open(
            &s->writer,
            "INSERT INTO projects(account, region, project, stack, key, value) VALUES(?1, ?2, ?3, "
            "?4, ?5, ?6)"
            " ON CONFLICT DO UPDATE SET value = excluded.value");
    else
        q = sql_open(
            &s->writer,
            "DELETE FROM projects WHERE account = ?1 AND region = ?2 AND project = ?3 AND stack = "
            "?4"
            " AND key = ?5");

    bind_key(&q, account, region, project, stack, key);
    if (value)
        sql_text(&q, value);
    return sql_run(s, &q, NULL, err);
}

int store_project_get(
    struct store *s,
    const char *account,
    const char *region,
    const char *project,
    const char *stack,
    const char *key,
    char **value,
    struct error *err)
{
    struct sql q = sql_open(
        &s->writer,
        "SELECT value FROM projects WHERE account = ?1 AND region = ?2 AND project = ?3"
        " AND stack = ?4 AND key = ?5");

    bind_key(&q, account, region, project, stack, key);

    int rc = sql_row(&q);
    *value = rc > 0 ? sql_column(&q, 0) : NULL;
    sql_close(&q);

    return rc < 0 ? store_read_error(&s->writer, "reading a project", err) : 0;
}
