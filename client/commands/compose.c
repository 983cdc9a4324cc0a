/* compose config and compose lint: what the Compose files come to, and what is wrong with them.
 *
 * Both are data that was asked for, so they go to standard output: the project as YAML or JSON, or
 * one list of it; findings as text, as JSON lines or as SARIF. The count of findings goes to
 * standard error. Errors among them make the exit code that of a bad Compose file, so that CI
 * stops; warnings and notes do not. */
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/sarif.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define CONFIG_TIMEOUT_S 120
#define LINT_TIMEOUT_S   120

/* ---- config ---- */

/* The list that a switch asks for; "" is the whole project. */
static const char *wanted_list(const struct options *o)
{
    const struct {
        bool said;
        const char *list;
    } switches[] = {
        {o->services, "services"},
        {o->images, "images"},
        {o->volumes, "volumes"},
        {o->networks, "networks"},
        {o->show_profiles, "profiles"},
        {o->environment, "environment"},
    };

    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (switches[i].said)
            return switches[i].list;

    return "";
}

/* Of hash, list and format the daemon takes the first that is said. */
int cmd_compose_config(struct client *c, struct error *err)
{
    const struct options *o = &c->options;
    Defang__ComposeConfigRequest request = DEFANG__COMPOSE_CONFIG_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    const char *format = o->format ? o->format : "yaml";

    if (o->json)
        format = "json";
    if (o->format && !text_eq(o->format, "yaml") && !text_eq(o->format, "json"))
        return error_raise(err, ERR_USAGE, "--format takes yaml or json, not \"%s\"", o->format);

    request.format = (char *)format;
    request.list = (char *)wanted_list(o);
    request.hash = (char *)(o->hash ? o->hash : "");
    request.no_interpolate = o->no_interpolate;
    request.resolve_image_digests = o->resolve_image_digests;

    if (o->no_interpolate && o->resolve_image_digests)
        return error_raise(
            err,
            ERR_USAGE,
            "--resolve-image-digests needs the images as they are filled in: leave "
            "--no-interpolate out");

    Defang__Caller caller;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    if (rc == 0)
        rc = client_call(c, RPC_COMPOSE_CONFIG, &request.base, CONFIG_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__ComposeConfigReply *config = (Defang__ComposeConfigReply *)reply;
    say_diagnostics(c, config->diagnostics, config->n_diagnostics);
    if (config->text.len > 0)
        fwrite(config->text.data, 1, config->text.len, stdout);
    if (config->text.len > 0 && config->text.data[config->text.len - 1] != '\n')
        putchar('\n');
    protobuf_c_message_free_unpacked(reply, NULL);

    return 0;
}

/* ---- lint ---- */

/* As compilers do it, so that editors find the place: file:line:column: severity: text [rule]. */
static void print_text(const Defang__Diagnostic *d)
{
    static const enum say_style styles[] = {SAY_BAD, SAY_WARN, SAY_DIM};
    enum say_style style = styles[d->severity < ARRAY_LEN(styles) ? d->severity : 1];
    cleanup_free char *message = say_clean(d->message);
    cleanup_free char *hint = say_clean(d->hint);
    cleanup_free char *file = say_clean(d->file);

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

/* By hand, since severity is a word here and a number on the wire. The first three members are
 * always there, the others where they say something. */
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

/* Whatever the form, the exit code is that of the worst finding. */
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

/* --json is another way to say --format json. */
int cmd_compose_lint(struct client *c, struct error *err)
{
    const struct options *o = &c->options;
    const char *format = o->json ? "json" : "text";
    if (o->format)
        format = o->format;

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
