/* The scripted AWS of cloud.h: a transport that answers by operation name, a journal that is a JSON
 * object, and a sink that writes down what was said.
 *
 * The operation is read from the request as AWS would read it: a target header for the JSON
 * protocols, the Action parameter for the query protocols; S3 is known by its method. A call that
 * nobody scripted finds no reply, and the test fails. */
#include "unit/engine/cloud.h"

#include "base/env.h"
#include "base/str.h"
#include "engine/context.h"
#include "loop/fiber.h"
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static struct cloud_op *op_get(struct cloud *cl, const char *name)
{
    vec_each(op, &cl->ops)
        if (text_eq(op->name, name))
            return op;
    vec_push(&cl->ops, (struct cloud_op){.name = xstrdup(name)});
    return vec_last(&cl->ops);
}

void cloud_reply(struct cloud *cl, const char *op, const char *text)
{
    cloud_slow(cl, op, 0, text);
}

void cloud_slow(struct cloud *cl, const char *op, int64_t delay_ms, const char *text)
{
    vec_push(
        &op_get(cl, op)->replies,
        (struct cloud_reply){.status = 200, .text = xstrdup(text), .delay_ms = delay_ms});
}

void cloud_fail(struct cloud *cl, const char *op, int status, const char *code, const char *message)
{
    vec_push(
        &op_get(cl, op)->replies,
        (struct cloud_reply){.status = status, .text = xasprintf("%s\n%s", code, message)});
}

void cloud_on(struct cloud *cl, const char *op, cloud_fn *fn, void *arg)
{
    struct cloud_op *o = op_get(cl, op);
    o->fn = fn;
    o->arg = arg;
}

static bool is_json(const struct cloud_call *call)
{
    return call->body[0] == '{';
}

char *cloud_error_text(const struct cloud_call *call, const char *code, const char *message)
{
    return is_json(call) ? xasprintf("{\"__type\":\"%s\",\"message\":\"%s\"}", code, message)
                         : xasprintf(
                               "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></"
                               "Error><RequestId>r-1</RequestId></ErrorResponse>",
                               code,
                               message);
}

static char *wrap(const struct cloud_call *call, const char *url, char *text)
{
    if (is_json(call) || text_starts(call->op, "S3 "))
        return text;
    bool ec2 = strstr(url, "//ec2.") != NULL;
    char *whole = ec2 ? xasprintf("<%sResponse>%s</%sResponse>", call->op, text, call->op)
                      : xasprintf(
                            "<%sResponse><%sResult>%s</%sResult></%sResponse>",
                            call->op,
                            call->op,
                            text,
                            call->op,
                            call->op);
    free(text);
    return whole;
}

static char *op_of(const struct http_request *req, const char *body)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (text_eq_nocase(req->headers[i].name, "x-amz-target")) {
            const char *dot = strrchr(req->headers[i].value, '.');
            return xstrdup(dot ? dot + 1 : req->headers[i].value);
        }
    if (text_starts(body, "Action="))
        return xstrndup(body + 7, strcspn(body + 7, "&"));
    return xasprintf("S3 %s", req->method);
}

static void
on_request(void *arg, const struct http_request *req, const char *body, struct script_step *step)
{
    struct cloud *cl = arg;
    vec_push(
        &cl->calls,
        (struct cloud_call){
            .op = op_of(req, body), .body = xstrdup(body), .at_wall_ms = cl->clock.wall_ms});
    const struct cloud_call call = *vec_last(&cl->calls);
    struct cloud_op *op = op_get(cl, call.op);
    struct cloud_reply reply = {.status = 200};
    if (op->fn) {
        op->fn(cl, op->arg, &call, &reply);
    } else {
        if (op->replies.len == 0)
            ck_abort_msg("no reply for %s %s %s\n%s", call.op, req->method, req->url, body);
        const struct cloud_reply *r = &op->replies.items[MIN(op->next, op->replies.len - 1)];
        op->next++;
        reply = (struct cloud_reply){.status = r->status, .delay_ms = r->delay_ms};
        const char *end = strchr(r->text, '\n');
        if (r->status / 100 == 2) {
            reply.text = xstrdup(r->text);
        } else {
            cleanup_free char *code = xstrndup(r->text, (size_t)(end - r->text));
            reply.text = cloud_error_text(&call, code, end + 1);
        }
    }
    char *text = reply.status / 100 == 2
                     ? wrap(&call, req->url, reply.text ? reply.text : xstrdup(""))
                     : reply.text;
    vec_push(&cl->pool, text);
    step->status = reply.status;
    step->delay_ms = reply.delay_ms;
    step->reply = text;
}

static void on_row(void *arg, const struct engine_row *row)
{
    static const char *const states[] = {
        "waiting", "active", "done", "failed", "skipped", "canceled"};
    struct cloud *cl = arg;
    vec_push(&cl->said, xasprintf("row %s %s %s", row->id, states[row->state], row->what));
}

static void on_resource(void *arg, const char *row_id, const struct engine_resource *r)
{
    struct cloud *cl = arg;
    vec_push(
        &cl->said,
        xasprintf(
            "resource %s %s %s%s%s",
            row_id,
            r->logical_id,
            r->status,
            r->reason ? " " : "",
            r->reason ? r->reason : ""));
}

static void on_log(void *arg, const struct engine_log *line)
{
    struct cloud *cl = arg;
    vec_push(&cl->said, xasprintf("log %s: %s", line->service, line->text));
}

static void on_note(void *arg, enum engine_severity severity, const char *message, const char *hint)
{
    static const char *const words[] = {"error", "warning", "note"};
    struct cloud *cl = arg;
    vec_push(&cl->said, xasprintf("note %s: %s", words[severity], message));
}

static int journal_get(void *arg, const char *key, char **value, struct error *err)
{
    struct cloud *cl = arg;
    *value = xstrdup_null(json_string_value(json_object_get(cl->journal, key)));
    return 0;
}

static int journal_put(void *arg, const char *key, const char *value, struct error *err)
{
    struct cloud *cl = arg;
    if (value)
        json_object_set_new(cl->journal, key, json_string(value));
    else
        json_object_del(cl->journal, key);
    return 0;
}

static int journal_flush(void *arg, struct error *err)
{
    ((struct cloud *)arg)->flushes++;
    return 0;
}

static void open_session(struct cloud *cl)
{
    static const char *const vars[][2] = {
        {"HOME", "/nonexistent"},
        {"AWS_EC2_METADATA_DISABLED", "true"},
        {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
        {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
        {"AWS_REGION", "us-west-2"}};
    cl->env = env_new();
    for (size_t i = 0; i < ARRAY_LEN(vars); i++)
        env_set(cl->env, vars[i][0], vars[i][1]);
    struct aws_session_options o = {
        .loop = cl->loop, .http = script_http(cl->script), .env = cl->env};
    ck_assert_int_eq(aws_session_open(&o, &cl->aws, NULL), 0);
}

static void on_evidence(void *arg, const struct engine_evidence *e)
{
    struct cloud *cl = arg;
    cleanup_free char *containers = e->containers ? json_print(e->containers, false, true) : NULL;

    vec_push(
        &cl->said,
        xasprintf(
            "evidence %s %s %s %s: %s %s",
            e->key,
            e->kind,
            e->service ? e->service : "-",
            e->subject,
            e->reason,
            containers ? containers : ""));
}

void cloud_init(struct cloud *cl)
{
    static const char *const zones[] = {"us-west-2a", "us-west-2b"};
    *cl = (struct cloud){.err = ERROR_INIT};
    fake_clock_install(&cl->clock, FAKE_CLOCK_START_MS);
    cl->loop = loop_new();
    fake_clock_attach(&cl->clock, cl->loop);
    cl->script = script_http_new(cl->loop);
    script_http_add(
        cl->script, &(struct script_step){.times = UINT_MAX, .on_request = on_request, .arg = cl});
    open_session(cl);
    cl->journal = json_object();
    cl->sink = (struct engine_sink){on_row, on_resource, on_log, on_note, on_evidence, cl};
    cl->journal_fns = (struct engine_journal){journal_get, journal_put, journal_flush, cl};
    cl->settings =
        (struct plan_settings){.prefix = "Defang", .stack = "beta", .cd_name = "defang-cd"};
    cl->facts = (struct plan_facts){
        .account = "123456789012",
        .region = "us-west-2",
        .partition = "aws",
        .dns_suffix = "amazonaws.com",
        .zones = zones,
        .zone_count = 2,
        .bucket = "cd-bucket"};
    cl->c = (struct engine_context){
        .loop = cl->loop,
        .aws = cl->aws,
        .sink = &cl->sink,
        .journal = &cl->journal_fns,
        .detaching = &cl->detaching,
        .settings = &cl->settings,
        .facts = &cl->facts,
        .project = "shop",
        .deployment = "k3j2h4g5f6d7"};
}

static void free_list(void *items, size_t n)
{
    char **list = items;
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

void cloud_done(struct cloud *cl)
{
    aws_session_free(cl->aws);
    http_free(script_http(cl->script));
    loop_free(cl->loop);
    fake_clock_remove(&cl->clock);
    env_free(cl->env);
    json_decref(cl->journal);
    error_done(&cl->err);
    vec_each(op, &cl->ops) {
        free(op->name);
        vec_each(r, &op->replies)
            free(r->text);
        vec_free(&op->replies);
    }
    vec_free(&cl->ops);
    vec_each(call, &cl->calls) {
        free(call->op);
        free(call->body);
    }
    vec_free(&cl->calls);
    free_list(cl->said.items, cl->said.len);
    free_list(cl->pool.items, cl->pool.len);
}

static void run_body(void *arg)
{
    struct cloud *cl = arg;
    cl->body(cl);
}

void cloud_run(struct cloud *cl, void (*body)(struct cloud *cl))
{
    cl->body = body;
    loop_run_fiber(cl->loop, "test", run_body, cl);
}

struct canceled {
    struct cloud *cl;
    int64_t after_ms;
};

static void run_canceled(void *arg)
{
    struct canceled *x = arg;
    struct fiber *f = fiber_spawn(x->cl->loop, "job", run_body, x->cl);
    fiber_sleep(x->after_ms);
    fiber_cancel(f);
    fiber_join(f);
}

void cloud_run_canceled(struct cloud *cl, void (*body)(struct cloud *cl), int64_t after_ms)
{
    struct canceled x = {cl, after_ms};
    cl->body = body;
    loop_run_fiber(cl->loop, "canceler", run_canceled, &x);
}

size_t cloud_count(const struct cloud *cl, const char *op)
{
    size_t n = 0;
    vec_each(call, &cl->calls)
        n += text_eq(call->op, op);
    return n;
}

const char *cloud_body(const struct cloud *cl, const char *op, size_t i)
{
    vec_each(call, &cl->calls)
        if (text_eq(call->op, op) && i-- == 0)
            return call->body;
    ck_abort_msg("there was no such call of %s", op);
    return NULL;
}

bool cloud_body_has(const struct cloud *cl, const char *op, size_t i, const char *part)
{
    return strstr(cloud_body(cl, op, i), part) != NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

char *cloud_param(const struct cloud_call *call, const char *name)
{
    cleanup_free char *wanted = xasprintf("&%s=", name);
    const char *at = strstr(call->body, wanted);
    if (!at)
        return NULL;
    at += strlen(wanted);
    cleanup_str struct str out = STR_INIT;
    for (; *at && *at != '&'; at++) {
        if (*at == '%') {
            str_append_char(&out, (char)(hex(at[1]) * 16 + hex(at[2])));
            at += 2;
        } else {
            str_append_char(&out, *at == '+' ? ' ' : *at);
        }
    }
    return str_take(&out);
}

const char *cloud_journal(const struct cloud *cl, const char *key)
{
    return json_string_value(json_object_get(cl->journal, key));
}

void cloud_journal_put(struct cloud *cl, const char *key, const char *value)
{
    json_object_set_new(cl->journal, key, json_string(value));
}

size_t cloud_said(const struct cloud *cl, const char *part)
{
    size_t n = 0;
    vec_each(text, &cl->said)
        n += strstr(*text, part) != NULL;
    return n;
}

void cloud_show(const struct cloud *cl)
{
    vec_each(text, &cl->said)
        fprintf(stderr, "%s\n", *text);
    vec_each(call, &cl->calls)
        fprintf(stderr, "%s\n", call->op);
}
