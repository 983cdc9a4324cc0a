/* Opening: private from the first moment, one daemon a folder, older schemas brought up, newer and
 * foreign ones refused untouched, a damaged database set aside and never wiped. */
#include "fixture.h"
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

static mode_t mode_of(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);

    struct stat st;
    ck_assert_msg(lstat(path, &st) == 0, "%s is missing", path);
    return st.st_mode & 0777;
}

START_TEST(everything_is_private)
{
    fixture_insert("a", "shop", NULL);
    ck_assert_int_eq(store_flush(store, NULL), 0);
    ck_assert_uint_eq(mode_of("."), 0700);

    const char *names[] = {"state.db", "state.db-wal", "state.db-shm", "lock", "key"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ck_assert_msg(mode_of(names[i]) == 0600, "%s has mode %o", names[i], mode_of(names[i]));
    ck_assert_uint_gt(store_bytes(store), 0);
}
END_TEST

START_TEST(open_folders_are_made_private)
{
    char path[128];

    snprintf(path, sizeof path, "%s/state.db", folder);
    store_close(store);
    store = NULL;
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(chmod(path, 0644), 0);
    fixture_open();
    ck_assert_uint_eq(mode_of("."), 0700);
    ck_assert_uint_eq(mode_of("state.db"), 0600);
}
END_TEST

START_TEST(a_second_daemon_is_refused)
{
    struct error err = ERROR_INIT;
    struct store *second = NULL;
    char pid[32];

    snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
    ck_assert_int_eq(store_open(loop, folder, &second, &err), -EBUSY);
    ck_assert_ptr_null(second);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, pid));
    ck_assert_ptr_nonnull(strstr(err.message, folder));
    error_done(&err);
    store_close(store);
    store = NULL;
    fixture_open();
}
END_TEST

START_TEST(a_folder_of_another_user_is_refused)
{
    if (geteuid() != 0) /* only root can give a folder away */
        return;

    store_close(store);
    store = NULL;
    ck_assert_int_eq(chown(folder, 12345, 12345), 0);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_open(loop, folder, &store, &err), -EPERM);
    ck_assert_ptr_nonnull(strstr(err.message, "12345"));
    error_done(&err);
    ck_assert_int_eq(chown(folder, 0, 0), 0);
}
END_TEST

static void raw(const char *sql)
{
    char path[128];

    snprintf(path, sizeof path, "%s/state.db", folder);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);

    char *message = NULL;
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

START_TEST(a_newer_schema_is_refused_untouched)
{
    fixture_insert("a", "shop", NULL);
    store_close(store);
    store = NULL;
    raw("PRAGMA user_version = 99");

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_open(loop, folder, &store, &err), -ENOTSUP);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "newer defangd (schema 99"));
    error_done(&err);

    char back[64];
    snprintf(back, sizeof back, "PRAGMA user_version = %d", store_schema_version());
    raw(back);
    fixture_open();

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "a", &d, NULL), 0);
    store_deployment_done(&d);
}
END_TEST

/* A database as the first released schema left it: what is in it stays, what has no user goes. */
START_TEST(an_older_schema_is_brought_up)
{
    fixture_insert("a", "shop", NULL);
    store_close(store);
    store = NULL;
    raw("CREATE TABLE uploads(bucket TEXT NOT NULL, key TEXT NOT NULL, upload_id TEXT NOT NULL,"
        " begun_ms INTEGER NOT NULL, PRIMARY KEY(bucket, key)) STRICT, WITHOUT ROWID;"
        "INSERT INTO uploads VALUES('b', 'k', 'u', 1);"
        "PRAGMA user_version = 1");
    fixture_open();

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "a", &d, NULL), 0);
    store_deployment_done(&d);
    store_close(store);
    store = NULL;

    /* It would fail if the table were still there. */
    raw("CREATE TABLE uploads(x INTEGER)");
    raw("DROP TABLE uploads");
    fixture_open();
}
END_TEST

START_TEST(a_foreign_database_is_refused)
{
    store_close(store);
    store = NULL;

    char path[128];
    snprintf(path, sizeof path, "%s/state.db", folder);
    ck_assert_int_eq(unlink(path), 0);
    raw("CREATE TABLE bookmarks(url TEXT)");

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_open(loop, folder, &store, &err), -EEXIST);
    ck_assert_ptr_nonnull(strstr(err.message, "another program"));
    error_done(&err);
}
END_TEST

static unsigned count_files(const char *pattern)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, pattern);
    glob_t found;

    unsigned n = glob(path, 0, NULL, &found) == 0 ? (unsigned)found.gl_pathc : 0;
    globfree(&found);

    return n;
}

static void damage(size_t offset, size_t n)
{
    char path[128];

    snprintf(path, sizeof path, "%s/state.db", folder);

    cleanup_fd int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);

    cleanup_free char *junk = xmalloc(n);
    memset(junk, 0xa5, n);
    ck_assert_int_eq(pwrite(fd, junk, n, (off_t)offset), (ssize_t)n);
}

START_TEST(a_damaged_database_is_set_aside)
{
    static const size_t where[][2] = {{0, 100}, {0, 4096}, {4096, 8192}, {100, 60}};
    unsigned aside = 0;

    for (size_t i = 0; i < ARRAY_LEN(where); i++) {
        fixture_insert("a", "shop", NULL);
        for (int k = 0; k < 300; k++)
            fixture_event("a", "something happened that takes a line of text");
        store_close(store);
        store = NULL;
        damage(where[i][0], where[i][1]);
        fixture_open();
        ck_assert_msg(
            store_notice(store) && strstr(store_notice(store), "set aside"), "case %zu", i);
        ck_assert_uint_eq(count_files("state.db.corrupt-*"), ++aside);
        ck_assert_int_eq(
            store_deployment_get(store, "a", &(struct store_deployment){0}, NULL), -ENOENT);
        fixture_reopen();
        ck_assert_ptr_null(store_notice(store));
    }
}
END_TEST

START_TEST(a_key_that_others_can_read_is_refused)
{
    char path[128];

    snprintf(path, sizeof path, "%s/key", folder);
    store_close(store);
    store = NULL;
    ck_assert_int_eq(chmod(path, 0644), 0);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_open(loop, folder, &store, &err), -EPERM);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    error_done(&err);
}
END_TEST

START_TEST(an_ended_turn_outlives_its_store)
{
    fixture_insert("a", "shop", NULL); /* its deferred commit is still to come */
    store_close(store);
    store = NULL;
    fixture_turn();
    fixture_open();

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "a", &d, NULL), 0);
    store_deployment_done(&d);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("open");
    tcase_add_test(tc, everything_is_private);
    tcase_add_test(tc, open_folders_are_made_private);
    tcase_add_test(tc, a_second_daemon_is_refused);
    tcase_add_test(tc, a_folder_of_another_user_is_refused);
    tcase_add_test(tc, a_newer_schema_is_refused_untouched);
    tcase_add_test(tc, an_older_schema_is_brought_up);
    tcase_add_test(tc, a_foreign_database_is_refused);
    tcase_add_test(tc, a_damaged_database_is_set_aside);
    tcase_add_test(tc, a_key_that_others_can_read_is_refused);
    tcase_add_test(tc, an_ended_turn_outlives_its_store);

    return fixture_main("store/open", tc);
}
