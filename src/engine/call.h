/* Calls of AWS as a job makes them: with the wait for fresh credentials and the patience with
 * troubles that pass by themselves around each. What every flow of src/engine uses instead of
 * aws_call(); those that must not be cut in the middle use aws_call() and engine_again(). */
#pragma once

#include "engine/context.h"

/* `in` is stolen, NULL = no input. *out: new; may be NULL where nobody asks. */
int engine_call(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err);

/* Of what a job can do without: no patience with troubles, the answer comes at once. */
int engine_call_optional(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err);

/* All pages: *items is one array. */
int engine_call_all(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err);
int engine_call_all_optional(
    struct engine_context *c,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err);

/* True when the error was about credentials and fresh ones have come: try again. */
bool engine_retry_after_auth(struct engine_context *c, int rc, struct error *err);

/* How long a job has been putting up with a trouble that passes by itself; zero at the start and
 * whenever something went well. */
struct engine_patience {
    int64_t since_ms, pause_ms;
};

/* What engine_call() does after a failure, for calls that it cannot make: true = waited (for
 * credentials, for ten minutes at most of no network or no capacity), err is empty, the same is to
 * be tried again. */
bool engine_again(struct engine_context *c, struct engine_patience *p, int rc, struct error *err);

/* Pauses of a poll: short after news, longer while nothing moves. Zero at the start. */
struct engine_pace {
    int64_t ms;
};

void engine_pace_news(struct engine_pace *p);
int engine_pace_wait(struct engine_pace *p); /* 0 or -ECANCELED */
