#include "client/connect.h"
#include "client/json_out.h"
#include "client/say.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define PLAN_TIMEOUT_S 300

static int write_template(struct client *c, const Defang__PlanReply *plan, struct error *err)
{
    if (text_eq(c->options.out, "-")) {
        printf("%.*s\n", (int)plan->template_json.len, (const char *)plan->template_json.data);
        return 0;
    }
    cleanup_free char *text = xasprintf("%.*s\n", (int)plan->template_json.len, (const char *)plan->template_json.data);
    int rc = file_write_atomic(c->options.out, text, strlen(text), 0644, err);
    if (rc == 0)
        say("template written to %s", c->options.out);
    return rc;
}

static const char *sign(const Defang__PlanChange *change, enum say_style *style)
{
    if (text_eq(change->action, "add")) {
        *style = SAY_GOOD;
        return "+ add";
    }
    if (text_eq(change->action, "remove")) {
        *style = SAY_BAD;
        return "- remove";
    }
    *style = SAY_WARN;
    return "~ change";
}

static void print_change(const Defang__PlanChange *change)
{
    enum say_style style = SAY_PLAIN;
    const char *mark = sign(change, &style);
    cleanup_str struct str what = STR_INIT;
    for (size_t i = 0; i < change->n_properties; i++)
        str_appendf(&what, "%s%s", i ? ", " : ": ", change->properties[i]);
    printf("  %s%-8s%s %-32s %s%s%s%s%s%s%s\n", say_on(stdout, style), mark, say_off(stdout), change->logical_id, change->type, str_get(&what),
           text_empty(change->replacement) ? "" : "  [", change->replacement, text_empty(change->replacement) ? "" : "]", text_empty(change->warning) ? "" : "  ! ",
           change->warning);
}

static void print_plan(const Defang__PlanReply *plan)
{
    const char *group = NULL;
    unsigned added = 0, changed = 0, removed = 0;
    for (size_t i = 0; i < plan->n_changes; i++) {
        const Defang__PlanChange *change = plan->changes[i];
        if (!text_eq(group, change->group))
            printf("%s%s%s\n", say_on(stdout, SAY_BOLD), change->group, say_off(stdout));
        group = change->group;
        added += text_eq(change->action, "add");
        changed += text_eq(change->action, "change");
        removed += text_eq(change->action, "remove");
        print_change(change);
    }
    for (size_t i = 0; i < plan->n_builds; i++)
        printf("image of %s would be built\n", plan->builds[i]);
    for (size_t i = 0; i < plan->n_unknowns; i++)
        printf("%s\n", plan->unknowns[i]);
    if (plan->n_changes == 0 && plan->n_builds == 0)
        printf("Nothing would change: what runs is what the files say.\n");
    else
        printf("%u to add, %u to change, %u to remove%s.\n", added, changed, removed, plan->first ? " (first deployment)" : "");
}

int cmd_plan(struct client *c, struct error *err)
{
    Defang__PlanRequest request = DEFANG__PLAN_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.mode = (char *)(c->options.mode ? c->options.mode : "");
    request.engine = (char *)(c->options.engine ? c->options.engine : "");
    request.want_template = c->options.out != NULL;
    if (rc == 0)
        rc = client_call(c, RPC_PLAN, &request.base, PLAN_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;
    Defang__PlanReply *plan = (Defang__PlanReply *)reply;
    say_diagnostics(c, plan->diagnostics, plan->n_diagnostics);
    if (c->options.out)
        rc = write_template(c, plan, err);
    if (c->options.json && !text_eq(c->options.out, "-"))
        json_out_message(stdout, reply);
    else if (!text_eq(c->options.out, "-"))
        print_plan(plan);
    protobuf_c_message_free_unpacked(reply, NULL);
    return rc;
}
