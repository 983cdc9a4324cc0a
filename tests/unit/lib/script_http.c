/* The scripted transport: a list of steps, each what a request must look like and what comes
 * back, after how long; what was not asked for fails the test. */
#include "unit/lib/script_http.h"

#include "base/mem.h"
#include "base/vec.h"
#include "loop/fiber.h"
#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

struct script_http {
    struct http base;
    struct loop *loop;
    VEC(struct script_step) steps; /* times counts down */
    VEC(struct script_sent) sent;
    bool any_order;
};

static bool text_matches(const char *pattern, const char *text)
{
    if (!pattern)
        return true;
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool line_matches(const char *expected, const char *line)
{
    const char *colon = strchr(expected, ':');
    size_t name = colon ? (size_t)(colon - expected) : strlen(expected);
    if (strncasecmp(expected, line, name) != 0 || line[name] != ':')
        return false;
    return !colon || text_matches(colon, line + name);
}

bool script_sent_has_header(const struct script_sent *sent, const char *line)
{
    cleanup_free char *all = xstrdup(sent->headers);
    for (char *save = NULL, *one = strtok_r(all, "\n", &save); one;
         one = strtok_r(NULL, "\n", &save))
        if (line_matches(line, one))
            return true;
    return false;
}

static bool step_matches(const struct script_step *step, const struct script_sent *sent)
{
    return text_matches(step->method, sent->method) && text_matches(step->url, sent->url) &&
           text_matches(step->body, sent->body) &&
           (!step->header || script_sent_has_header(sent, step->header));
}

static void read_source(const struct http_body_source *source, struct str *out)
{
    char buf[4096];
    long n;
    uint64_t left = source->length;
    while (left > 0 && (n = source->read(source->arg, buf, MIN(sizeof buf, left))) > 0) {
        str_append_bytes(out, buf, (size_t)n);
        left -= (uint64_t)n;
    }
    ck_assert_msg(left == 0, "the body's source ended %llu bytes early", (unsigned long long)left);
}

static size_t record(struct script_http *script, const struct http_request *req)
{
    struct str headers = STR_INIT, body = STR_INIT;
    for (size_t i = 0; i < req->header_count; i++) {
        cleanup_free char *name = text_lower(req->headers[i].name);
        str_appendf(&headers, "%s: %s\n", name, req->headers[i].value);
    }
    if (req->source)
        read_source(req->source, &body);
    else
        str_append_bytes(&body, req->body ? req->body : "", req->body_len);
    size_t body_len = body.len;
    struct script_sent sent = {
        xstrdup(req->method),
        xstrdup(req->url),
        str_take(&headers),
        str_take(&body),
        body_len,
        loop_now_ms(script->loop)};
    vec_push(&script->sent, sent);
    return script->sent.len - 1;
}

static struct script_step *find_step(struct script_http *script, const struct script_sent *sent)
{
    struct script_step *next = NULL;
    vec_each(step, &script->steps) {
        if (step->times == 0)
            continue;
        next = next ? next : step;
        if (step_matches(step, sent))
            return step;
        if (!script->any_order)
            break;
    }
    const struct script_step none = {.method = "nothing more", .url = ""};
    const struct script_step *wanted = next ? next : &none;
    ck_abort_msg(
        "request %zu:\n%s %s\n%s\n%s\nexpected: %s %s %s%s%s%s",
        script->sent.len,
        sent->method,
        sent->url,
        sent->headers,
        sent->body,
        wanted->method ? wanted->method : "*",
        wanted->url ? wanted->url : "*",
        script->any_order ? "(or another) " : "",
        wanted->header ? wanted->header : "",
        wanted->body ? " body " : "",
        wanted->body ? wanted->body : "");
    return NULL;
}

static void add_headers(struct http_response *resp, const char *lines)
{
    cleanup_free char *all = xstrdup(lines ? lines : "");
    for (char *save = NULL, *one = strtok_r(all, "\n", &save); one;
         one = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(one, ':');
        ck_assert_msg(colon != NULL, "a scripted header without colon: %s", one);
        const char *value = colon + 1 + strspn(colon + 1, " ");
        http_response_add_header(resp, one, (size_t)(colon - one), value, strlen(value));
    }
}

static int deliver(
    const struct script_step *step,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err)
{
    const char *body = step->reply ? step->reply : "";
    size_t n = step->reply_len ? step->reply_len : strlen(body);
    resp->status = step->status ? step->status : 200;
    add_headers(resp, step->reply_headers);
    uint64_t max_bytes = req->max_body_bytes ? req->max_body_bytes : UINT64_MAX;
    if (n > max_bytes)
        return error_raise_errno(
            err, ERR_FAILED, EMSGSIZE, "script: the reply is larger than its bound");
    if (!req->on_data || resp->status / 100 != 2) {
        if (strcmp(req->method, "HEAD") != 0)
            str_append_bytes(&resp->body, body, n);
        return 0;
    }
    size_t piece = step->piece_bytes ? step->piece_bytes : MAX(n, (size_t)1);
    for (size_t at = 0; at < n; at += piece) {
        int rc = req->on_data(req->on_data_arg, body + at, MIN(piece, n - at));
        if (rc != 0)
            return error_raise_errno(err, ERR_FAILED, rc, "script: the exchange was given up");
    }
    return 0;
}

static int
wait_for_reply(const struct script_step *step, const struct http_request *req, struct error *err)
{
    int64_t limit_ms = req->timeout_ms > 0 ? req->timeout_ms : 60000;
    int rc = step->delay_ms > 0 ? fiber_sleep(MIN(step->delay_ms, limit_ms)) : fiber_sleep(0);
    if (rc < 0)
        return error_raise_errno(err, ERR_CANCELED, rc, "script: canceled");
    if (step->delay_ms > limit_ms)
        return error_raise_errno(
            err, ERR_TIMEOUT, ETIMEDOUT, "script: no reply within %lld ms", (long long)limit_ms);
    return step->error ? error_raise_errno(
                             err, ERR_FAILED, step->error, "script: %s", strerror(-step->error))
                       : 0;
}

static int script_perform(
    struct http *http,
    const struct http_request *req,
    struct http_response *resp,
    struct error *err)
{
    struct script_http *script = container_of(http, struct script_http, base);
    *resp = (struct http_response){.started_mono_ms = loop_now_ms(script->loop)};
    if (fiber_is_canceled() && fiber_sleep(0) < 0) /* not so while shielded */
        return error_raise_errno(err, ERR_CANCELED, ECANCELED, "script: canceled");
    size_t index = record(script, req);
    struct script_sent sent =
        script->sent.items[index]; /* a copy: others may ask while this one waits */
    struct script_step *found = find_step(script, &sent);
    found->times--;
    struct script_step step = *found;
    if (step.on_request)
        step.on_request(step.arg, req, sent.body, &step);
    int rc = wait_for_reply(&step, req, err);
    if (rc == 0)
        rc = deliver(&step, req, resp, err);
    if (rc < 0)
        http_response_done(resp);
    resp->ended_mono_ms = rc < 0 ? 0 : loop_now_ms(script->loop);
    return rc;
}

static void script_free(struct http *http)
{
    struct script_http *script = container_of(http, struct script_http, base);
    vec_each(sent, &script->sent) {
        free(sent->method);
        free(sent->url);
        free(sent->headers);
        free(sent->body);
    }
    vec_free(&script->sent);
    vec_free(&script->steps);
    free(script);
}

struct script_http *script_http_new(struct loop *loop)
{
    struct script_http *script = xcalloc(1, sizeof *script);
    script->base.perform = script_perform;
    script->base.free = script_free;
    script->loop = loop;
    return script;
}

struct http *script_http(struct script_http *script)
{
    return &script->base;
}

void script_http_add(struct script_http *script, const struct script_step *step)
{
    vec_push(&script->steps, *step);
    if (step->times == 0)
        vec_last(&script->steps)->times = 1;
}

void script_http_any_order(struct script_http *script)
{
    script->any_order = true;
}

void script_http_assert_done(const struct script_http *script)
{
    size_t i = 0;
    vec_each(step, &script->steps) {
        ck_assert_msg(
            step->times == 0,
            "step %zu was not asked for (%u left): %s %s %s",
            i,
            step->times,
            step->method ? step->method : "*",
            step->url ? step->url : "*",
            step->body ? step->body : "");
        i++;
    }
}

size_t script_http_count(const struct script_http *script)
{
    return script->sent.len;
}

const struct script_sent *script_http_sent(const struct script_http *script, size_t i)
{
    ck_assert_msg(
        i < script->sent.len,
        "only %zu requests were made, none with index %zu",
        script->sent.len,
        i);
    return &script->sent.items[i];
}
