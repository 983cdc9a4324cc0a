/* Whole jobs for the tests: started, run to their end or interrupted. The cloud is a script and the
 * clock a false one, so that waits of minutes pass at once; the store is a real one in a folder of
 * its own. */
#pragma once

#include "unit/daemon/rig.h"
#include "unit/lib/suite.h"

#define IDENTITY_OF(account, arn)                                                                  \
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" arn                                \
    "</Arn><UserId>A</UserId><Account>" account                                                    \
    "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
#define IDENTITY(account) IDENTITY_OF(account, "arn:aws:iam::" account ":user/me")
#define NO_STACK                                                                                   \
    "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id defang-cd does not " \
    "exist</Message></Error></ErrorResponse>"
#define DENIED                                                                                     \
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not "                                 \
    "allowed</Message></Error></ErrorResponse>"
#define EXPIRED                                                                                    \
    "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>expired</Message></Error></"          \
    "ErrorResponse>"

/* Whose the next job is. */
static const char *owner = "arn:aws:iam::123456789012:user/me";

static inline struct job *start(const char *kind, struct session *s, json_t *inputs)
{
    struct error err = ERROR_INIT;
    struct job *j = NULL;
    cleanup_free char *id = job_id_new();
    struct store_deployment row = {
        .id = id,
        .kind = (char *)(uintptr_t)kind,
        .project = (char *)"",
        .stack = (char *)"defang-cd",
        .account = (char *)"123456789012",
        .principal = (char *)(uintptr_t)owner,
        .region = (char *)"us-west-2",
        .engine = (char *)"cloudformation",
        .profile = (char *)"default",
        .created_ms = FAKE_CLOCK_START_MS};
    struct aws_credentials found = {0};
    ck_assert_int_eq(aws_session_credentials(s->aws, &found, NULL), 0); /* as admission does */
    aws_credentials_done(&found);
    int rc = job_start(&rig.d, &row, inputs, s, &j, &err);
    ck_assert_msg(rc == 0, "%s", err.message);
    return j;
}

/* Of the job that ran last. */
static char id[16];
static int state;

static inline void read_state(void)
{
    struct store_deployment row = {0};
    ck_assert_int_eq(store_flush(rig.d.store, NULL), 0);
    ck_assert_int_eq(store_deployment_get(rig.d.store, id, &row, NULL), 0);
    state = row.state;
    store_deployment_done(&row);
}

static inline bool find_event(void *arg, uint64_t sequence, const void *data, size_t n)
{
    const char **text = arg;

    if (*text && memmem(data, n, *text, strlen(*text)))
        *text = NULL;
    return true;
}

/* Whether an event of the job that ran last says so. */
static inline bool said(const char *text)
{
    ck_assert_int_eq(store_flush(rig.d.store, NULL), 0);
    ck_assert_int_eq(
        store_event_read(rig.d.store, id, 0, 1000, 1 << 20, find_event, &text, NULL), 0);
    return !text;
}

static inline void expect_call(const char *body, int status, const char *reply)
{
    script_http_add(
        rig.script, &(struct script_step){.body = body, .status = status, .reply = reply});
}

/* A file below the caller's home. */
static inline void rig_file(const char *name, const char *text)
{
    cleanup_free char *path = path_join(rig.folder, name);
    cleanup_free char *parent = path_dirname(path);
    ck_assert_int_eq(file_mkdirs(parent, 0700, NULL), 0);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    ck_assert_int_eq(fclose(f), 0);
}

static inline bool no_inputs(void *arg, const struct store_deployment *row)
{
    (*(int *)arg)++;
    return true;
}

static inline int unfinished(void)
{
    int n = 0;
    struct store_filter f = {.unfinished_only = true};
    ck_assert_int_eq(store_deployment_each(rig.d.store, &f, no_inputs, &n, NULL), 0);
    return n;
}

static const char *kind;
static void (*meanwhile)(struct job *j); /* in the same fiber, once the job was started */

static inline void run_one(void *arg)
{
    struct rig_caller c;
    rig_caller_init(&c);
    struct session *s = rig_session(&c);
    struct job *j = start(kind, s, job_inputs_new(s, &c.caller, NULL, true));
    snprintf(id, sizeof id, "%s", j->row.id);
    session_unref(&rig.d, s);
    if (meanwhile)
        meanwhile(j);
    while (rig.d.jobs.len)
        fiber_sleep(100);
    read_state();
}

static inline void run_kind_of(const char *which)
{
    kind = which;
    loop_run_fiber(rig.d.loop, "test", run_one, NULL);
}

static inline void bring_fresh_ones(struct job *j)
{
    struct rig_caller c;
    while (j->row.state != DEFANG__DEPLOY_STATE__BLOCKED_AUTH)
        fiber_sleep(100);
    rig_caller_init(&c);
    rig_var(&c, "AWS_SECRET_ACCESS_KEY", "other-account");
    struct session *other = rig_session(&c);
    ck_assert_uint_eq(job_offer_credentials(&rig.d, other), 0); /* of another account */
    ck_assert_int_eq(j->row.state, DEFANG__DEPLOY_STATE__BLOCKED_AUTH);
    session_unref(&rig.d, other);
    rig_var(&c, "AWS_SECRET_ACCESS_KEY", "fresh");
    struct session *fresh = rig_session(&c);
    ck_assert_uint_eq(job_offer_credentials(&rig.d, fresh), 1);
    session_unref(&rig.d, fresh);
}

/* `arg`: a function for the first job that waits for credentials; NULL. */
static inline void wait_for_all(void *arg)
{
    while (rig.d.jobs.len) {
        vec_each(it, &rig.d.jobs) {
            if ((*it)->row.state == DEFANG__DEPLOY_STATE__BLOCKED_AUTH && arg) {
                void (*fn)(struct job *) = *(void (**)(struct job *))arg;
                fn(*it);
                arg = NULL;
                break;
            }
        }
        fiber_sleep(100);
    }
    read_state();
}
