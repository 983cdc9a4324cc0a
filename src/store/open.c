/* Opening: the folder is ours and private, one daemon holds it, the database is sound and of a
 * schema that we know.
 *
 * The order is the point. First the folder (it must be this user's, mode 0700), then the lock in it
 * (flock: a dead process holds none, so nothing is ever stale), and only then the database: two
 * daemons never look at one file, nor does one whose lock was removed (hold.c). The database's file
 * is made before SQLite would make it, because SQLite's would be readable by others for a moment.
 *
 * WAL with synchronous=FULL: a job that was acknowledged survives a power cut. secure_delete and
 * the truncated log are there because inputs that were erased must be gone from the disk too.
 *
 * A damaged database is set aside and a new one is begun (damage.c). */
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/internal.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_BUSY_MS 5000 /* at the start nobody else waits: who looks into it may finish */

static int fail_errno(struct error *err, int code, const char *doing, const char *path)
{
    return error_raise_errno(err, ERR_FAILED, code, "%s %s: %s", doing, path, strerror(code));
}

/* A symbolic link may lead to it: people put their state on another disk. */
static int folder_prepare(const char *folder, struct error *err)
{
    uid_t owner;

    int rc = file_make_private(folder, "the state folder", true, &owner, err);
    if (owner == geteuid())
        return rc;

    error_raise_errno(
        err,
        ERR_REFUSED,
        EPERM,
        "the state folder %s belongs to user %u, not to user %u",
        folder,
        (unsigned)owner,
        (unsigned)geteuid());
    error_hint(err, "Run defangd as its owner, or choose another folder with XDG_STATE_HOME.");

    return -EPERM;
}

/* Nothing is repaired here: somebody made it so. */
static int cannot_open(const char *path, int code, struct error *err)
{
    int rc = fail_errno(err, code, "opening", path);

    if (code == EACCES)
        error_hint(err, "Make it yours to read and write again: `chmod 600 %s`.", path);
    else if (code == EISDIR || code == ELOOP)
        error_hint(err, "It must be a file of its own: move what is there away.");

    return rc;
}

/* O_NOFOLLOW: the file itself is never somewhere else. Held from here on, before SQLite opens it.
 */
static int database_file_prepare(struct store *s, const char *path, struct error *err)
{
    /* Made before SQLite does, so that it is never readable by others; -wal and -shm inherit its
     * mode. */
    cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return cannot_open(path, errno, err);
    if ((st.st_mode & 077) && fchmod(fd, 0600) < 0)
        return fail_errno(err, errno, "making private", path);

    int held = fd;
    fd = -1;
    return store_hold_database(s, held, err);
}

/* -EUCLEAN when it is no database, or a damaged one. DEFENSIVE and an untrusted schema: what a
 * damaged file says must not run. */
static int
conn_open(struct store_conn *conn, const char *path, const char *pragmas, struct error *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

    if (sqlite3_open_v2(path, &conn->db, flags, NULL) != SQLITE_OK)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EIO,
            "opening %s: %s",
            path,
            conn->db ? sqlite3_errmsg(conn->db) : "out of memory");

    sqlite3_busy_timeout(conn->db, OPEN_BUSY_MS);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

    int rc = store_exec(conn, pragmas);
    if (rc == SQLITE_OK)
        return 0;

    error_raise_errno(err, ERR_FAILED, EIO, "opening %s: %s", path, sqlite3_errmsg(conn->db));
    if (store_code_is_busy(rc)) {
        cleanup_free char *folder = path_dirname(path);
        store_hint_busy(folder, err);
    }

    return store_code_is_damage(rc) ? -EUCLEAN : -EIO;
}

static const char writer_pragmas[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
    "PRAGMA journal_size_limit = 16777216";
static const char reader_pragmas[] =
    "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY";

/* 0, -EUCLEAN when the file is damaged, -EIO. */
static int database_open(struct store *s, const char *path, struct error *err)
{
    int rc = store_damage_before_open(s, path, err);
    if (rc == 0)
        rc = database_file_prepare(s, path, err);
    if (rc == 0)
        rc = conn_open(&s->writer, path, writer_pragmas, err);
    if (rc == 0)
        rc = store_damage_check(s, err);
    return rc;
}

/* A damaged one is set aside, and the second try begins a new one. */
static int database_ready(struct store *s, struct error *err)
{
    cleanup_free char *path = path_join(s->folder, STORE_DB_NAME);
    cleanup_free char *aside = NULL;
    struct error why = ERROR_INIT;
    int rc = database_open(s, path, &why);

    if (rc == -EUCLEAN) {
        rc = store_damage_set_aside(s, path, &why, &aside, err);
        error_done(&why);
        if (rc == 0)
            rc = database_open(s, path, err);
    } else if (rc < 0 && err) {
        error_move(err, &why);
    }

    error_done(&why);
    if (rc == 0)
        rc = store_schema_apply(s, err);
    if (rc == 0 && aside)
        store_salvage(s, aside);
    if (rc == 0)
        rc = conn_open(&s->reader, path, reader_pragmas, err);

    /* From now on others wait while we do. */
    if (rc == 0) {
        sqlite3_busy_timeout(s->writer.db, STORE_BUSY_MS);
        sqlite3_busy_timeout(s->reader.db, STORE_BUSY_MS);
    }
    return rc;
}

/* Whatever fails, store_close() takes back what there is. */
int store_open_with(
    struct loop *loop, const struct store_options *options, struct store **out, struct error *err)
{
    int rc = folder_prepare(options->folder, err);
    if (rc < 0)
        return rc;

    struct store *s = xcalloc(1, sizeof *s);
    s->loop = loop;
    s->folder = xstrdup(options->folder);
    s->lock_fd = s->database_fd = -1;
    s->turn = xcalloc(1, sizeof *s->turn);
    s->turn->store = s;
    rc = store_hold_folder(s, err);
    if (rc == 0)
        rc = database_ready(s, err);
    if (rc == 0)
        rc = store_seal_init(s, options->key_file, err);

    if (rc < 0) {
        store_close(s);
        return rc;
    }

    *out = s;

    return 0;
}

int store_open(struct loop *loop, const char *folder, struct store **out, struct error *err)
{
    return store_open_with(loop, &(struct store_options){.folder = folder}, out, err);
}

/* Commits what the turn holds; a store that failed has nothing left to commit. */
void store_close(struct store *s)
{
    if (!s)
        return;

    if (s->writer.db && !s->failed)
        store_flush(s, NULL);
    store_turn_done(s);
    sql_conn_done(&s->reader);
    sql_conn_done(&s->writer);
    store_hold_done(s);
    store_seal_done(s);
    free(s->failure);
    free(s->notice);
    free(s->damage);
    free(s->folder);
    free(s);
}

/* What it takes on the disk, the write-ahead log included. */
uint64_t store_bytes(struct store *s)
{
    static const char *const suffixes[] = {"", "-wal"};
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        cleanup_free char *path = xasprintf("%s/%s%s", s->folder, STORE_DB_NAME, suffixes[i]);
        struct stat st;

        if (stat(path, &st) == 0)
            sum += (uint64_t)st.st_size;
    }

    return sum;
}
