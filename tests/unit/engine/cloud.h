/* An engine_context over a scripted AWS, for tests of src/engine: every call goes through the real
 * signing, retries and wire protocols into a transport that answers by operation name. The clock is
 * virtual, the journal and what was said to the user lie open.
 *
 *   struct cloud cl;  cloud_init(&cl);
 *   cloud_reply(&cl, "ListTasks", "{\"taskArns\":[]}");        replies are used in order, the last
 * one stays cloud_run(&cl, body);                                      body(&cl) in a fiber, to its
 * end ck_assert_uint_eq(cloud_count(&cl, "ListTasks"), 1); cloud_done(&cl);
 *
 * A reply is the JSON body, or for the query protocols what stands inside <XResult>. An operation
 * without a reply fails the test. */
#pragma once

#include "base/vec.h"
#include "engine/context.h"
#include "unit/lib/fake_clock.h"
#include "unit/lib/script_http.h"

struct cloud;

struct cloud_call {
    char *op, *body;
    int64_t at_wall_ms;
};

struct cloud_reply {
    int status;
    char *text;
    int64_t delay_ms;
}; /* text is owned by the reply */

/* May look at the call and answer freely; text is malloc'd. */
typedef void
cloud_fn(struct cloud *cl, void *arg, const struct cloud_call *call, struct cloud_reply *reply);

struct cloud_op {
    char *name;
    VEC(struct cloud_reply) replies;
    size_t next;
    cloud_fn *fn;
    void *arg;
};

struct cloud {
    struct fake_clock clock;
    struct loop *loop;
    struct script_http *script;
    struct env *env;
    struct aws_session *aws;
    struct engine_context c;
    struct engine_sink sink;
    struct engine_journal journal_fns;
    struct plan_settings settings;
    struct plan_facts facts;
    json_t *journal; /* key → value */
    unsigned flushes;
    bool detaching;
    VEC(struct cloud_op) ops;
    VEC(struct cloud_call) calls;
    VEC(char *)
    said; /* "row account active …", "resource group Id STATUS", "log web: text", "note warning:
             text" */
    VEC(char *) pool;
    void (*body)(struct cloud *cl);
    struct error err; /* for the body */
    int rc;
};

void cloud_init(struct cloud *cl);
void cloud_done(struct cloud *cl);
void cloud_reply(struct cloud *cl, const char *op, const char *text);
void cloud_slow(struct cloud *cl, const char *op, int64_t delay_ms, const char *text);
void cloud_fail(
    struct cloud *cl, const char *op, int status, const char *code, const char *message);
void cloud_on(struct cloud *cl, const char *op, cloud_fn *fn, void *arg);
/* The body of a failure, by the protocol of the operation's request. */
char *cloud_error_text(const struct cloud_call *call, const char *code, const char *message);
void cloud_run(struct cloud *cl, void (*body)(struct cloud *cl));
/* Runs body in a fiber of its own beside the loop and cancels it after `after_ms` of virtual time;
 * returns when it has ended. */
void cloud_run_canceled(struct cloud *cl, void (*body)(struct cloud *cl), int64_t after_ms);

size_t cloud_count(const struct cloud *cl, const char *op);
const char *cloud_body(
    const struct cloud *cl, const char *op, size_t i); /* fails the test when there were fewer */
bool cloud_body_has(const struct cloud *cl, const char *op, size_t i, const char *part);
char *cloud_param(
    const struct cloud_call *call,
    const char *name); /* of a query call, decoded; malloc'd or NULL */
const char *cloud_journal(const struct cloud *cl, const char *key);
void cloud_journal_put(struct cloud *cl, const char *key, const char *value);
size_t
cloud_said(const struct cloud *cl, const char *part); /* how many of the things said contain it */
void cloud_show(
    const struct cloud *cl); /* all of it, to stderr, when a test has to be understood */
