/* Losses that the daemon refused, and the answer to them.
 *
 * The daemon names each with what becomes of it; that is the error's hint, and it is shown before
 * anybody is asked. Somebody who agrees at the terminal has agreed to these names and to no others:
 * the request is repeated with them, and when something else would be lost by then, it is refused
 * again. Off a terminal the command is printed that was typed, with what it lacks: it goes through
 * as it stands.
 *
 * What only goes and leaves a copy (a store whose last snapshot is kept) is covered by --yes, a
 * loss is not. */
#include "client/consent.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/ask.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct losses {
    Defang__Loss *const *items;
    size_t len;
    bool only_gone; /* of all a copy is kept */
};

static struct losses losses_of(const struct rpc_client *rpc)
{
    struct losses l = {.only_gone = true};

    l.items = rpc_client_losses(rpc, &l.len);
    for (size_t i = 0; i < l.len; i++)
        l.only_gone = l.only_gone && text_eq(l.items[i]->kind, "stops");
    return l;
}

/* Each name once: a site has a bucket and an address. */
static void names_of(const struct losses *l, struct str *out)
{
    for (size_t i = 0; i < l->len; i++) {
        bool seen = false;

        for (size_t k = 0; k < i; k++)
            seen = seen || text_eq(l->items[k]->name, l->items[i]->name);
        if (!seen)
            str_appendf(out, "%s%s", out->len ? "," : "", l->items[i]->name);
    }
}

/* A word as a POSIX shell reads it back. */
static void add_word(struct str *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";

    if (*word && word[strspn(word, plain)] == '\0') {
        str_append(out, word);
        return;
    }

    str_append(out, "'");
    for (const char *p = word; *p; p++)
        str_appendf(out, *p == '\'' ? "'\\''" : "%c", *p);
    str_append(out, "'");
}

/* Before a `--`, if one was typed: behind it nothing is an option. */
static void command_of(const struct client *c, const struct losses *l, struct str *out)
{
    cleanup_str struct str option = STR_INIT;
    bool said = false;

    if (l->only_gone) {
        str_append(&option, " --yes");
    } else {
        str_append(&option, " --allow-loss ");
        cleanup_str struct str names = STR_INIT;
        names_of(l, &names);
        add_word(&option, str_get(&names));
    }

    str_append(out, "defangctl");
    for (char **p = c->typed; *p; p++) {
        if (!said && text_eq(*p, "--")) {
            str_append(out, str_get(&option));
            said = true;
        }
        str_append(out, " ");
        add_word(out, *p);
    }
    if (!said)
        str_append(out, str_get(&option));
}

static void hint_command(const struct client *c, const struct losses *l, struct error *err)
{
    cleanup_str struct str command = STR_INIT;
    cleanup_free char *hint = xstrdup(err->hint ? err->hint : "");

    command_of(c, l, &command);
    error_hint(err, "%sIf it is meant: `%s`", hint, str_get(&command));
}

/* ---- the question ---- */

/* The names join those of the command line, whose list the request borrows. It is const to
 * everybody else. */
static void allow(
    struct client *c,
    const ProtobufCMessage *request,
    enum rpc_verb_id verb,
    const struct losses *l)
{
    void *to = (void *)(uintptr_t)request;

    names_of(l, &c->agreed);
    vec_push(&c->options.allow_loss, str_get(&c->agreed));

    if (verb == RPC_UP) {
        Defang__UpRequest *up = to;
        up->allow_loss = (char **)c->options.allow_loss.items;
        up->n_allow_loss = c->options.allow_loss.len;
    } else {
        Defang__DownRequest *down = to;
        down->allow_loss = (char **)c->options.allow_loss.items;
        down->n_allow_loss = c->options.allow_loss.len;
    }
}

/* For programs: the same facts as an array. */
static void keep_json(struct client *c, const struct losses *l)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f)
        return;
    fputc('[', f);
    for (size_t i = 0; i < l->len; i++) {
        if (i > 0)
            fputc(',', f);
        json_out_part(f, &l->items[i]->base);
    }
    fputc(']', f);
    fclose(f);
    free(c->losses_json);
    c->losses_json = text;
}

static const char *question_of(enum rpc_verb_id verb, const struct losses *l)
{
    if (verb == RPC_DOWN)
        return l->only_gone ? "Take the project down?" : "Take the project down and lose that?";
    return "Deploy and lose that?";
}

bool consent_given(
    struct client *c,
    const struct rpc_client *rpc,
    enum rpc_verb_id verb,
    const ProtobufCMessage *request,
    struct error *err)
{
    struct losses l = losses_of(rpc);
    bool asks = verb == RPC_UP || verb == RPC_DOWN;

    if (!asks || err->kind != ERR_REFUSED || l.len == 0)
        return false;
    if (!ask_possible(c)) {
        hint_command(c, &l, err);
        if (c->options.json)
            keep_json(c, &l);
        return false;
    }

    cleanup_free char *message = say_clean(err->message);
    say("%s", message);
    say_hint(err->hint);

    int answer = ask_yes(question_of(verb, &l));
    if (answer == 1) {
        allow(c, request, verb, &l);
        error_done(err);
        return true;
    }

    error_done(err);
    if (answer == -EINTR)
        error_raise(err, ERR_INTERRUPTED, "interrupted");
    else
        error_raise(err, ERR_REFUSED, "not agreed to; nothing was touched");
    return false;
}
