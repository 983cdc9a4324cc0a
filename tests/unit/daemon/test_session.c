/* Sessions by caller: the same settings share one, everything that decides who one is keeps them
 * apart. */
#include "unit/daemon/rig.h"
#include "unit/lib/suite.h"

static struct session *get(struct rig_caller *c)
{
    struct session *s = NULL;
    struct error err = ERROR_INIT;

    ck_assert_msg(session_get(&rig.d, &c->caller, &s, &err) == 0, "%s", err.message);
    return s;
}

static bool same(struct rig_caller *a, struct rig_caller *b)
{
    struct session *x = get(a), *y = get(b);
    bool equal = x == y;

    session_unref(&rig.d, x);
    session_unref(&rig.d, y);
    return equal;
}

START_TEST(the_same_settings_share_one)
{
    struct rig_caller a, b;

    rig_setup();
    rig_caller_init(&a);
    rig_caller_init(&b);
    rig_var(&b, "EDITOR", "vi");
    rig_var(&b, "PWD", "/elsewhere");
    ck_assert(same(&a, &b));
    ck_assert_uint_eq(rig.d.sessions.len, 1);
    rig_done();
}
END_TEST

START_TEST(what_decides_who_one_is_keeps_them_apart)
{
    static const char *const vars[][2] = {
        {"HOME", "/elsewhere"},
        {"AWS_PROFILE", "other"},
        {"AWS_ACCESS_KEY_ID", "AKIDOTHER"},
        {"AWS_SECRET_ACCESS_KEY", "x"},
        {"AWS_SESSION_TOKEN", "t"},
        {"AWS_REGION", "eu-west-1"},
        {"HTTPS_PROXY", "http://p"},
        {"AWS_ENDPOINT_URL", "http://e"}};
    for (size_t i = 0; i < ARRAY_LEN(vars); i++) {
        struct rig_caller a, b;

        rig_setup();
        rig_caller_init(&a);
        rig_caller_init(&b);
        rig_var(&b, vars[i][0], vars[i][1]);

        /* A profile must exist to be opened. */
        cleanup_free char *folder = path_join(rig.folder, ".aws"),
                          *path = path_join(folder, "config");
        file_mkdirs(folder, 0700, NULL);
        file_write_atomic(path, "[profile other]\n", 16, 0600, NULL);
        ck_assert_msg(!same(&a, &b), "%s", vars[i][0]);
        rig_done();
    }
}
END_TEST

START_TEST(options_and_files_keep_them_apart)
{
    struct rig_caller a, b;

    rig_setup();
    rig_caller_init(&a);
    rig_caller_init(&b);
    b.caller.region = (char *)"eu-west-1";
    ck_assert(!same(&a, &b));

    struct session *before = get(&a);
    cleanup_free char *folder = path_join(rig.folder, ".aws"),
                      *path = path_join(folder, "credentials");

    file_mkdirs(folder, 0700, NULL);
    file_write_atomic(path, "[default]\n", 10, 0600, NULL);

    struct session *after = get(&a);
    ck_assert_ptr_ne(before, after);
    session_unref(&rig.d, before);
    session_unref(&rig.d, after);
    rig_done();
}
END_TEST

/* A value with a line break is no second variable. */
START_TEST(values_do_not_run_into_each_other)
{
    struct rig_caller a, b;

    rig_setup();
    rig_caller_init(&a);
    rig_caller_init(&b);
    rig_var(&a, "AWS_A", "1\nAWS_B=1:2");
    rig_var(&b, "AWS_A", "1");
    rig_var(&b, "AWS_B", "2");
    ck_assert(!same(&a, &b));
    rig_done();
}
END_TEST

START_TEST(an_unknown_provider_is_refused)
{
    struct rig_caller a;
    struct session *s = NULL;
    struct error err = ERROR_INIT;

    rig_setup();
    rig_caller_init(&a);
    a.caller.provider = (char *)"gcp";
    ck_assert_int_lt(session_get(&rig.d, &a.caller, &s, &err), 0);
    ck_assert_int_eq(err.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.hint, "aws"));
    error_done(&err);
    a.caller.provider = (char *)"AWS";
    session_unref(&rig.d, get(&a));
    rig_done();
}
END_TEST

START_TEST(idle_ones_go_and_those_in_use_stay)
{
    struct rig_caller a;

    rig_setup();
    rig_caller_init(&a);

    struct session *held = get(&a);
    static char regions[40][16];

    for (int i = 0; i < 40; i++) {
        snprintf(regions[i], sizeof regions[i], "r-%d", i);
        a.caller.region = regions[i];
        session_unref(&rig.d, get(&a));
    }

    ck_assert_uint_le(rig.d.sessions.len, 18);
    fake_clock_advance(&rig.clock, 31LL * 60 * 1000);
    session_unref(&rig.d, get(&a));
    ck_assert_uint_eq(rig.d.sessions.len, 2); /* the one in use, and the new one */
    ck_assert_ptr_eq(rig.d.sessions.items[0], held);
    session_unref(&rig.d, held);
    rig_done();
}
END_TEST

SUITE(
    "daemon/session",
    the_same_settings_share_one,
    what_decides_who_one_is_keeps_them_apart,
    options_and_files_keep_them_apart,
    values_do_not_run_into_each_other,
    an_unknown_provider_is_refused,
    idle_ones_go_and_those_in_use_stay)
