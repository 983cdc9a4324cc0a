/* Why CloudFormation refused a change set, in words that say what to mend.
 *
 * StatusReason is one sentence for the whole set, and where a validation or a hook refused
 * ("AWS::EarlyValidation::…") it names no resource: what was found stands in DescribeEvents, which
 * knows the set by its ARN alone (aws-cloudformation/cloudformation-cli#1116). It is asked for
 * every failed set, because other reasons may have events too, and a set without any keeps its
 * sentence.
 *
 *   an event ─ logical id ─▶ the template's Metadata.Group ─▶ the Compose service
 *            └ path ("/Resources/X/Properties/A/B") ─▶ the property ("A.B")
 *
 * Without the right to ask (cloudformation:DescribeEvents) the sentence stays, and the hint says
 * which right is missing. */
#include "engine/stack/refusal.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

#define PROPERTIES "/Properties"

struct refused {
    struct engine_context *c;
    const struct cfn_change *change;
    json_t *template;
    VEC(char *) sentences; /* each once */
    char *service;         /* Compose name; of the first one that has it */
    bool name_taken, property;
};

static void refused_done(struct refused *r)
{
    vec_each(s, &r->sentences)
        free(*s);
    vec_free(&r->sentences);
    free(r->service);
    json_decref(r->template);
}

/* "service api", "the ingress"; NULL where the template says nothing. */
static char *whose(const struct refused *r, const char *logical_id, const char **service)
{
    const json_t *resource = json_object_get(json_object_get(r->template, "Resources"), logical_id);
    const char *group = json_str(resource, "Metadata.Group");
    *service = text_starts(group, "service/") ? group + strlen("service/") : NULL;

    if (*service)
        return xasprintf("service %s", *service);
    return group ? xasprintf("the project's %s", group) : NULL;
}

/* "/Resources/Api/Properties/ContainerDefinitions/0/Cpu" → "ContainerDefinitions.0.Cpu"; NULL when
 * it names no property. */
static char *property_of(const char *path)
{
    const char *at = path ? strstr(path, PROPERTIES "/") : NULL;
    if (!at)
        return NULL;

    char *name = xstrdup(at + strlen(PROPERTIES "/"));
    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '.';
    return name;
}

/* Whichever kind of event it is, one member says why. */
static const char *reason_of(const json_t *event)
{
    static const char *const members[] = {
        "ValidationStatusReason", "HookStatusReason", "ResourceStatusReason"};

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *reason = json_str(event, members[i]);
        if (!text_empty(reason))
            return reason;
    }

    return NULL;
}

/* What only warns, or goes on, refused nothing. */
static bool refuses(const json_t *event)
{
    bool warning = text_eq(json_str(event, "ValidationFailureMode"), "WARN") ||
                   text_eq(json_str(event, "HookFailureMode"), "WARN");
    bool skipped = text_eq(json_str(event, "ValidationStatus"), "SKIPPED");

    return !warning && !skipped && reason_of(event);
}

static bool known(const struct refused *r, const char *sentence)
{
    vec_each(s, &r->sentences) {
        if (text_eq(*s, sentence))
            return true;
    }

    return r->sentences.len >= LIMIT_REFUSALS;
}

/* "service api: ApiTask (AWS::ECS::TaskDefinition), property Cpu: 3 is no value of it" */
static void take_event(struct refused *r, const json_t *event)
{
    const char *id = json_str_or(event, "LogicalResourceId", "");
    const char *type = json_str_or(event, "ResourceType", "");
    const char *hook = json_str(event, "HookType");
    const char *service = NULL;
    cleanup_free char *owner = whose(r, id, &service);
    cleanup_free char *property = property_of(json_str(event, "ValidationPath"));
    cleanup_str struct str text = STR_INIT;

    if (owner)
        str_appendf(&text, "%s: ", owner);
    str_append(&text, text_empty(id) ? "the whole stack" : id);
    if (!text_empty(type))
        str_appendf(&text, " (%s)", type);
    if (property)
        str_appendf(&text, ", property %s", property);
    if (!text_empty(hook))
        str_appendf(&text, ", hook %s", hook);
    str_appendf(&text, ": %.*s", LIMIT_REFUSAL_BYTES, reason_of(event));

    if (known(r, str_get(&text)))
        return;
    if (!r->service)
        r->service = xstrdup_null(service);
    r->name_taken |= strstr(reason_of(event), "already exists") != NULL;
    r->property |= property != NULL;
    vec_push(&r->sentences, str_take(&text));
}

/* By the set's ARN: by its name alone AWS does not find them. */
static int read_events(struct refused *r, const char *id, struct error *err)
{
    cleanup_json json_t *events = NULL;
    json_t *failed = object(key("FailedEvents", true));
    json_t *in = object(key("ChangeSetName", id), key("Filters", failed));

    int rc = engine_call_all(r->c, &aws_cloudformation_DescribeEvents, in, &events, err);
    size_t i;
    json_t *event;

    json_array_foreach(events, i, event) {
        if (refuses(event))
            take_event(r, event);
    }

    return rc;
}

static void hint(const struct refused *r, struct error *err)
{
    if (r->name_taken)
        error_hint(
            err,
            "something of that name is in the account already and belongs to no stack of ours: "
            "remove it, or choose other names with --stack or DEFANG_PREFIX, then deploy again");
    else if (r->property && r->service)
        error_hint(
            err,
            "`defangctl explain %s` shows which key of the Compose file became which property",
            r->service);
}

/* One is the error; of several each is said, and the error counts them. */
static int tell(const struct refused *r, struct error *err)
{
    size_t n = r->sentences.len;
    cleanup_free char *more =
        n > 1 ? xasprintf(" (and %zu more, all of them above)", n - 1) : xstrdup("");

    if (n > 1)
        vec_each(s, &r->sentences)
            engine_note(r->c, ENGINE_SAY_ERROR, NULL, "%s", *s);
    int rc = error_raise(
        err,
        ERR_CLOUD,
        "CloudFormation refused the change to %s: %s%s",
        r->change->stack_name,
        r->sentences.items[0],
        more);
    hint(r, err);
    return rc;
}

/* Nothing but its own sentence; where that sends people to DescribeEvents, why nothing came of it.
 */
static int
tell_reason(const struct refused *r, const char *reason, const struct error *why, struct error *err)
{
    bool elsewhere = reason && strstr(reason, "DescribeEvents");
    int rc = error_raise(
        err,
        ERR_CLOUD,
        "CloudFormation refused the change to %s: %s",
        r->change->stack_name,
        reason ? reason : "no reason given");

    if (elsewhere && error_is_set(why))
        error_hint(
            err,
            "what was found could not be read (%s); it needs the right "
            "cloudformation:DescribeEvents",
            why->message);
    return rc;
}

int cfn_change_refused(
    struct engine_context *c,
    const struct cfn_change *change,
    const json_t *described,
    struct error *err)
{
    struct refused r = {.c = c, .change = change};
    cleanup_error struct error why = ERROR_INIT;
    const char *id = json_str(described, "ChangeSetId");
    const char *body = change->template_body;

    if (body)
        json_parse(body, strlen(body), &r.template, NULL);
    if (id)
        read_events(&r, id, &why);

    int rc = r.sentences.len ? tell(&r, err)
                             : tell_reason(&r, json_str(described, "StatusReason"), &why, err);
    refused_done(&r);
    return rc;
}
