/* What the load balancer answers of a service's targets while it is not steady: "502 from /health"
 * is the reason that ECS's "failed health checks" leaves out, and the target groups go with the
 * roll back. Each answer is told and kept once. */
#include "aws/model/operations.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"
#include "engine/run/observer.h"

#include <string.h>

#define GROUPS_MAX 5 /* of one service, by ECS */

/* What a target that is merely young or going says nothing about. */
static bool is_bad(const json_t *health)
{
    const char *state = json_str_or(health, "State", "");
    const char *reason = json_str_or(health, "Reason", "");

    return text_eq(state, "unhealthy") ||
           (text_eq(state, "unavailable") && !text_eq(reason, "Target.HealthCheckDisabled"));
}

static bool told_before(struct watched *w, const char *answer)
{
    cleanup_free char *line = xasprintf("\n%s\n", answer);

    if (w->target_answers && strstr(w->target_answers, line))
        return true;

    char *all = xasprintf("%s%s", w->target_answers ? w->target_answers : "", line);
    free(w->target_answers);
    w->target_answers = all;
    w->target_answer_count++;
    return false;
}

/* "unhealthy: Health checks failed with these codes: [502] (Target.ResponseCodeMismatch)". Another
 * task has another address, and mostly the same answer: the answer alone tells them apart. */
static void tell_target(struct flow_observer *o, struct watched *w, const json_t *target)
{
    const json_t *health = json_object_get(target, "TargetHealth");
    const char *words = json_str_or(health, "Description", "no description given");
    const char *id = json_str_or(target, "Target.Id", "?");

    if (!is_bad(health) || w->target_answer_count >= TARGET_ANSWERS_MAX || told_before(w, words))
        return;

    cleanup_free char *key = xasprintf("target/%s/%u", w->service, w->target_answer_count);
    cleanup_free char *subject =
        xasprintf("%s:%lld", id, (long long)json_int_or(json_at(target, "Target"), "Port", 0));
    cleanup_free char *reason = xasprintf(
        "%s: %s (%s)",
        json_str_or(health, "State", ""),
        words,
        json_str_or(health, "Reason", "no reason given"));

    engine_note(
        o->c, ENGINE_SAY_WARNING, NULL, "service %s: target %s is %s", w->service, subject, reason);
    engine_keep(
        o->c,
        &(struct engine_evidence){
            .key = key,
            .kind = "target",
            .service = w->service,
            .subject = subject,
            .reason = reason,
            .time_ms = clock_wall_ms()});
}

/* A group that is not there yet, or no more, says nothing; nor does one that may not be read. */
static void ask_group(struct flow_observer *o, struct watched *w, const char *arn)
{
    cleanup_json json_t *reply = NULL;
    cleanup_error struct error ignored = ERROR_INIT;
    json_t *in = object(key("TargetGroupArn", arn));
    size_t i;
    json_t *target;

    engine_call(o->c, &aws_elbv2_DescribeTargetHealth, in, &reply, &ignored);
    json_array_foreach(json_object_get(reply, "TargetHealthDescriptions"), i, target) {
        tell_target(o, w, target);
    }
}

/* Only what runs can be unhealthy. */
void targets_look(struct flow_observer *o, struct watched *w)
{
    size_t i;
    json_t *arn;

    if (w->running == 0)
        return;

    json_array_foreach(w->target_groups, i, arn) {
        if (i < GROUPS_MAX)
            ask_group(o, w, json_string_value(arn));
    }
}
