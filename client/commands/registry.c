/* registry login, ls, logout. A password comes from standard input only: never from the command
 * line, where the process list shows it. It is wiped as soon as it was sent. */
#include "client/commands/read_secret.h"
#include "client/connect.h"
#include "client/view/json_out.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REGISTRY_TIMEOUT_S 120

/* Asked for on a terminal, as Docker does. */
static int read_user(struct client *c, struct str *user, struct error *err)
{
    char line[256];

    if (c->options.username) {
        str_append(user, c->options.username);
        return 0;
    }
    if (c->options.password_stdin || !isatty(STDIN_FILENO)) {
        error_raise(err, ERR_USAGE, "who logs in? The user's name is missing");
        error_hint(err, "name it with -u USER");
        return -EINVAL;
    }

    fprintf(stderr, "user of %s: ", c->arguments[0]);
    if (!fgets(line, sizeof line, stdin))
        return error_raise(err, ERR_USAGE, "no user's name was given");
    line[strcspn(line, "\r\n")] = '\0';
    str_append(user, line);
    return 0;
}

static void say_kept(struct client *c, const Defang__RegistryLoginReply *r)
{
    if (!text_empty(r->note))
        say("%s could not be asked, the credentials are kept unchecked: %s", r->host, r->note);
    say("The credentials of %s are kept under %s", r->host, r->path);
    say("Services and builds use them from the next `defangctl up` on.");
}

int cmd_registry_login(struct client *c, struct error *err)
{
    Defang__RegistryLoginRequest request = DEFANG__REGISTRY_LOGIN_REQUEST__INIT;
    Defang__Caller caller = DEFANG__CALLER__INIT;
    ProtobufCMessage *reply = NULL;
    cleanup_str struct str user = STR_INIT;
    struct str password = STR_INIT;

    if (c->argument_count != 1)
        return error_raise(
            err, ERR_USAGE, "which registry? `defangctl registry login ghcr.io -u USER`");

    int rc = read_user(c, &user, err);
    if (rc == 0)
        rc = read_secret("password or token", &password, err);
    if (rc == 0 && !password.len)
        rc = error_raise(err, ERR_USAGE, "no password was given");
    if (rc == 0)
        rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.host = c->arguments[0];
    request.username = (char *)(uintptr_t)str_get(&user);
    request.password = (char *)(uintptr_t)str_get(&password);
    if (rc == 0)
        rc = client_call(c, RPC_REGISTRY_LOGIN, &request.base, REGISTRY_TIMEOUT_S, &reply, err);
    str_wipe(&password);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    if (c->options.json)
        json_out_message(stdout, reply);
    say_kept(c, (Defang__RegistryLoginReply *)reply);
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

int cmd_registry_ls(struct client *c, struct error *err)
{
    Defang__RegistryListRequest request = DEFANG__REGISTRY_LIST_REQUEST__INIT;
    Defang__Caller caller = DEFANG__CALLER__INIT;
    ProtobufCMessage *reply = NULL;
    int rc = caller_fill(c, &caller, err);

    request.caller = &caller;
    if (rc == 0)
        rc = client_call(c, RPC_REGISTRY_LIST, &request.base, REGISTRY_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__RegistryListReply *list = (Defang__RegistryListReply *)reply;
    if (c->options.json)
        json_out_message(stdout, reply);
    else
        for (size_t i = 0; i < list->n_hosts; i++)
            printf("%s\n", list->hosts[i]);
    if (list->n_hosts == 0 && !c->options.json)
        say("no credentials of registries are kept under %s", list->path);
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}

int cmd_registry_logout(struct client *c, struct error *err)
{
    Defang__RegistryLogoutRequest request = DEFANG__REGISTRY_LOGOUT_REQUEST__INIT;
    Defang__Caller caller = DEFANG__CALLER__INIT;
    ProtobufCMessage *reply = NULL;

    if (c->argument_count == 0)
        return error_raise(err, ERR_USAGE, "which registry? `defangctl registry logout ghcr.io`");

    int rc = caller_fill(c, &caller, err);
    request.caller = &caller;
    request.hosts = c->arguments;
    request.n_hosts = c->argument_count;
    if (rc == 0)
        rc = client_call(c, RPC_REGISTRY_LOGOUT, &request.base, REGISTRY_TIMEOUT_S, &reply, err);
    caller_done(&caller);
    if (rc < 0)
        return rc;

    Defang__RegistryLogoutReply *gone = (Defang__RegistryLogoutReply *)reply;
    if (c->options.json)
        json_out_message(stdout, reply);
    for (size_t i = 0; i < gone->n_removed; i++)
        say("the credentials of %s are removed", gone->removed[i]);
    for (size_t i = 0; i < gone->n_missing; i++)
        say("no credentials of %s were kept", gone->missing[i]);
    protobuf_c_message_free_unpacked(reply, NULL);
    return 0;
}
