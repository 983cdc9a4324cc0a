/* A session for each request: what decides who one is is looked at each time, and what was parsed
 * of the same content serves again. */
#include "aws/session.h"
#include "unit/daemon/rig.h"
#include "unit/lib/suite.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct session *get(struct rig_caller *c)
{
    struct session *s = NULL;
    struct error err = ERROR_INIT;

    ck_assert_msg(session_get(&rig.d, &c->caller, &s, &err) == 0, "%s", err.message);
    return s;
}

static const char *write_config(const char *text)
{
    static char path[128];
    cleanup_free char *folder = path_join(rig.folder, ".aws");

    snprintf(path, sizeof path, "%s/config", folder);
    file_mkdirs(folder, 0700, NULL);
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
    return path;
}

/* Its region, as a word for what was read. */
static void check_region(struct rig_caller *c, const char *expected)
{
    struct session *s = get(c);

    ck_assert_str_eq(aws_session_region(s->aws), expected);
    session_unref(&rig.d, s);
}

static void caller_without_region(struct rig_caller *c)
{
    rig_caller_init(c);
    rig_var(c, "AWS_REGION", "");
    c->vars[1].name = rig_bytes("EDITOR"); /* an empty AWS_REGION would count */
}

/* Nobody knows which variable a credential_process reads: none may be that of another shell. */
START_TEST(trust_01_any_variable_is_that_of_the_asking_shell)
{
    struct rig_caller a, b;

    rig_setup();
    rig_caller_init(&a);
    rig_caller_init(&b);
    rig_var(&a, "CORP_ACCOUNT", "dev");
    rig_var(&b, "CORP_ACCOUNT", "prod");

    struct session *x = get(&a), *y = get(&b), *z = get(&a);
    ck_assert(x != y && x != z);
    ck_assert_str_eq(env_get(x->env, "CORP_ACCOUNT"), "dev");
    ck_assert_str_eq(env_get(y->env, "CORP_ACCOUNT"), "prod");

    session_unref(&rig.d, x);
    session_unref(&rig.d, y);
    session_unref(&rig.d, z);
    ck_assert_uint_eq(rig.d.sessions.len, 0); /* and no key is left */
    rig_done();
}
END_TEST

/* cp -p, home-manager, sops: another file of the same size and time. */
START_TEST(trust_07_content_decides_not_size_and_time)
{
    struct rig_caller c;
    struct stat st;

    rig_setup();
    caller_without_region(&c);
    const char *path = write_config("[default]\nregion = eu-west-1\n");
    ck_assert_int_eq(stat(path, &st), 0);
    check_region(&c, "eu-west-1");

    write_config("[default]\nregion = eu-west-2\n");
    const struct timespec old[] = {st.st_atim, st.st_mtim};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    check_region(&c, "eu-west-2");

    /* In the same file too. */
    int fd = open(path, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "ap", 2, 19), 2);
    ck_assert_int_eq(futimens(fd, old), 0);
    close(fd);
    check_region(&c, "ap-west-2");
    rig_done();
}
END_TEST

START_TEST(trust_08_a_file_named_by_a_variable_is_read_again)
{
    static const char *const names[] = {
        "$HOME/.aws/config", "${HOME}/.aws/config", "~/.aws/config"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct rig_caller c;

        rig_setup();
        caller_without_region(&c);
        rig_var(&c, "AWS_CONFIG_FILE", names[i]);
        write_config("[default]\nregion = eu-west-1\n");
        check_region(&c, "eu-west-1");
        write_config("[default]\nregion = eu-west-2\n");
        check_region(&c, "eu-west-2");
        rig_done();
    }
}
END_TEST

/* `make -C`, and a shell that exports what it likes: PWD is no folder of ours. */
START_TEST(trust_09_relative_paths_begin_at_the_real_folder)
{
    struct rig_caller c;

    rig_setup();
    caller_without_region(&c);
    write_config("[default]\nregion = eu-west-1\n");
    cleanup_free char *inner = path_join(rig.folder, ".aws");

    c.caller.cwd = inner;
    rig_var(&c, "AWS_CONFIG_FILE", "config");
    rig_var(&c, "PWD", "/elsewhere");
    check_region(&c, "eu-west-1");

    struct session *s = get(&c);
    ck_assert_str_eq(env_get(s->env, "PWD"), "/elsewhere"); /* a program sees it as it is */
    session_unref(&rig.d, s);
    rig_done();
}
END_TEST

/* The same content is parsed once: of thousands of profiles that takes a while. */
START_TEST(access_10_what_was_parsed_serves_again)
{
    struct rig_caller c;

    rig_setup();
    caller_without_region(&c);
    write_config("[default]\nregion = eu-west-1\n");

    struct session *a = get(&c), *b = get(&c);
    ck_assert_ptr_eq(a->aws->profiles, b->aws->profiles);
    session_unref(&rig.d, a);
    session_unref(&rig.d, b);

    write_config("[default]\nregion = eu-west-2\n");
    b = get(&c);
    ck_assert_str_eq(aws_session_region(b->aws), "eu-west-2");
    session_unref(&rig.d, b);
    rig_done();
}
END_TEST

/* What the CLI fails with fails here; what it takes as bytes is taken so. */
START_TEST(trust_10_what_is_not_utf8_is_not_dropped)
{
    static const char *const refused[] = {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "https_proxy"};
    struct rig_caller c;
    struct session *s = NULL;

    rig_setup();
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        cleanup_error struct error err = ERROR_INIT;

        rig_caller_init(&c);
        rig_var(
            &c,
            refused[i],
            "pr\xf6"
            "d");
        ck_assert_int_lt(session_get(&rig.d, &c.caller, &s, &err), 0);
        ck_assert_int_eq(err.kind, ERR_AUTH);
        ck_assert_ptr_nonnull(strstr(err.message, refused[i]));
        ck_assert_ptr_null(strchr(err.message, '\xf6'));
    }

    rig_caller_init(&c);
    rig_var(&c, "AWS_CA_BUNDLE", "/caf\xe9");
    rig_var(&c, "LS_COLORS", "\xff");
    s = get(&c);
    ck_assert_str_eq(env_get(s->env, "LS_COLORS"), "\xff");
    session_unref(&rig.d, s);
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

SUITE(
    "daemon/session",
    trust_01_any_variable_is_that_of_the_asking_shell,
    trust_07_content_decides_not_size_and_time,
    trust_08_a_file_named_by_a_variable_is_read_again,
    trust_09_relative_paths_begin_at_the_real_folder,
    access_10_what_was_parsed_serves_again,
    trust_10_what_is_not_utf8_is_not_dropped,
    an_unknown_provider_is_refused)
