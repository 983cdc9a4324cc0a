/* Opening: private from the first moment, one daemon a folder, older schemas brought up, newer and
 * foreign ones refused untouched, a damaged database set aside and never wiped. */
#include "fixture.h"
#include "store/keyring.h"
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

/* Row 32: by another process, as locks of an open file are between two. */
START_TEST(survive_32_without_its_lock_the_database_itself_refuses)
{
    char lock[128];

    snprintf(lock, sizeof lock, "%s/lock", folder);
    ck_assert_int_eq(unlink(lock), 0);

    struct error err = ERROR_INIT;
    struct store *second = NULL;

    ck_assert_int_eq(store_open(loop, folder, &second, &err), -EBUSY);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "database"));
    error_done(&err);

    /* The first one makes it again, and serves on. */
    ck_assert_int_eq(store_hold_check(store, NULL), 0);
    ck_assert_int_eq(store_holder(folder), getpid());
    fixture_insert("a", "shop", NULL);
    ck_assert_int_eq(store_flush(store, NULL), 0);
    store_close(store);
    store = NULL;
    ck_assert_int_eq(store_holder(folder), 0);
    fixture_open();
}
END_TEST

START_TEST(survive_32_a_database_that_went_is_noticed)
{
    static const bool replaced[] = {false, true};

    for (size_t i = 0; i < ARRAY_LEN(replaced); i++) {
        char path[128];
        struct error err = ERROR_INIT;

        snprintf(path, sizeof path, "%s/state.db", folder);
        ck_assert_int_eq(store_hold_check(store, NULL), 0);
        ck_assert_int_eq(unlink(path), 0);
        if (replaced[i])
            close(open(path, O_CREAT | O_WRONLY, 0600));
        ck_assert_int_eq(store_hold_check(store, &err), -ESTALE);
        ck_assert_ptr_nonnull(strstr(err.message, path));
        error_done(&err);
        store_close(store);
        store = NULL;
        fixture_open();
    }
}
END_TEST

/* While the daemon lives, and after a crash: the file may go. Where keyctl(2) is not permitted the
 * file is all there is, and nothing fails. */
START_TEST(the_sealing_key_is_in_the_keyring_with_a_file_behind_it)
{
    cleanup_free char *name = xasprintf("defangd:%s", folder);
    cleanup_free char *key = xasprintf("%s/key", folder);
    uint8_t bytes[64];
    size_t n = 0;
    int rc = keyring_get(name, bytes, sizeof bytes, &n);

    ck_assert(rc == 0 || rc == -EPERM || rc == -EACCES || rc == -ENOSYS || rc == -ENOKEY);
    if (rc == 0) {
        ck_assert_uint_eq(n, 32);

        ck_assert_int_eq(unlink(key), 0);
        store->in_keyring = false; /* as after a crash: nothing is cleaned up */
        store_close(store);
        store = NULL;
        fixture_open();

        uint8_t again[64];
        FILE *f = fopen(key, "r");

        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fread(again, 1, sizeof again, f), 32);
        fclose(f);
        ck_assert_mem_eq(again, bytes, 32);
    }

    store_close(store);
    store = NULL;
    ck_assert_int_ne(keyring_get(name, bytes, sizeof bytes, &n), 0); /* a clean end leaves none */
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
    raw("DROP TABLE evidence;"
        "ALTER TABLE deployments DROP COLUMN canceled_ms;"
        "CREATE TABLE uploads(bucket TEXT NOT NULL, key TEXT NOT NULL, upload_id TEXT NOT NULL,"
        " begun_ms INTEGER NOT NULL, PRIMARY KEY(bucket, key)) STRICT, WITHOUT ROWID;"
        "INSERT INTO uploads VALUES('b', 'k', 'u', 1);"
        "ALTER TABLE deployments DROP COLUMN principal;"
        "ALTER TABLE deployments DROP COLUMN sealed;"
        "UPDATE deployments SET inputs = x'636c656172';" /* "clear" */
        "PRAGMA user_version = 1");
    fixture_open();

    struct store_deployment d;
    ck_assert_int_eq(store_deployment_get(store, "a", &d, NULL), 0);
    ck_assert_uint_eq(d.inputs_len, 5); /* of before they were sealed */
    ck_assert_mem_eq(d.inputs, "clear", 5);
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
        ck_assert_msg(store_notice(store) != NULL, "case %zu: forgotten in the next life", i);
    }
}
END_TEST

static void remove_files(const char *pattern)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, pattern);
    glob_t found;

    if (glob(path, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            remove(found.gl_pathv[i]);
    globfree(&found);
}

/* The notice names the file that lies aside, in every later life, until somebody took it away. */
START_TEST(trust_38_the_notice_lasts_until_the_file_is_gone)
{
    fixture_insert("a", "shop", NULL);
    store_close(store);
    store = NULL;
    damage(0, 100);

    for (int life = 0; life < 3; life++) {
        char path[128];

        store_close(store);
        store = NULL;
        fixture_open();

        const char *notice = store_notice(store);
        ck_assert_ptr_nonnull(notice);
        snprintf(path, sizeof path, "%s/state.db.corrupt-", folder);
        ck_assert_msg(strstr(notice, path) != NULL, "%s", notice);
    }

    remove_files("state.db.corrupt-*");
    ck_assert_ptr_null(store_notice(store));
    fixture_reopen();
    ck_assert_ptr_null(store_notice(store));
}
END_TEST

/* Empty where there was a state: the whole file, or all of it in a log that is gone. */
START_TEST(trust_38_an_emptied_database_is_damage)
{
    char path[128];

    snprintf(path, sizeof path, "%s/state.db", folder);
    fixture_insert("a", "shop", NULL);
    store_close(store);
    store = NULL;
    ck_assert_int_eq(truncate(path, 0), 0);
    fixture_open();
    ck_assert_ptr_nonnull(strstr(store_notice(store), "it is empty"));
    ck_assert_uint_eq(count_files("state.db.corrupt-*"), 1);
    remove_files("state.db.corrupt-*");

    store_close(store);
    store = NULL;
    remove_files("state.db*");
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    sqlite3_close(db);
    fixture_open();
    ck_assert_ptr_nonnull(strstr(store_notice(store), "it is empty"));
}
END_TEST

/* A first start that was cut off before there was anything is none. */
START_TEST(trust_38_an_empty_file_of_a_first_start_is_no_damage)
{
    char path[128];

    store_close(store);
    store = NULL;
    remove_files("state.db*");
    remove_files("key");
    snprintf(path, sizeof path, "%s/state.db", folder);

    cleanup_fd int fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    fixture_open();
    ck_assert_ptr_null(store_notice(store));
}
END_TEST

static bool no_event(void *arg, uint64_t sequence, const void *data, size_t n)
{
    return true;
}

/* Damaged under the running daemon: the call says so with the file's name, and so does every
 * command after it; the next life sets it aside. */
START_TEST(trust_38_damage_met_while_reading_is_said)
{
    char path[128];

    snprintf(path, sizeof path, "%s/state.db", folder);
    fixture_insert("a", "shop", NULL);
    for (int k = 0; k < 3000; k++)
        fixture_event("a", "something happened that takes a line of text");
    fixture_reopen(); /* nothing is cached, all of it is in the file */

    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    damage(4096, (size_t)st.st_size - 4096);
    ck_assert_ptr_null(store_notice(store));

    struct error err = ERROR_INIT;
    ck_assert_int_lt(store_event_read(store, "a", 0, 10, 1 << 20, no_event, NULL, &err), 0);
    ck_assert_msg(strstr(err.message, path) != NULL, "%s", err.message);
    ck_assert_ptr_nonnull(err.hint);
    error_done(&err);
    ck_assert_ptr_nonnull(strstr(store_notice(store), path));

    store_close(store);
    store = NULL;
    fixture_open();
    ck_assert_ptr_nonnull(strstr(store_notice(store), "set aside"));
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
    tcase_add_test(tc, the_sealing_key_is_in_the_keyring_with_a_file_behind_it);
    tcase_add_test(tc, survive_32_without_its_lock_the_database_itself_refuses);
    tcase_add_test(tc, survive_32_a_database_that_went_is_noticed);
    tcase_add_test(tc, a_folder_of_another_user_is_refused);
    tcase_add_test(tc, a_newer_schema_is_refused_untouched);
    tcase_add_test(tc, an_older_schema_is_brought_up);
    tcase_add_test(tc, a_foreign_database_is_refused);
    tcase_add_test(tc, a_damaged_database_is_set_aside);
    tcase_add_test(tc, trust_38_the_notice_lasts_until_the_file_is_gone);
    tcase_add_test(tc, trust_38_an_emptied_database_is_damage);
    tcase_add_test(tc, trust_38_an_empty_file_of_a_first_start_is_no_damage);
    tcase_add_test(tc, trust_38_damage_met_while_reading_is_said);
    tcase_add_test(tc, a_key_that_others_can_read_is_refused);
    tcase_add_test(tc, an_ended_turn_outlives_its_store);

    return fixture_main("store/open", tc);
}
