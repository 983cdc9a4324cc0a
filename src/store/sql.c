/* One statement: prepared, bound in order, stepped, given back.
 *
 * Statements are cached per connection by the address of their text, which is why texts are
 * literals: preparing costs more than most of them do, and the same few run for every event.
 *
 * Errors are sticky: binding after a failure does nothing, and the step reports the first one. So a
 * caller binds what it has and looks once. Bound texts and blobs are borrowed until sql_close(). */
#include "base/mem.h"
#include "store/internal.h"
#include <errno.h>

/* By address: the same literal is the same statement. */
static sqlite3_stmt *cache_find(struct store_conn *conn, const char *text)
{
    vec_each(c, &conn->cache) {
        if (c->text == text)
            return c->stmt;
    }

    return NULL;
}

/* One that cannot be prepared fails at its first step. */
struct sql sql_open(struct store_conn *conn, const char *text)
{
    struct sql q = {.conn = conn, .next = 1};

    q.stmt = cache_find(conn, text);
    if (q.stmt)
        return q;

    q.rc = sqlite3_prepare_v3(conn->db, text, -1, SQLITE_PREPARE_PERSISTENT, &q.stmt, NULL);
    if (q.rc == SQLITE_OK)
        vec_push(&conn->cache, (struct sql_cached){text, q.stmt});

    return q;
}

/* The first failure is the one that counts. */
static void note(struct sql *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void sql_text(struct sql *q, const char *value)
{
    if (q->rc == SQLITE_OK)
        note(q, sqlite3_bind_text(q->stmt, q->next++, value, -1, SQLITE_STATIC));
}

void sql_int(struct sql *q, int64_t value)
{
    if (q->rc == SQLITE_OK)
        note(q, sqlite3_bind_int64(q->stmt, q->next++, value));
}

void sql_blob(struct sql *q, const void *data, size_t n)
{
    if (q->rc != SQLITE_OK)
        return;
    if (!data)
        note(q, sqlite3_bind_null(q->stmt, q->next++));
    else
        note(q, sqlite3_bind_blob64(q->stmt, q->next++, data, n, SQLITE_STATIC));
}

/* Any other answer than a row or the end is kept for the message. */
int sql_row(struct sql *q)
{
    if (q->rc != SQLITE_OK)
        return -EIO;

    int rc = sqlite3_step(q->stmt);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;

    q->rc = rc;

    return -EIO;
}

char *sql_column(struct sql *q, int i)
{
    const unsigned char *text = sqlite3_column_text(q->stmt, i);
    return xstrdup_null((const char *)text);
}

/* Back to the cache, without what was bound. */
void sql_close(struct sql *q)
{
    if (!q->stmt)
        return;

    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
    q->stmt = NULL;
}

/* Statements first: an open one would keep the connection. */
void sql_conn_done(struct store_conn *conn)
{
    vec_each(c, &conn->cache) {
        sqlite3_finalize(c->stmt);
    }
    vec_free(&conn->cache);
    sqlite3_close_v2(conn->db);
    conn->db = NULL;
}

int sql_get_int(struct sql *q, int64_t fallback, int64_t *value)
{
    int rc = sql_row(q);

    *value = rc > 0 ? sqlite3_column_int64(q->stmt, 0) : fallback;
    sql_close(q);
    return rc < 0 ? rc : 0;
}

int store_exec(struct store_conn *conn, const char *text)
{
    return sqlite3_exec(conn->db, text, NULL, NULL, NULL);
}
