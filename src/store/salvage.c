/* What a damaged database still holds, brought over into the new one.
 *
 * The file that was set aside is not touched: a copy of it (and of its log) is opened, read, and
 * removed. Each table is walked from its first row until the damage, and from its last row back
 * until the damage; what lies between is lost. Rows go in as they are, in one transaction: either
 * all that could be read is there, or nothing.
 *
 * Only what has ended comes over. A deployment that was under way would go on by a journal of which
 * something may be missing, and do twice at AWS what it had done: it is counted, and said. Its keys
 * and inputs go with it. Events come over for deployments of which all are there, because their
 * numbers have no gaps; without them a deployment is listed, and `watch` says that they are gone.
 *
 * Nothing here is an error of the start: with nothing to be read there is an empty list, which the
 * notice explains (damage.c). */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define COPY_NAME "state.db.salvage"

/* A WHERE of the insert keeps out what belongs to no deployment. */
static const struct {
    const char *select, *up, *down, *insert;
} tables[] = {
    {"SELECT n, id, kind, project, stack, account, region, engine, profile, state, created_ms,"
     " ended_ms, summary, last_sequence, canceled_ms, principal FROM deployments NOT INDEXED"
     " WHERE ended_ms <> 0 ORDER BY",
     "n",
     "n DESC",
     "INSERT OR IGNORE INTO deployments(n, id, kind, project, stack, account, region, engine,"
     " profile, state, created_ms, ended_ms, summary, last_sequence, canceled_ms, principal)"
     " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
    {"SELECT deployment, sequence, data FROM events ORDER BY",
     "deployment, sequence",
     "deployment DESC, sequence DESC",
     "INSERT OR IGNORE INTO events(deployment, sequence, data) SELECT ?1, ?2, ?3"
     " WHERE EXISTS(SELECT 1 FROM deployments WHERE n = ?1)"},
    {"SELECT n, deployment, key, data, bytes FROM evidence NOT INDEXED ORDER BY",
     "n",
     "n DESC",
     "INSERT OR IGNORE INTO evidence(n, deployment, key, data, bytes) SELECT ?1, ?2, ?3, ?4, ?5"
     " WHERE EXISTS(SELECT 1 FROM deployments WHERE n = ?2)"},
    {"SELECT account, region, project, stack, key, value FROM projects ORDER BY",
     "account, region, project, stack, key",
     "account DESC, region DESC, project DESC, stack DESC, key DESC",
     "INSERT OR IGNORE INTO projects(account, region, project, stack, key, value)"
     " VALUES(?, ?, ?, ?, ?, ?)"},
};

static bool copy_file(const char *from, const char *to)
{
    cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    cleanup_fd int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t n = 0;

    if (in < 0)
        return errno == ENOENT; /* a log need not be there */
    do
        n = out < 0 ? -1 : sendfile(out, in, NULL, 1 << 20);
    while (n > 0);
    return n == 0;
}

/* Each direction until the damage, or the end. */
static void walk(struct store *s, sqlite3 *old, size_t table, bool up)
{
    cleanup_free char *text =
        xasprintf("%s %s", tables[table].select, up ? tables[table].up : tables[table].down);
    sqlite3_stmt *from = NULL, *to = NULL;

    if (sqlite3_prepare_v2(old, text, -1, &from, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(s->writer.db, tables[table].insert, -1, &to, NULL) == SQLITE_OK) {
        while (sqlite3_step(from) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(from); i++)
                sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
            sqlite3_step(to); /* a row that breaks a rule is a damaged one */
            sqlite3_reset(to);
            sqlite3_clear_bindings(to);
        }
    }

    sqlite3_finalize(from);
    sqlite3_finalize(to);
}

/* -1 when it cannot be read. */
static int64_t number(sqlite3 *db, const char *text)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void bring_over(struct store *s, sqlite3 *old)
{
    if (number(old, "PRAGMA user_version") != store_schema_version() ||
        store_exec(&s->writer, "BEGIN IMMEDIATE") != SQLITE_OK)
        return;

    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        walk(s, old, i, true);
        walk(s, old, i, false);
    }

    if (store_exec(
            &s->writer,
            "DELETE FROM events WHERE deployment IN (SELECT n FROM deployments AS d WHERE"
            " last_sequence <> (SELECT count(*) FROM events WHERE deployment = d.n))") !=
            SQLITE_OK ||
        store_exec(&s->writer, "COMMIT") != SQLITE_OK) {
        store_exec(&s->writer, "ROLLBACK");
        return;
    }

    log_debug(
        "store",
        "salvaged: deployments=%lld unfinished=%lld",
        (long long)number(s->writer.db, "SELECT count(*) FROM deployments"),
        (long long)number(old, "SELECT count(*) FROM deployments WHERE ended_ms = 0"));
}

void store_salvage(struct store *s, const char *aside)
{
    cleanup_free char *copy = path_join(s->folder, COPY_NAME);
    cleanup_free char *copy_wal = xasprintf("%s-wal", copy);
    cleanup_free char *copy_shm = xasprintf("%s-shm", copy);
    cleanup_free char *aside_wal = xasprintf("%s-wal", aside);
    sqlite3 *old = NULL;

    unlink(copy_wal);
    unlink(copy_shm);
    if (copy_file(aside, copy) && copy_file(aside_wal, copy_wal) &&
        sqlite3_open_v2(copy, &old, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        sqlite3_db_config(old, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_exec(
            old, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", NULL, NULL, NULL);
        bring_over(s, old);
    }

    sqlite3_close(old);
    unlink(copy);
    unlink(copy_wal);
    unlink(copy_shm);
}
