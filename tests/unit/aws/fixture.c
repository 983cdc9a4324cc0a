/* Nothing here is real but the files: time stands where the test says, replies are scripted, and
 * the instance metadata service is off, because asking it costs a second of virtual time that no
 * test expects. The home folder goes with the fixture. */
#include "unit/aws/fixture.h"
#include "base/file.h"
#include "base/mem.h"
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fixture_init(struct fixture *f)
{
    char folder[] = "/tmp/defang-aws-XXXXXX";

    *f = (struct fixture){0};
    fake_clock_install(&f->clock, FAKE_CLOCK_START_MS);
    f->loop = loop_new();
    fake_clock_attach(&f->clock, f->loop);
    f->script = script_http_new(f->loop);
    f->env = env_new();
    ck_assert_ptr_nonnull(mkdtemp(folder));
    f->home = xstrdup(folder);
    fixture_env(f, "HOME", f->home);
    fixture_env(f, "PATH", "/usr/bin:/bin");
    fixture_env(f, "AWS_EC2_METADATA_DISABLED", "true");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_done(struct fixture *f)
{
    http_free(script_http(f->script));
    loop_free(f->loop);
    fake_clock_remove(&f->clock);
    nftw(f->home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    env_free(f->env);
    free(f->home);
}

void fixture_env(struct fixture *f, const char *name, const char *value)
{
    env_set(f->env, name, value);
}

void fixture_keys(struct fixture *f)
{
    fixture_env(f, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    fixture_env(f, "AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    fixture_env(f, "AWS_REGION", "us-west-2");
}

void fixture_file(struct fixture *f, const char *relative, const char *text)
{
    cleanup_free char *path = path_join(f->home, relative), *folder = path_dirname(path);

    ck_assert_int_eq(file_mkdirs(folder, 0700, NULL), 0);
    ck_assert_int_eq(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

int fixture_open(
    struct fixture *f,
    const char *profile,
    const char *region,
    struct aws_session **out,
    struct error *err)
{
    struct aws_session_options o = {
        .loop = f->loop,
        .http = script_http(f->script),
        .env = f->env,
        .profile = profile,
        .region = region};

    return aws_session_open(&o, out, err);
}

void fixture_run(struct fixture *f, void (*fn)(void *arg), void *arg)
{
    loop_run_fiber(f->loop, "test", fn, arg);
}
