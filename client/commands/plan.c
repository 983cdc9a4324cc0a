/* plan: what an `up` would change, and what it would cost.
 *
 * Changes stand by group, in the order in which the daemon sends them; costs too, but they are
 * sorted here, since what goes away comes at the end of the reply. Equal lines of a group become
 * one with a count. With --out the template is written, and with `-` it is all that standard output
 * gets. */
#include "client/commands/plan.h"

#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_TIMEOUT_S 300

/* Atomically: whoever reads the file meanwhile has the old one or the new one. */
static int write_template(struct client *c, const Defang__PlanReply *plan, struct error *err)
{
    if (text_eq(c->options.out, "-")) {
        printf("%.*s\n", (int)plan->template_json.len, (const char *)plan->template_json.data);
        return 0;
    }

    cleanup_free char *text =
        xasprintf("%.*s\n", (int)plan->template_json.len, (const char *)plan->template_json.data);
    int rc = file_write_atomic(c->options.out, text, strlen(text), 0644, err);
    if (rc == 0)
        say("template written to %s", c->options.out);
    return rc;
}

/* The sign carries the meaning, the colour repeats it. */
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

/* Its lines, under what it belongs to. */
static void print_hint(const char *hint)
{
    for (const char *p = hint; p && *p;) {
        size_t n = strcspn(p, "\n");
        cleanup_free char *line = xstrndup(p, n);
        cleanup_free char *clean = say_clean(line);

        printf("    %s\n", clean);
        p += n + (p[n] == '\n');
    }
}

/* A line a change: what, how, which properties, whether it is replaced, how long that usually
 * takes; and below it what it costs in data. */
static void print_change(const Defang__PlanChange *change)
{
    enum say_style style = SAY_PLAIN;
    const char *mark = sign(change, &style);
    cleanup_str struct str what = STR_INIT;

    for (size_t i = 0; i < change->n_properties; i++)
        str_appendf(&what, "%s%s", i ? ", " : ": ", change->properties[i]);
    printf(
        "  %s%-8s%s %-32s %s%s%s%s%s%s%s\n",
        say_on(stdout, style),
        mark,
        say_off(stdout),
        change->logical_id,
        change->type,
        str_get(&what),
        text_empty(change->replacement) ? "" : "  [",
        change->replacement,
        text_empty(change->replacement) ? "" : "]",
        text_empty(change->usual) ? "" : "  ",
        change->usual);
    if (text_empty(change->warning))
        return;

    bool harmless = text_eq(change->effect, "harmless");
    printf(
        "           %s! %s%s%s%s\n",
        say_on(stdout, text_eq(change->effect, "loses") ? SAY_BAD : SAY_WARN),
        harmless ? "" : change->effect,
        harmless ? "" : ": ",
        change->warning,
        say_off(stdout));
}

/* All that would end an `up` before anything is touched. */
static void print_refusals(const Defang__PlanReply *plan)
{
    if (plan->n_refusals)
        printf("%s`up` would refuse this%s:\n", say_on(stdout, SAY_BAD), say_off(stdout));

    for (size_t i = 0; i < plan->n_refusals; i++) {
        const Defang__Diagnostic *d = plan->refusals[i];
        cleanup_free char *message = say_clean(d->message);

        printf("  ");
        if (d->line)
            printf("%s:%u:%u: ", d->file, d->line, d->column);
        printf("%s\n", message);
        print_hint(d->hint);
    }
}

/* "$12.34", and "$12.34, was $5.00" when that differs. */
static void print_money(int64_t now, int64_t before, bool first)
{
    printf("$%" PRId64 ".%02d", now / 100, (int)(now % 100));
    if (!first && now != before)
        printf(", was $%" PRId64 ".%02d", before / 100, (int)(before % 100));
}

/* The sum of the group, then its lines: equal ones once, with a count. */
static void print_cost_group(const Defang__PlanReply *plan, size_t from, size_t to)
{
    int64_t now = 0, before = 0;

    for (size_t i = from; i < to; i++) {
        now += plan->costs[i]->month_cents;
        before += plan->costs[i]->before_cents;
    }

    printf("  %-20s ", plan->costs[from]->group);
    print_money(now, before, plan->first);

    const char *mark = "  ";
    for (size_t i = from; i < to; i++) {
        size_t same = 1, seen = from;

        while (seen < i && strcmp(plan->costs[seen]->what, plan->costs[i]->what) != 0)
            seen++;
        for (size_t k = i + 1; k < to; k++)
            same += strcmp(plan->costs[k]->what, plan->costs[i]->what) == 0;
        if (seen < i)
            continue;

        printf(same > 1 ? "%s%s (%zu times)" : "%s%s", mark, plan->costs[i]->what, same);
        mark = "; ";
    }

    printf("\n");
}

/* Lines of one group stand together, but what goes away stands at the end. */
static int by_group(const void *a, const void *b)
{
    const Defang__PlanCost *x = *(Defang__PlanCost *const *)a;
    const Defang__PlanCost *y = *(Defang__PlanCost *const *)b;
    int order = strcmp(x->group, y->group);

    return order ? order : strcmp(x->logical_id, y->logical_id);
}

/* Nothing at all for an empty one. */
static void print_list(const char *title, char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s%s%s", i ? ", " : title, list[i], i + 1 == count ? "\n" : "");
}

/* Without a price list for the region there is no sum, and that is said. */
static void print_cost(const Defang__PlanReply *plan)
{
    if (!plan->cost_known) {
        printf(
            "%sCost%s: not known: %s.\n",
            say_on(stdout, SAY_BOLD),
            say_off(stdout),
            plan->cost_basis);
        return;
    }

    printf("%sCost a month%s: ", say_on(stdout, SAY_BOLD), say_off(stdout));
    print_money(plan->month_cents, plan->before_cents, plan->first);
    printf(" + usage (%s)\n", plan->cost_basis);
    qsort(plan->costs, plan->n_costs, sizeof *plan->costs, by_group);

    for (size_t from = 0, i = 1; i <= plan->n_costs; i++)
        if (i == plan->n_costs || strcmp(plan->costs[i]->group, plan->costs[from]->group) != 0) {
            print_cost_group(plan, from, i);
            from = i;
        }

    print_list("  + usage: ", plan->cost_usage, plan->n_cost_usage);
    print_list("  no price for: ", plan->cost_unknown, plan->n_cost_unknown);
}

/* "runs once: migrate (new), before api" */
static void print_run(const Defang__PlanRun *run)
{
    cleanup_str struct str before = STR_INIT;

    for (size_t i = 0; i < run->n_before; i++)
        str_appendf(&before, "%s%s", i ? ", " : ", before ", run->before[i]);
    printf("runs once: %s (%s)%s\n", run->service, run->why, str_get(&before));
}

/* Changes by group; then what is not in the template but would happen; then the sums. */
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
    for (size_t i = 0; i < plan->n_runs; i++)
        print_run(plan->runs[i]);
    for (size_t i = 0; i < plan->n_unknowns; i++)
        printf("%s\n", plan->unknowns[i]);

    if (plan->n_changes == 0 && plan->n_builds == 0 && plan->n_runs == 0)
        printf("Nothing would change: what runs is what the files say.\n");
    else
        printf(
            "%u to add, %u to change, %u to remove%s.\n",
            added,
            changed,
            removed,
            plan->first ? " (first deployment)" : "");

    print_refusals(plan);
    print_cost(plan);
}

/* Diagnostics first, on standard error: the plan stays data. */
int plan_show(struct client *c, bool rollback, const char *release, struct error *err)
{
    Defang__PlanRequest request = DEFANG__PLAN_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    caller.services = c->arguments; /* borrowed */
    caller.n_services = c->argument_count;
    request.caller = &caller;
    request.rollback = rollback;
    request.release = (char *)(release ? release : "");
    request.adopt = c->options.adopt;
    request.no_snapshot = c->options.no_snapshot;
    request.mode = (char *)(c->options.mode ? c->options.mode : "");
    request.engine = (char *)(c->options.engine ? c->options.engine : "");
    request.want_template = c->options.out != NULL;
    request.yes_lose_data = c->options.yes_lose_data;
    request.allow_loss = (char **)c->options.allow_loss.items;
    request.n_allow_loss = c->options.allow_loss.len;
    request.services = c->arguments;
    request.n_services = c->argument_count;
    request.no_deps = c->options.no_deps;
    request.build_args = (char **)c->options.build_args.items;
    request.n_build_args = c->options.build_args.len;
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

    if (rc == 0 && c->options.exit_code && plan->n_refusals)
        rc = error_kind_exit(ERR_REFUSED);
    protobuf_c_message_free_unpacked(reply, NULL);

    return rc;
}

int cmd_plan(struct client *c, struct error *err)
{
    return plan_show(c, false, NULL, err);
}
