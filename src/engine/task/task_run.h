/* One Fargate task, run under a token and followed to its end: image builds services that
 * run once, Pulumi.
 *
 * Journal, under `key`: ".token" (RunTask's clientToken, flushed before the call), ".task" (its
 * ARN), ".log" (how far its log was told). A life after a crash finds the task by them: nothing
 * runs twice, no line is told twice. */
#pragma once

#include "engine/context.h"

struct task_run {
    struct engine_context *c;
    const char *service; /* of the log lines */
    const char *what;    /* "the build of api", for messages */
    const char *key;
    const char *cluster;
    const json_t *input;        /* of RunTask; clientToken is set here */
    const char *group, *prefix; /* log group; its stream is "<prefix>/<task id>" */
    const char *source;         /* "build", "run" or "cd" */
    int64_t wait_ms;            /* longer than that it is stopped */
    const char *wait_text;      /* "60 minutes" */
    /* The row while it runs. */
    enum engine_row_kind row_kind;
    const char *row, *row_prefix, *usual; /* prefix: "image: " or "" */
    unsigned order;
    const struct task_phase *phases;
    size_t phase_count;                                    /* words for ECS's states */
    void (*on_line)(struct task_run *t, const char *line); /* may show more on the row; NULL */
    /* true: told already, no log line; NULL */
    bool (*take_line)(struct task_run *t, const char *line);
    void *arg; /* of the two */

    /* Results; free with task_run_done(). */
    char *task_arn, *stream;
    char *log_token; /* how far the log was told */
    bool unread;     /* the right to read it is missing: it was said, and it goes on without */
};

struct task_phase {
    const char *status, *text;
};

/* Starts it, or finds the one that an earlier life started, and follows it. *task: what ECS said of
 * it when it was over, NULL when ECS does not know it any more. On an error (canceled, timed out,
 * out of sight) it is stopped, unless the daemon goes down. */
int task_run(struct task_run *t, json_t **task, struct error *err);
void task_run_done(struct task_run *t);
/* Stops all tasks of this deployment that still run in the cluster. Best effort. */
void task_run_stop_all(struct engine_context *c, const char *cluster);
