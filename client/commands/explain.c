/* explain: what became of each key of the Compose files, a line a key, with the resources it became
 * and where it stands. cd policy: what may be allowed to who deploys, and no more; the policy alone
 * goes to standard output, so that it can be piped into a file, notes go to standard error. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define EXPLAIN_TIMEOUT_S 120
#define KEY_WIDTH         34

/* What needs attention stands out; what became something does not. */
static enum say_style style_of(const char *effect)
{
    if (text_eq(effect, "refused") || text_eq(effect, "unknown"))
        return SAY_BAD;
    return text_eq(effect, "ignored") ? SAY_WARN : SAY_PLAIN;
}

/* Relative to the folder of the project, where it can be: that is how editors and people name
 * files. */
static void print_place(const Defang__ExplainLine *l, const char *cwd)
{
    size_t n = strlen(cwd);
    const char *file =
        strncmp(l->file, cwd, n) == 0 && l->file[n] == '/' ? l->file + n + 1 : l->file;

    if (l->line)
        printf(
            "  %s%s:%u:%u%s", say_on(stdout, SAY_DIM), file, l->line, l->column, say_off(stdout));
}

/* Resources of one type stand together: "AWS::ECS::Service ServiceWeb". */
static void print_resources(const Defang__ExplainLine *l)
{
    for (size_t i = 0; i < l->n_resources; i++)
        printf(
            "      -> %s%s%s\n",
            l->resources[i],
            text_empty(l->property) ? "" : " · ",
            l->property);
}

/* Key and value, what became of them, where they stand; below that the resources and what else
 * there is to know. */
static void print_line(const Defang__ExplainLine *l, const char *cwd)
{
    cleanup_free char *value = say_clean(l->value);
    cleanup_free char *note = say_clean(l->note);
    cleanup_free char *left = xasprintf("%s%s%s", l->key, text_empty(value) ? "" : ": ", value);
    size_t width = say_width(left);

    printf("  %s%*s ", left, width < KEY_WIDTH ? (int)(KEY_WIDTH - width) : 0, "");

    if (!text_eq(l->effect, "becomes"))
        printf(
            "%s%s%s%s",
            say_on(stdout, style_of(l->effect)),
            l->effect,
            say_off(stdout),
            text_empty(l->text) ? "" : ": ");

    printf("%s", l->text);
    print_place(l, cwd);
    printf("\n");
    print_resources(l);
    if (!text_empty(note))
        printf("      %s!%s %s\n", say_on(stdout, SAY_WARN), say_off(stdout), note);
}

static void print_json_line(const Defang__ExplainLine *l)
{
    json_out_message(stdout, &l->base);
}

/* Lines of a service come together, under its name. */
int cmd_explain(struct client *c, struct error *err)
{
    Defang__ExplainRequest request = DEFANG__EXPLAIN_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;

    if (c->argument_count > 1)
        return error_raise(err, ERR_USAGE, "explain takes one service, not %zu", c->argument_count);

    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.mode = (char *)(c->options.mode ? c->options.mode : "");
    request.service = (char *)(c->argument_count ? c->arguments[0] : "");
    if (rc == 0)
        rc = client_call(c, RPC_EXPLAIN, &request.base, EXPLAIN_TIMEOUT_S, &reply, err);

    cleanup_free char *cwd = xstrdup(rc < 0 || !caller.cwd ? "" : caller.cwd);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__ExplainReply *explained = (Defang__ExplainReply *)reply;
    const char *service = NULL;

    for (size_t i = 0; i < explained->n_lines; i++) {
        const Defang__ExplainLine *l = explained->lines[i];

        if (c->options.json) {
            print_json_line(l);
            continue;
        }

        if (!text_eq(service, l->service))
            printf(
                "%s%s%s\n",
                say_on(stdout, SAY_BOLD),
                text_empty(l->service) ? "project" : l->service,
                say_off(stdout));

        service = l->service;
        print_line(l, cwd);
    }

    protobuf_c_message_free_unpacked(reply, NULL);

    return 0;
}

/* With --json too it is one JSON document: a policy is JSON anyway. */
int cmd_policy(struct client *c, struct error *err)
{
    Defang__PolicyRequest request = DEFANG__POLICY_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    request.mode = (char *)(c->options.mode ? c->options.mode : "");
    if (rc == 0)
        rc = client_call(c, RPC_POLICY, &request.base, EXPLAIN_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__PolicyReply *policy = (Defang__PolicyReply *)reply;
    for (size_t i = 0; i < policy->n_notes; i++)
        say("%s", policy->notes[i]);
    printf("%.*s\n", (int)policy->policy_json.len, (const char *)policy->policy_json.data);
    protobuf_c_message_free_unpacked(reply, NULL);

    return 0;
}
