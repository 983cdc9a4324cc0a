/* config set, ls, rm. A value is never taken back from AWS, and wiped here once it was sent.
 *
 * A value comes from one of four places: NAME=VALUE on the command line (overwritten in our
 * argument list as soon as it is read, so that it leaves the process list), --random, --from-env,
 * or standard input: asked for without echo on a terminal, read to its end from a pipe. A pipe
 * holds one value only. */
#include "client/commands/read_secret.h"
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_TIMEOUT_S 120
#define RANDOM_LENGTH    40

/* Letters and digits only: it goes through shells, connection strings and URLs unharmed. */
static void random_value(struct str *value)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (int i = 0; i < RANDOM_LENGTH; i++)
        str_append_char(value, letters[clock_random_below(sizeof letters - 1)]);
}

/* The four places, in the order of how plainly they were said. */
static int value_for(
    struct client *c, const char *name, const char *given, struct str *value, struct error *err)
{
    if (given) {
        str_append(value, given);
    } else if (c->options.random) {
        random_value(value);
    } else if (c->options.from_env) {
        const char *from = env_get(c->env, name);
        if (!from)
            return error_raise(err, ERR_USAGE, "the environment has no variable %s", name);

        str_append(value, from);
    } else {
        cleanup_free char *what = xasprintf("value of %s", name);
        return read_secret(what, value, err);
    }
    return 0;
}

/* A name that stands alone is read from standard input; a second one of that kind could only get
 * what the first left over. */
static int fill_values(struct client *c, Defang__ConfigSetRequest *r, struct error *err)
{
    bool asks = false;

    r->values = xcalloc(c->argument_count + 1, sizeof *r->values);

    for (size_t i = 0; i < c->argument_count; i++) {
        char *equals = strchr(c->arguments[i], '=');
        cleanup_free char *name = xstrndup(
            c->arguments[i], equals ? (size_t)(equals - c->arguments[i]) : strlen(c->arguments[i]));
        struct str value = STR_INIT;
        bool from_stdin = !equals && !c->options.random && !c->options.from_env;

        if (from_stdin && asks && !isatty(STDIN_FILENO))
            return error_raise(
                err,
                ERR_USAGE,
                "standard input holds one value: set the others by commands of their own");

        asks |= from_stdin;

        int rc = value_for(c, name, equals ? equals + 1 : NULL, &value, err);
        Defang__EnvVar *v = xcalloc(1, sizeof *v);

        defang__env_var__init(v);
        v->name = steal(name);
        v->value = xstrdup(str_get(&value));
        r->values[r->n_values++] = v;
        str_wipe(&value);
        if (equals)
            secret_wipe(
                equals + 1, strlen(equals + 1)); /* out of the process list as soon as can be */

        if (rc < 0)
            return rc;
    }

    return 0;
}

/* Also after a failure in the middle: only what was filled is there. */
static void free_values(Defang__ConfigSetRequest *r)
{
    for (size_t i = 0; i < r->n_values; i++) {
        secret_wipe(r->values[i]->value, strlen(r->values[i]->value));
        free(r->values[i]->name);
        free(r->values[i]->value);
        free(r->values[i]);
    }

    free(r->values);
}

/* The values are gone from our memory before anything is printed. */
int cmd_config_set(struct client *c, struct error *err)
{
    Defang__ConfigSetRequest request = DEFANG__CONFIG_SET_REQUEST__INIT;
    Defang__Caller caller = DEFANG__CALLER__INIT;
    ProtobufCMessage *reply = NULL;

    if (c->argument_count == 0)
        return error_raise(err, ERR_USAGE, "which config? `defangctl config set NAME`");
    if (c->options.random && c->options.from_env)
        return error_raise(err, ERR_USAGE, "--random and --from-env exclude each other");

    int rc = fill_values(c, &request, err);
    if (rc == 0)
        rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.if_not_set = c->options.if_not_set;
    if (rc == 0)
        rc = client_call(c, RPC_CONFIG_SET, &request.base, CONFIG_TIMEOUT_S, &reply, err);
    free_values(&request);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__ConfigSetReply *set = (Defang__ConfigSetReply *)reply;
    if (c->options.json)
        json_out_message(stdout, reply);
    for (size_t i = 0; i < set->n_kept; i++)
        say(c->options.if_not_set ? "%s was set already and is kept"
                                  : "%s has this value already: nothing changes",
            set->kept[i]);
    for (size_t i = 0; i < set->n_set; i++)
        say("%s is set under %s", set->set[i], set->path);
    if (set->n_set > 0)
        say("Services see it after the next `defangctl up`.");
    protobuf_c_message_free_unpacked(reply, NULL);

    return 0;
}

/* Names alone: a value is never taken back from AWS. */
int cmd_config_ls(struct client *c, struct error *err)
{
    Defang__ConfigListRequest request = DEFANG__CONFIG_LIST_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    if (rc == 0)
        rc = client_call(c, RPC_CONFIG_LIST, &request.base, CONFIG_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__ConfigListReply *list = (Defang__ConfigListReply *)reply;
    if (c->options.json)
        json_out_message(stdout, reply);
    else
        for (size_t i = 0; i < list->n_names; i++)
            printf("%s\n", list->names[i]);

    if (list->n_names == 0 && !c->options.json)
        say("no config is set under %s", list->path);
    protobuf_c_message_free_unpacked(reply, NULL);

    return 0;
}

/* What was not set is said and no failure, as long as something was removed: the daemon decides. */
int cmd_config_rm(struct client *c, struct error *err)
{
    Defang__ConfigRemoveRequest request = DEFANG__CONFIG_REMOVE_REQUEST__INIT;
    Defang__Caller caller;
    ProtobufCMessage *reply = NULL;

    if (c->argument_count == 0)
        return error_raise(err, ERR_USAGE, "which config? `defangctl config rm NAME`");

    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.names = c->arguments;
    request.n_names = c->argument_count;
    if (rc == 0)
        rc = client_call(c, RPC_CONFIG_REMOVE, &request.base, CONFIG_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__ConfigRemoveReply *removed = (Defang__ConfigRemoveReply *)reply;
    if (c->options.json)
        json_out_message(stdout, reply);
    for (size_t i = 0; i < removed->n_removed; i++)
        say("%s is removed", removed->removed[i]);
    for (size_t i = 0; i < removed->n_missing; i++)
        say("%s was not set", removed->missing[i]);
    protobuf_c_message_free_unpacked(reply, NULL);

    return 0;
}
