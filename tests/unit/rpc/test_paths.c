/* Where state and socket are, for each combination of the variables that decide it: a table, since
 * both programs must come to the same. */
#include "base/mem.h"
#include "rpc/paths.h"
#include <check.h>
#include <errno.h>
#include <string.h>

static bool is_ours_yes(const char *folder, uid_t uid)
{
    ck_assert_str_eq(folder, "/run/user/1000");
    ck_assert_uint_eq(uid, 1000);
    return true;
}

static bool is_ours_no(const char *folder, uid_t uid)
{
    return false;
}

static const struct {
    const char *env[9]; /* name, value, … */
    bool runtime_is_ours;
    const char *socket, *state; /* NULL = refused */
} cases[] = {
    {{"HOME", "/home/u", "XDG_RUNTIME_DIR", "/run/user/1000"},
     true,
     "/run/user/1000/defang/defangd.sock",
     "/home/u/.local/state/defang"},
    {{"HOME", "/home/u"},
     true,
     "/run/user/1000/defang/defangd.sock",
     "/home/u/.local/state/defang"},
    {{"HOME", "/home/u"},
     false,
     "/home/u/.local/state/defang/defangd.sock",
     "/home/u/.local/state/defang"},
    {{"HOME", "/home/u", "XDG_STATE_HOME", "/var/s"},
     false,
     "/var/s/defang/defangd.sock",
     "/var/s/defang"},
    {{"HOME", "/home/u", "DEFANG_STATE_DIR", "/srv/d"}, false, "/srv/d/defangd.sock", "/srv/d"},
    {{"HOME", "/home/u", "DEFANG_SOCKET", "/tmp/d.sock", "XDG_RUNTIME_DIR", "/run/user/1000"},
     true,
     "/tmp/d.sock",
     "/home/u/.local/state/defang"},
    {{"HOME", "/home/u", "DEFANG_SOCKET", "", "XDG_RUNTIME_DIR", ""},
     false,
     "/home/u/.local/state/defang/defangd.sock",
     "/home/u/.local/state/defang"},
    {{"HOME", "/home/u", "XDG_RUNTIME_DIR", "run", "XDG_STATE_HOME", "state"},
     false,
     "/home/u/.local/state/defang/defangd.sock",
     "/home/u/.local/state/defang"},
    {{"XDG_STATE_HOME", "/s", "XDG_RUNTIME_DIR", "/r"},
     false,
     "/r/defang/defangd.sock",
     "/s/defang"},
    {{"HOME", "/home/u", "DEFANG_SOCKET", "d.sock"}, false, NULL, "DEFANG_SOCKET is d.sock"},
    {{"HOME", "/home/u", "DEFANG_STATE_DIR", "d"}, false, NULL, "DEFANG_STATE_DIR is d"},
    {{NULL}, false, NULL, "HOME is not set"},
    {{"HOME", "u"}, false, NULL, "HOME is not set"},
    {{"HOME",
      "/home/u",
      "XDG_RUNTIME_DIR",
      "/a-very-long-path/a-very-long-path/a-very-long-path/a-very-long-path/a-very-long-path/xxxx"},
     false,
     NULL,
     "the system allows 107"},
};

START_TEST(both_programs_find_the_same_place)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cleanup_env struct env *env = env_new();

        for (size_t k = 0; cases[i].env[k]; k += 2)
            env_set(env, cases[i].env[k], cases[i].env[k + 1]);

        struct rpc_paths p;
        struct error err = ERROR_INIT;
        int rc = rpc_paths_resolve(
            env, 1000, cases[i].runtime_is_ours ? is_ours_yes : is_ours_no, &p, &err);

        if (cases[i].socket) {
            ck_assert_msg(rc == 0, "case %zu: %s", i, err.message);
            ck_assert_str_eq(p.socket, cases[i].socket);
            ck_assert_str_eq(p.state_folder, cases[i].state);
            ck_assert_uint_eq(strlen(p.socket_folder), (size_t)(strrchr(p.socket, '/') - p.socket));
            ck_assert_int_eq(p.socket_given, env_get_nonempty(env, "DEFANG_SOCKET") != NULL);
        } else {
            ck_assert_msg(
                rc == -EINVAL && strstr(err.message, cases[i].state),
                "case %zu: %d %s",
                i,
                rc,
                err.message);
        }

        error_done(&err);
        rpc_paths_done(&p);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rpc/paths");
    TCase *tc = tcase_create("paths");
    tcase_add_test(tc, both_programs_find_the_same_place);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed != 0;
}
