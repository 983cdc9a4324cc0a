/* The journal: steps, intents, what is remembered of projects, and sealed blobs that open for us
 * alone. */
#include "base/file.h"
#include "fixture.h"

static bool step_done(const char *step)
{
    bool done = false;

    ck_assert_int_eq(store_step_done(store, "a", step, &done, NULL), 0);
    return done;
}

START_TEST(steps_are_entered_then_left)
{
    fixture_insert("a", "shop", NULL);
    ck_assert(!step_done("pack"));
    ck_assert_int_eq(store_step_leave(store, "a", "pack", NULL), -EINVAL);
    ck_assert_int_eq(store_step_enter(store, "a", "pack", NULL), 0);
    ck_assert(!step_done("pack"));
    ck_assert_int_eq(store_step_leave(store, "a", "pack", NULL), 0);
    ck_assert(step_done("pack"));
    fixture_reopen();
    ck_assert(step_done("pack"));
    ck_assert_int_eq(store_step_enter(store, "a", "pack", NULL), 0); /* begun again */
    ck_assert(!step_done("pack"));
    ck_assert_int_eq(store_step_enter(store, "nobody", "pack", NULL), -ENOENT);
}
END_TEST

static void expect_intent(const char *key, const char *expected)
{
    cleanup_free char *value = NULL;

    ck_assert_int_eq(store_intent_get(store, "a", key, &value, NULL), 0);

    if (expected)
        ck_assert_str_eq(value, expected);
    else
        ck_assert_ptr_null(value);
}

START_TEST(intents_survive_once_flushed)
{
    fixture_insert("a", "shop", NULL);
    expect_intent("change-set", NULL);
    ck_assert_int_eq(store_intent_put(store, "a", "change-set", "token-1", NULL), 0);
    expect_intent("change-set", "token-1");
    ck_assert_int_eq(store_intent_put(store, "a", "change-set", "token-2", NULL), 0);
    ck_assert_int_eq(store_intent_put(store, "a", "build/api", "", NULL), 0);
    ck_assert_int_eq(store_flush(store, NULL), 0);
    ck_assert_int_eq(store_flush(store, NULL), 0);
    fixture_reopen();
    expect_intent("change-set", "token-2");
    expect_intent("build/api", "");
    ck_assert_int_eq(store_intent_put(store, "a", "change-set", NULL, NULL), 0);
    expect_intent("change-set", NULL);
    ck_assert_int_eq(store_intent_put(store, "nobody", "k", "v", NULL), -ENOENT);
}
END_TEST

START_TEST(projects_remember)
{
    char *value;

    ck_assert_int_eq(
        store_project_put(store, "1", "r", "shop", "beta", "engine", "pulumi", NULL), 0);
    ck_assert_int_eq(
        store_project_put(store, "1", "r", "shop", "beta", "engine", "cloudformation", NULL), 0);
    ck_assert_int_eq(store_project_get(store, "1", "r", "shop", "beta", "engine", &value, NULL), 0);
    ck_assert_str_eq(value, "cloudformation");
    free(value);
    ck_assert_int_eq(store_project_get(store, "1", "r", "shop", "prod", "engine", &value, NULL), 0);
    ck_assert_ptr_null(value);
    ck_assert_int_eq(store_project_put(store, "1", "r", "shop", "beta", "engine", NULL, NULL), 0);
    ck_assert_int_eq(store_project_get(store, "1", "r", "shop", "beta", "engine", &value, NULL), 0);
    ck_assert_ptr_null(value);
}
END_TEST

static void expect_sealed(const char *name, const char *expected)
{
    struct secret s = SECRET_INIT;

    ck_assert_int_eq(store_seal_get(store, name, &s, NULL), 0);
    ck_assert_int_eq(secret_is_set(&s), expected != NULL);
    if (expected)
        ck_assert_str_eq(secret_get(&s), expected);
    secret_done(&s);
}

START_TEST(sealed_blobs_come_back_only_to_us)
{
    int64_t later_ms = clock_wall_ms() + 60000;

    ck_assert_int_eq(store_seal_put(store, "sso", "wJalrXUtnFEMI", 13, later_ms, NULL), 0);
    ck_assert_int_eq(store_seal_put(store, "stale", "old", 3, clock_wall_ms() - 1, NULL), 0);
    ck_assert_int_eq(store_seal_put(store, "ever", "kept", 4, 0, NULL), 0);
    fixture_reopen();
    expect_sealed("sso", "wJalrXUtnFEMI");
    expect_sealed("ever", "kept");
    expect_sealed("stale", NULL);
    expect_sealed("none", NULL);
    ck_assert(!fixture_disk_holds(folder, "wJalrXUtnFEMI"));

    /* Moved to another name or given another expiry in the file, it does not open. */
    ck_assert_int_eq(
        store_exec(&store->writer, "UPDATE credentials SET name = 'admin' WHERE name = 'sso'"),
        SQLITE_OK);
    expect_sealed("admin", NULL);
    ck_assert_int_eq(
        store_exec(
            &store->writer,
            "UPDATE credentials SET expires_ms = 9999999999999 WHERE name = 'stale'"),
        SQLITE_OK);
    expect_sealed("stale", NULL);
    ck_assert_int_eq(store_seal_put(store, "ever", NULL, 0, 0, NULL), 0);
    expect_sealed("ever", NULL);
}
END_TEST

START_TEST(another_key_is_a_cache_miss)
{
    ck_assert_int_eq(store_seal_put(store, "sso", "secret", 6, 0, NULL), 0);
    store_close(store);
    store = NULL;

    char path[128];
    snprintf(path, sizeof path, "%s/credential", folder);
    ck_assert_int_eq(
        file_write_atomic(path, "a systemd credential, long enough", 33, 0400, NULL), 0);

    struct store_options options = {.folder = folder, .key_file = path};
    ck_assert_int_eq(store_open_with(loop, &options, &store, NULL), 0);
    expect_sealed("sso", NULL);
    ck_assert_int_eq(store_seal_put(store, "sso", "fresh", 5, 0, NULL), 0);
    expect_sealed("sso", "fresh");
    store_close(store);
    store = NULL;
    ck_assert_int_eq(file_write_atomic(path, "short", 5, 0400, NULL), 0);

    struct error err = ERROR_INIT;
    ck_assert_int_eq(store_open_with(loop, &options, &store, &err), -EINVAL);
    error_done(&err);
    options.key_file = "/nonexistent/key";
    ck_assert_int_eq(store_open_with(loop, &options, &store, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.message, "sealing key"));
    error_done(&err);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("journal");
    tcase_add_test(tc, steps_are_entered_then_left);
    tcase_add_test(tc, intents_survive_once_flushed);
    tcase_add_test(tc, projects_remember);
    tcase_add_test(tc, sealed_blobs_come_back_only_to_us);
    tcase_add_test(tc, another_key_is_a_cache_miss);

    return fixture_main("store/journal", tc);
}
