/* credential-chain-scenarios in folders: an environment, a file tree, recorded exchanges, and the
 * credentials that come of them. Each request is answered by the first recorded exchange of its
 * method, host and path that was not used yet. */
#include "aws/aws.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "unit/aws/fixture.h"
#include "unit/lib/suite.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ROOT "credential-chain-scenarios/"

struct exchange {
    const char *method, *uri, *reply;
    int status;
    bool used;
};

struct run {
    struct fixture f;
    json_t *traffic;
    struct exchange exchanges[64];
    size_t count;
    int rc;
    struct aws_credentials c;
    struct error err;
};

static json_t *load(const char *folder, const char *name)
{
    cleanup_free char *relative = xasprintf(ROOT "%s/%s", folder, name);

    return vectors_json(relative);
}

/* The file tree goes below the fixture's folder; absolute paths in it and in the environment
 * follow. */
static char *moved(const struct run *r, const char *text, const char *before)
{
    cleanup_free char *mark = xasprintf("%s/", before),
                      *with = xasprintf("%s%s/", before, r->f.home);
    struct str out = STR_INIT;

    for (const char *p = text; *p;) {
        const char *at = strstr(p, mark);
        str_append_bytes(&out, p, at ? (size_t)(at - p) : strlen(p));
        if (!at)
            break;
        str_append(&out, with);
        p = at + strlen(mark);
    }
    return str_take(&out);
}

static void copy_tree(struct run *r, const char *from, const char *to)
{
    DIR *d = opendir(from);

    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        cleanup_free char *path = path_join(from, e->d_name),
                          *below = *to ? xasprintf("%s/%s", to, e->d_name) : xstrdup(e->d_name);
        cleanup_str struct str text = STR_INIT;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (file_is_dir(path)) {
            copy_tree(r, path, below);
        } else if (file_read(path, 1 << 20, &text, NULL) == 0) {
            cleanup_free char *own = moved(r, str_get(&text), "= ");
            fixture_file(&r->f, below, own);
        }
    }
    if (d)
        closedir(d);
}

static void set_environment(struct run *r, const json_t *env)
{
    const char *name;
    json_t *value;

    fixture_env(&r->f, "AWS_EC2_METADATA_DISABLED", "false");
    json_object_foreach((json_t *)(uintptr_t)env, name, value) {
        const char *text = json_string_value(value);
        cleanup_free char *path = text[0] == '/' && !text_starts(name, "AWS_CONTAINER_CREDENTIALS")
                                      ? xasprintf("%s%s", r->f.home, text)
                                      : xstrdup(text);
        fixture_env(&r->f, name, path);
    }
}

static void read_traffic(struct run *r)
{
    json_t *event;
    size_t i;

    json_array_foreach(json_object_get(r->traffic, "events"), i, event) {
        long long id = json_int_or(event, "connection_id", 0);
        struct exchange *x =
            id >= 0 && id < (long long)ARRAY_LEN(r->exchanges) ? &r->exchanges[id] : NULL;

        if (!x)
            continue;
        r->count = MAX(r->count, (size_t)id + 1);
        if (json_at(event, "action.Request")) {
            x->method = json_str_or(event, "action.Request.request.method", "?");
            x->uri = json_str_or(event, "action.Request.request.uri", "?");
        } else if (json_at(event, "action.Response.response.Ok")) {
            x->status = (int)json_int_or(event, "action.Response.response.Ok.status", 500);
        } else if (strcmp(json_str_or(event, "action.Data.direction", ""), "Response") == 0) {
            x->reply = json_str_or(event, "action.Data.data.Utf8", "");
        }
    }
}

static bool same_place(const char *a, const char *b)
{
    size_t n = strcspn(a, "?"), m = strcspn(b, "?");

    while (n && a[n - 1] == '/')
        n--;
    while (m && b[m - 1] == '/')
        m--;
    return n == m && strncmp(a, b, n) == 0;
}

static void
answer(void *arg, const struct http_request *req, const char *body, struct script_step *step)
{
    struct run *r = arg;

    (void)body;
    for (size_t i = 0; i < r->count; i++) {
        struct exchange *x = &r->exchanges[i];
        if (x->used || !x->uri || strcmp(x->method, req->method) != 0 ||
            !same_place(x->uri, req->url))
            continue;
        x->used = true;
        if (x->status) {
            step->status = x->status;
            step->reply = x->reply;
        } else {
            step->error = -ECONNREFUSED;
        }
        return;
    }
    step->error = -ECONNREFUSED;
}

static void resolve_body(void *arg)
{
    struct run *r = arg;
    struct aws_session *s = NULL;

    r->rc = fixture_open(&r->f, NULL, NULL, &s, &r->err);
    if (r->rc == 0)
        r->rc = aws_session_credentials(s, &r->c, &r->err);
    aws_session_free(s);
}

static void judge(struct vectors *v, const struct run *r, const char *id, const json_t *ok)
{
    if (!ok && r->rc < 0)
        vectors_pass(v);
    else if (!ok || r->rc < 0)
        vectors_fail(v, id, "%s", ok ? r->err.message : r->c.source);
    else if (
        vectors_equal(v, id, "key", json_str(ok, "access_key_id"), r->c.access_key_id) &&
        vectors_equal(
            v,
            id,
            "secret",
            json_str(ok, "secret_access_key"),
            secret_get(&r->c.secret_access_key)) &&
        vectors_equal(
            v, id, "token", json_str_or(ok, "session_token", ""), secret_get(&r->c.session_token)))
        vectors_pass(v);
}

static void run_folder(struct vectors *v, const char *folder)
{
    struct run r = {0};
    cleanup_json json_t *test = load(folder, "test-case.json"), *env = load(folder, "env.json");
    const json_t *ok = json_at(test, "result.Ok");
    long long expiry = json_int_or(ok, "expiry", 0);
    cleanup_free char *tree_name = xasprintf(ROOT "%s/fs", folder), *tree = vectors_path(tree_name);

    if (exception_reason(folder)) {
        vectors_not_applicable(v, folder, exception_reason(folder));
        return;
    }
    r.traffic = load(folder, "http-traffic.json");
    fixture_init(&r.f);
    if (expiry) /* recorded years ago: the clock goes to an hour before the end */
        fake_clock_advance(&r.f.clock, (expiry - 3600) * 1000 - r.f.clock.wall_ms);
    copy_tree(&r, tree, "");
    set_environment(&r, env);
    read_traffic(&r);
    script_http_add(
        r.f.script, &(struct script_step){.times = 100, .on_request = answer, .arg = &r});
    fixture_run(&r.f, resolve_body, &r);
    judge(v, &r, folder, ok);
    aws_credentials_done(&r.c);
    error_done(&r.err);
    fixture_done(&r.f);
    json_decref(r.traffic);
}

START_TEST(every_folder)
{
    static const char *const groups[] = {
        "default-credential-provider-chain", "profile-provider", "default-token-provider-chain"};
    struct vectors v = {.name = "credential chain"};

    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        cleanup_free char *group = xasprintf(ROOT "%s", groups[g]);
        char **names = vectors_list(group);
        for (size_t i = 0; names[i]; i++) {
            cleanup_free char *folder = xasprintf("%s/%s", groups[g], names[i]);
            run_folder(&v, folder);
        }
        vectors_list_free(names);
    }
    ck_assert_int_eq(vectors_end(&v), EXIT_SUCCESS);
    fflush(stdout);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_folder};

    free(vectors_path("."));
    return suite_run("vectors/chain_folders", tests, ARRAY_LEN(tests));
}
