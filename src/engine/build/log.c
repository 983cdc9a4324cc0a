/* The whole output of a build, from its log group into the build bucket, under the image's tag and
 * the task's id. That it was done stands in the journal beside the task: a daemon that dies between
 * the image's push and this finds the image, builds nothing, and makes up for the log. */
#include "engine/build/log.h"

#include "aws/s3/s3.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/call.h"
#include "engine/task/log_tail.h"
#include "engine/task/tasks.h"

#include <string.h>

#define LOG_LINES 10000 /* the most that one call of GetLogEvents gives */
#define ATTEMPTS  2     /* as build.c has */

void build_log_keep(
    struct engine_context *c,
    const struct plan_build *b,
    const struct flow_build_place *place,
    const char *key,
    const char *task_arn)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *text = NULL;
    cleanup_free char *kept = xasprintf("%s.kept", key);
    cleanup_free char *object = xasprintf("logs/%s-%s.log", b->tag, task_id(task_arn));
    cleanup_free char *group = plan_log_group(c->settings, c->project, "builds");
    cleanup_free char *stream =
        xasprintf(PLAN_BUILD_STREAM_PREFIX "/" PLAN_BUILD_CONTAINER "/%s", task_id(task_arn));
    const char *type = "text/plain; charset=utf-8";

    if (!place->bucket)
        return;

    int rc = flow_log_tail(c, group, stream, LOG_LINES, &text, &ignored);
    if (rc == 0 && text)
        rc = s3_put(c->aws, place->bucket, object, type, text, strlen(text), &ignored);
    if (rc == 0)
        engine_journal_put(c, kept, "1", &ignored);
}

/* The task of an attempt whose log was not kept; malloc'd, NULL when there is none. */
static char *task_without_log(struct engine_context *c, const char *key)
{
    cleanup_error struct error ignored = ERROR_INIT;
    cleanup_free char *task_key = xasprintf("%s.task", key);
    cleanup_free char *kept_key = xasprintf("%s.kept", key);
    cleanup_free char *task = NULL, *kept = NULL;

    if (engine_journal_get(c, task_key, &task, &ignored) < 0 ||
        engine_journal_get(c, kept_key, &kept, &ignored) < 0 || kept)
        return NULL;
    return steal(task);
}

void build_log_resume(struct engine_context *c, const struct plan_build *b)
{
    for (unsigned number = 1; number <= ATTEMPTS; number++) {
        cleanup_error struct error ignored = ERROR_INIT;
        cleanup_free char *key = xasprintf("build.%s.%u", b->service, number);
        cleanup_free char *task = task_without_log(c, key);
        struct flow_build_place place = {0};
        bool ready = false;

        if (!task)
            continue;
        if (flow_build_place(c, &place, &ready, &ignored) == 0 && ready)
            build_log_keep(c, b, &place, key, task);
        flow_build_place_done(&place);
    }
}
