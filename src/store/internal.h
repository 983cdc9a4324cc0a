/* What the files of src/store share: the connection pair, the turn's transaction, prepared
 * statements. Not for other folders (tests may).
 *
 * Two connections to one database: `db` writes and sees the open transaction; `reader` sees only
 * what is committed, which is what people are shown. Any failing statement other than a constraint
 * drops the whole turn (store_fail), so no call leaves half of itself behind. */
#pragma once

#include "base/vec.h"
#include "store/store.h"
#include <sqlite3.h>

#define STORE_DB_NAME   "state.db"
#define STORE_LOCK_NAME "lock"
#define STORE_KEY_NAME  "key"

struct sql_cached {
    const char *text; /* a literal: compared by address */
    sqlite3_stmt *stmt;
};

struct store_conn {
    sqlite3 *db;
    bool damaged; /* a statement met damage in the file */
    VEC(struct sql_cached) cache;
};

struct store_subscriber {
    void (*fn)(void *arg, const char *deployment);
    void *arg;
};

/* The deferred end of the turn; outlives the store when it was closed while the deferral was
 * pending. */
struct store_turn {
    struct store *store;
    bool scheduled;
};

struct store {
    struct loop *loop;
    char *folder;
    char *notice;             /* the text that store_notice() made last */
    char *damage;             /* what was wrong with the file that this start set aside, or NULL */
    int lock_fd, database_fd; /* they hold the locks (hold.c) */
    struct store_conn writer, reader;

    struct store_turn *turn;
    bool open; /* a transaction is open */
    bool ends; /* it holds a terminal move: the write-ahead log is truncated after it, so that
                  erased inputs are gone */
    bool failed;
    bool busy; /* … because somebody else holds the database */
    bool failure_untold;
    char *failure;         /* why, for the errors until store_recover() */
    VEC(char *) dirty;     /* deployments touched by the open transaction */
    VEC(char *) committed; /* of committed ones, not told yet */
    VEC(struct store_subscriber) subscribers;
    void (*on_failure)(void *arg);
    void *on_failure_arg;

    uint8_t seal_key[32];
    bool in_keyring; /* the kernel's has it too */
};

/* How long a statement waits for another process that holds the database: the loop waits too. */
#define STORE_BUSY_MS 40

/* Another process holds it. */
static inline bool store_code_is_busy(int code)
{
    return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}
void store_hint_busy(const char *folder, struct error *err);

/* ---- sql.c: one statement, bound in order, stepped ----
 *   struct sql q = sql_open(&s->writer, "SELECT …");  sql_text(&q, id);  while ((rc = sql_row(&q))
 * > 0) …; sql_close(&q); Errors are sticky: binding after a failure does nothing and
 * sql_row()/sql_run() report it.
 */
struct sql {
    struct store_conn *conn;
    sqlite3_stmt *stmt;
    int next; /* the next parameter, from 1 */
    int rc;   /* SQLite result of the first failure */
};
struct sql sql_open(struct store_conn *conn, const char *text);
void sql_text(struct sql *q, const char *value); /* NULL binds NULL; borrowed until sql_close */
void sql_int(struct sql *q, int64_t value);
void sql_blob(struct sql *q, const void *data, size_t n);
int sql_row(struct sql *q);             /* 1 a row, 0 the end, -EIO */
char *sql_column(struct sql *q, int i); /* malloc'd; NULL for NULL */
void sql_close(struct sql *q);
void sql_conn_done(struct store_conn *conn);
/* One integer of one row; `fallback` when there is none. */
int sql_get_int(struct sql *q, int64_t fallback, int64_t *value);
int store_exec(struct store_conn *conn, const char *text);

/* ---- turn.c ---- */
/* A write: begins the turn's transaction, runs to the end, closes q. 0, -EEXIST on a constraint
 * (the turn goes on), else the turn is dropped and -EIO returned. `changes` may be NULL. */
int sql_run(struct store *s, struct sql *q, int64_t *changes, struct error *err);

int store_fail(
    struct store *s,
    const char *doing,
    struct error *err); /* reads the error of the writer, rolls back; -EIO */
int store_read_error(struct store_conn *conn, const char *doing, struct error *err); /* -EIO */
void store_touch(struct store *s, const char *deployment); /* subscribers will be told */
void store_turn_done(struct store *s);

/* ---- hold.c ---- */
/* -EBUSY when another daemon holds it. */
int store_hold_folder(struct store *s, struct error *err);
int store_hold_database(struct store *s, int fd, struct error *err); /* takes fd in any case */
void store_hold_done(struct store *s);

/* ---- damage.c ---- */
#define STORE_DAMAGE_HINT                                                                          \
    "`defangctl daemon stop` ends its use; the next command sets it aside and begins a new one."
bool store_code_is_damage(int code); /* of SQLite */
/* Before SQLite may touch the file: 0 or -EUCLEAN. */
int store_damage_before_open(const struct store *s, const char *path, struct error *err);
int store_damage_check(struct store *s, struct error *err); /* 0, -EUCLEAN, -EIO */
/* Closes the writer and gives its files another name, *aside; malloc'd. */
int store_damage_set_aside(
    struct store *s, const char *path, const struct error *why, char **aside, struct error *err);

/* ---- salvage.c ---- */
/* Of the file `aside`, which stays as it is: into the new database, whose schema is there. What
 * cannot be read is left out. */
void store_salvage(struct store *s, const char *aside);

/* ---- schema.c ---- */
int store_schema_apply(struct store *s, struct error *err);
int store_schema_version(void);

/* ---- seal.c ---- */
int store_seal_init(struct store *s, const char *key_file, struct error *err);
void store_seal_done(struct store *s); /* wipes it */
/* A blob for a column of its own; *sealed malloc'd. */
int store_seal_close(
    struct store *s,
    const char *name,
    const void *data,
    size_t n,
    void **sealed,
    size_t *sealed_len,
    struct error *err);
/* *data NULL when it does not open; else malloc'd, with a NUL behind it that is not counted. */
void store_seal_open(
    struct store *s,
    const char *name,
    const void *sealed,
    size_t sealed_len,
    void **data,
    size_t *n);

/* ---- deployments.c ---- */
/* Why a write changed nothing: no such deployment (-ENOENT) or one that has ended (-ESTALE). */
int store_deployment_refuse(struct store *s, const char *id, struct error *err);
