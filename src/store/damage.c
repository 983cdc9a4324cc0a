/* A damaged database: found at the start or while it is read, set aside, and never passed over.
 *
 * At the start the whole file is checked. Damaged is what SQLite calls so, what is no database at
 * all, and one that is empty although this folder has had a state before: the sealing key is made
 * after the first schema, so where there is a key there were tables. An empty file is looked at
 * before SQLite opens it, because SQLite would delete the write-ahead log that belongs to it.
 *
 * What is damaged is never wiped: its three files get another name and a new database is begun,
 * with what can still be read of the old one (salvage.c).
 * As long as such a file lies in the folder, store_notice() names it, in this life of the daemon
 * and in every later one: deployments that are missing in a list must not look like deployments
 * that never were. Removing or moving the file ends the notice.
 *
 * Damage that shows only while a page is read is told by that call, and by the notice from then
 * on; the next start finds it and sets the file aside. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/internal.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ASIDE_INFIX ".corrupt-"

bool store_code_is_damage(int code)
{
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* False where a systemd credential is in the key's place, and once the file was set aside: the one
 * after it is new. */
static bool had_a_state(const struct store *s)
{
    cleanup_free char *key = path_join(s->folder, STORE_KEY_NAME);
    return !s->damage && file_exists(key);
}

static int emptied(struct error *err)
{
    return error_raise_errno(err, ERR_FAILED, EUCLEAN, "it is empty, and was not before");
}

int store_damage_before_open(const struct store *s, const char *path, struct error *err)
{
    struct stat st;

    bool is_empty = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
    return is_empty && had_a_state(s) ? emptied(err) : 0;
}

/* 0 when SQLite finds nothing to complain about. */
static int check_file(struct store *s, struct error *err)
{
    struct sql q = sql_open(&s->writer, "PRAGMA integrity_check(1)");
    int rc = sql_row(&q);
    int code = sqlite3_errcode(s->writer.db);

    if (rc > 0) {
        const char *word = (const char *)sqlite3_column_text(q.stmt, 0);

        rc = text_eq(word, "ok") ? 0 : -EUCLEAN;
        if (rc < 0)
            error_raise_errno(err, ERR_FAILED, EUCLEAN, "%s", word ? word : "it cannot be checked");
    } else {
        rc = store_code_is_damage(code) ? -EUCLEAN : -EIO;
        error_raise_errno(
            err, ERR_FAILED, -rc, "checking the database: %s", sqlite3_errmsg(s->writer.db));
    }

    sql_close(&q);

    return rc;
}

int store_damage_check(struct store *s, struct error *err)
{
    int64_t tables = 0;
    int rc = check_file(s, err);
    if (rc < 0)
        return rc;

    struct sql q = sql_open(&s->writer, "SELECT count(*) FROM sqlite_schema");
    if (sql_get_int(&q, 0, &tables) < 0)
        return store_read_error(&s->writer, "reading the schema", err);

    return tables == 0 && had_a_state(s) ? emptied(err) : 0;
}

/* A name that no other damaged file has; malloc'd. */
static char *aside_name(const char *path)
{
    char stamp[17];

    clock_format_basic(clock_wall_ms(), stamp);
    for (unsigned i = 0;; i++) {
        char *name = xasprintf("%s" ASIDE_INFIX "%s-%u", path, stamp, i);
        if (!file_exists(name))
            return name;

        free(name);
    }
}

int store_damage_set_aside(
    struct store *s, const char *path, const struct error *why, char **name, struct error *err)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    cleanup_free char *aside = aside_name(path);

    sql_conn_done(&s->writer);

    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        cleanup_free char *from = xasprintf("%s%s", path, suffixes[i]);
        cleanup_free char *to = xasprintf("%s%s", aside, suffixes[i]);
        if (rename(from, to) < 0 && errno != ENOENT)
            return error_raise_errno(
                err, ERR_FAILED, errno, "setting aside the damaged %s: %s", from, strerror(errno));
    }

    free(s->damage);
    s->damage = xstrdup(why->message);
    *name = steal(aside);

    return 0;
}

/* The newest of those that were set aside, by its name, which holds the time; malloc'd or NULL. */
static char *newest_aside(const struct store *s)
{
    DIR *dir = opendir(s->folder);
    char *newest = NULL;

    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        bool ours = text_starts(e->d_name, STORE_DB_NAME ASIDE_INFIX) &&
                    !text_ends(e->d_name, "-wal") && !text_ends(e->d_name, "-shm");

        if (!ours || (newest && strcmp(e->d_name, newest) <= 0))
            continue;

        free(newest);
        newest = xstrdup(e->d_name);
    }

    if (dir)
        closedir(dir);

    return newest;
}

/* The file is damaged and still in use: what is read from it may lack something. */
static bool set_notice_in_use(struct store *s)
{
    if (!s->writer.damaged && !s->reader.damaged)
        return false;

    free(s->notice);
    s->notice = xasprintf(
        "%s/%s is damaged: what is listed may not be all\n" STORE_DAMAGE_HINT,
        s->folder,
        STORE_DB_NAME);

    return true;
}

/* Looked at anew each time: whoever removes the file has read the notice. */
const char *store_notice(struct store *s)
{
    if (set_notice_in_use(s))
        return s->notice;

    cleanup_free char *newest = newest_aside(s);

    free(s->notice);
    s->notice =
        newest ? xasprintf(
                     "%s/%s was damaged%s%s%s and was set aside as %s/%s: of the deployments "
                     "recorded in it those are listed that had ended and could be read\n"
                     "What they made is still in AWS: `defangctl cd ls` lists it. This is said "
                     "until that file is moved or removed.",
                     s->folder,
                     STORE_DB_NAME,
                     s->damage ? " (" : "",
                     s->damage ? s->damage : "",
                     s->damage ? ")" : "",
                     s->folder,
                     newest)
               : NULL;

    return s->notice;
}
