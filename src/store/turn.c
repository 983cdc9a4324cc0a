/* The turn's transaction: commit once at the end of a turn of the loop, then tell the subscribers.
 *
 *   idle --write--> open --end of turn or store_flush--> idle, told at the end of the turn
 *                     '--a statement or the commit fails--> failed --store_recover--> idle
 *
 * One transaction a turn, because a commit waits for the disk: a hundred events of one turn cost
 * one wait. Commit, then publish: a watcher is never shown what a power cut could take back, so
 * subscribers are told after the commit only, and at the end of the turn, when no store call is on
 * the stack.
 *
 * Any failing statement but a broken constraint drops the whole turn. Half of what a job wrote
 * together would be worse than nothing of it: the job is then resumed from what is committed, as
 * after a crash. While the store is `failed`, every write says why, and reading goes on. */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/fault_point.h"
#include "store/internal.h"
#include <errno.h>
#include <string.h>

static void names_free(char **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(items[i]);
}

static void forget_dirty(struct store *s)
{
    names_free(s->dirty.items, s->dirty.len);
    vec_clear(&s->dirty);
}

/* Once a deployment, however much of it was written. */
void store_touch(struct store *s, const char *deployment)
{
    vec_each(d, &s->dirty) {
        if (strcmp(*d, deployment) == 0)
            return;
    }

    vec_push(&s->dirty, xstrdup(deployment));
}

/* It is no fault of the disk, and passes by itself. */
void store_hint_busy(const char *folder, struct error *err)
{
    error_hint(
        err,
        "Another program has %s/%s open and holds it: `fuser -v %s/%s` names it. Deployments go on "
        "as soon as it lets go.",
        folder,
        STORE_DB_NAME,
        folder,
        STORE_DB_NAME);
}

/* The same words for every write until the store serves again. */
static int failed_error(struct store *s, struct error *err)
{
    error_raise_errno(err, ERR_FAILED, EIO, "the daemon's state cannot be written: %s", s->failure);
    if (s->writer.damaged)
        error_hint(err, STORE_DAMAGE_HINT);
    else if (s->busy)
        store_hint_busy(s->folder, err);
    else
        error_hint(
            err,
            "Free space on the disk of %s; unfinished deployments go on when the daemon starts "
            "again.",
            s->folder);
    return -EIO;
}

/* Damage is remembered: from now on every command says so (damage.c). */
static bool note_damage(struct store_conn *conn)
{
    bool damaged = store_code_is_damage(sqlite3_errcode(conn->db));

    conn->damaged = conn->damaged || damaged;
    return damaged;
}

int store_read_error(struct store_conn *conn, const char *doing, struct error *err)
{
    const char *why = sqlite3_errmsg(conn->db);

    if (store_code_is_busy(sqlite3_errcode(conn->db))) {
        cleanup_free char *folder = path_dirname(sqlite3_db_filename(conn->db, "main"));

        error_raise_errno(err, ERR_FAILED, EBUSY, "%s: %s", doing, why);
        store_hint_busy(folder, err);
        return -EBUSY;
    }
    if (!note_damage(conn))
        return error_raise_errno(err, ERR_FAILED, EIO, "%s: %s", doing, why);

    error_raise_errno(
        err,
        ERR_FAILED,
        EIO,
        "%s: %s is damaged (%s)",
        doing,
        sqlite3_db_filename(conn->db, "main"),
        why);
    error_hint(err, STORE_DAMAGE_HINT);

    return -EIO;
}

static void schedule(struct store *s);

/* The turn is gone. Who has to know is told at its end, once. */
int store_fail(struct store *s, const char *doing, struct error *err)
{
    free(s->failure);
    s->failure = xasprintf("%s: %s", doing, sqlite3_errmsg(s->writer.db));
    s->busy = store_code_is_busy(sqlite3_errcode(s->writer.db));
    note_damage(&s->writer);

    /* Disk full and I/O errors may have rolled back already. */
    if (!sqlite3_get_autocommit(s->writer.db))
        store_exec(&s->writer, "ROLLBACK");
    s->open = false;
    s->ends = false;
    forget_dirty(s);

    if (!s->failed) {
        s->failed = true;
        s->failure_untold = true;
        schedule(s);
    }

    return failed_error(s, err);
}

/* IMMEDIATE: the write lock is taken now, not in the middle of the turn. */
int store_write_begin(struct store *s, struct error *err)
{
    if (s->failed)
        return failed_error(s, err);
    if (s->open)
        return 0;
    if (store_exec(&s->writer, "BEGIN IMMEDIATE") != SQLITE_OK)
        return store_fail(s, "opening a transaction", err);

    s->open = true;
    schedule(s);

    return 0;
}

/* Committed names wait for the end of the turn to be told. */
int store_flush(struct store *s, struct error *err)
{
    if (s->failed)
        return failed_error(s, err);
    if (!s->open)
        return 0;
    FAULT_POINT("commit.before", NULL);
    if (store_exec(&s->writer, "COMMIT") != SQLITE_OK)
        return store_fail(s, "committing", err);
    FAULT_POINT("commit.after", NULL);

    s->open = false;
    vec_each(d, &s->dirty) {
        vec_push(&s->committed, *d);
    }
    vec_clear(&s->dirty);
    if (s->ends)
        sqlite3_wal_checkpoint_v2(s->writer.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    s->ends = false;

    return 0;
}

int sql_run(struct store *s, struct sql *q, int64_t *changes, struct error *err)
{
    int rc = store_write_begin(s, err);
    if (rc < 0) {
        sql_close(q);
        return rc;
    }

    do
        rc = sql_row(q);
    while (rc > 0);

    if (rc == 0) {
        if (changes)
            *changes = sqlite3_changes64(s->writer.db);
    } else if ((q->rc & 0xff) == SQLITE_CONSTRAINT) {
        rc = -EEXIST;
    } else {
        rc = store_fail(s, "writing", err);
    }

    sql_close(q);

    return rc;
}

/* Each deployment once, also when several commits of the turn touched it. */
static void publish(struct store *s)
{
    /* A subscriber may write, subscribe or unsubscribe: work on what there was. */
    __typeof__(s->committed) told = s->committed;

    memset(&s->committed, 0, sizeof s->committed);

    __typeof__(s->subscribers) to = {0};
    vec_each(b, &s->subscribers) {
        vec_push(&to, *b);
    }

    vec_each(d, &told) {
        bool again = false;

        for (char **e = told.items; e < d; e++)
            again = again || strcmp(*e, *d) == 0;
        if (again)
            continue;

        vec_each(b, &to) {
            b->fn(b->arg, *d);
        }
    }

    names_free(told.items, told.len);
    vec_free(&told);
    vec_free(&to);
}

/* Commit, then publish, then say that it failed. */
static void turn_end(void *arg)
{
    struct store_turn *turn = arg;
    struct store *s = turn->store;

    if (!s) {
        free(turn);
        return;
    }

    turn->scheduled = false;
    store_flush(s, NULL);
    publish(s);
    FAULT_POINT("publish.after", NULL);

    if (s->failure_untold) {
        s->failure_untold = false;
        log_debug("store", "failed reason=\"%s\"", s->failure);
        if (s->on_failure)
            s->on_failure(s->on_failure_arg);
    }
}

static void schedule(struct store *s)
{
    if (s->turn->scheduled)
        return;

    s->turn->scheduled = true;
    loop_defer(s->loop, turn_end, s->turn);
}

bool store_failed(const struct store *s)
{
    return s->failed;
}

int store_recover(struct store *s, struct error *err)
{
    if (!s->failed)
        return 0;

    /* An update of one's own row dirties a page: the disk is really asked. */
    if (store_exec(&s->writer, "BEGIN IMMEDIATE") != SQLITE_OK ||
        store_exec(
            &s->writer,
            "INSERT INTO probes(n, bytes) VALUES(1, randomblob(4096)) "
            "ON CONFLICT(n) DO UPDATE SET bytes = excluded.bytes") != SQLITE_OK ||
        store_exec(&s->writer, "COMMIT") != SQLITE_OK)
        return store_fail(s, "trying to write again", err);

    s->failed = false;
    s->failure_untold = false;
    free(s->failure);
    s->failure = NULL;

    return 0;
}

void store_on_failure(struct store *s, void (*fn)(void *arg), void *arg)
{
    s->on_failure = fn;
    s->on_failure_arg = arg;
}

void store_subscribe(struct store *s, void (*fn)(void *arg, const char *deployment), void *arg)
{
    vec_push(&s->subscribers, (struct store_subscriber){fn, arg});
}

void store_unsubscribe(struct store *s, void (*fn)(void *arg, const char *deployment), void *arg)
{
    for (size_t i = 0; i < s->subscribers.len; i++) {
        struct store_subscriber *b = &s->subscribers.items[i];

        if (b->fn != fn || b->arg != arg)
            continue;

        *b = *vec_last(&s->subscribers);
        s->subscribers.len--;
        return;
    }
}

/* A deferral that is still pending finds no store and frees itself. */
void store_turn_done(struct store *s)
{
    forget_dirty(s);
    names_free(s->committed.items, s->committed.len);
    vec_free(&s->dirty);
    vec_free(&s->committed);
    vec_free(&s->subscribers);
    if (!s->turn)
        return;

    if (s->turn->scheduled)
        s->turn->store = NULL;
    else
        free(s->turn);

    s->turn = NULL;
}
