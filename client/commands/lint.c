/* `compose lint`: what the daemon found in the Compose files, as text, as JSON lines or as SARIF
 * for editors and code hosts.
 *
 * The daemon finds; this file only chooses the form. Findings go to standard output, since they
 * are what was asked for, and the exit code is 2 when one of them is an error. Values are never
 * part of a finding. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/sarif.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define LINT_TIMEOUT_S 120

static void print_text(const Defang__Diagnostic *d)
{
    static const enum say_style styles[] = {SAY_BAD, SAY_WARN, SAY_DIM};
    enum say_style style = styles[d->severity < ARRAY_LEN(styles) ? d->severity : 1];
    cleanup_free char *message = say_clean(d->message), *hint = say_clean(d->hint),
                      *file = say_clean(d->file);
    if (!text_empty(file) && d->line)
        printf("%s:%u:%u: ", file, d->line, d->column);
    else if (!text_empty(file))
        printf("%s: ", file);
    printf(
        "%s%s:%s %s [%s]\n",
        say_on(stdout, style),
        sarif_level(d->severity),
        say_off(stdout),
        message,
        d->rule);
    if (!text_empty(hint))
        printf("    %s\n", hint);
}

static void print_json(const Defang__Diagnostic *d)
{
    const struct {
        const char *name, *value;
    } texts[] = {
        {"rule", d->rule},
        {"severity", sarif_level(d->severity)},
        {"message", d->message},
        {"hint", d->hint},
        {"file", d->file}};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (i > 2 && text_empty(texts[i].value))
            continue;
        printf("%c\"%s\":", i ? ',' : '{', texts[i].name);
        json_out_text(stdout, texts[i].value);
    }
    if (d->line)
        printf(",\"line\":%u,\"column\":%u", d->line, d->column);
    puts("}");
}

static int
print_findings(const struct client *c, const char *format, const Defang__ComposeLintReply *lint)
{
    size_t counts[3] = {0};
    for (size_t i = 0; i < lint->n_diagnostics; i++) {
        const Defang__Diagnostic *d = lint->diagnostics[i];
        counts[d->severity < 3 ? d->severity : 1]++;
        if (text_eq(format, "json"))
            print_json(d);
        else if (text_eq(format, "text"))
            print_text(d);
    }
    if (text_eq(format, "sarif"))
        sarif_print(stdout, lint->diagnostics, lint->n_diagnostics);
    if (!c->options.json)
        say("%zu error%s, %zu warning%s, %zu note%s",
            counts[0],
            counts[0] == 1 ? "" : "s",
            counts[1],
            counts[1] == 1 ? "" : "s",
            counts[2],
            counts[2] == 1 ? "" : "s");
    return counts[0] ? error_kind_exit(ERR_USAGE) : 0;
}

int cmd_compose_lint(struct client *c, struct error *err)
{
    const struct options *o = &c->options;
    const char *format = o->format ? o->format : o->json ? "json" : "text";
    if (!text_eq(format, "text") && !text_eq(format, "json") && !text_eq(format, "sarif"))
        return error_raise(
            err, ERR_USAGE, "--format takes text, json or sarif here, not \"%s\"", format);
    Defang__ComposeLintRequest request = DEFANG__COMPOSE_LINT_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    request.mode = (char *)(o->mode ? o->mode : "");
    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    if (rc == 0)
        rc = client_call(c, RPC_COMPOSE_LINT, &request.base, LINT_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;
    rc = print_findings(c, format, (const Defang__ComposeLintReply *)reply);
    protobuf_c_message_free_unpacked(reply, NULL);
    return rc;
}
