/* The table of verbs: what a request is called on the wire, of which type it and its answer are,
 * and what must be known of it before a handler sees it.
 *
 * Both halves read it. The server decodes by it and refuses what does not fit, so that a handler
 * may trust its request: it is of the right type, and where a project is needed, `caller` is there
 * with an absolute folder. A new verb is a row here, its messages in proto/defang.proto, and a
 * handler in daemon/verbs; tests hold that the table is whole.
 *
 * Messages are walked by their descriptors in rpc_message_wipe(), so that a field that is added to
 * the protocol is wiped without anybody having to remember it. */
#include "rpc/verbs.h"

#include "base/mem.h"
#include "base/secret.h"
#include <string.h>

#define ROW(ID, NAME, request_type, answer_type, FLAGS)                                            \
    [ID] = {                                                                                       \
        ID,                                                                                        \
        NAME,                                                                                      \
        &defang__##request_type##__descriptor,                                                     \
        &defang__##answer_type##__descriptor,                                                      \
        FLAGS}

static const struct rpc_verb verbs[RPC_VERB_COUNT] = {
    ROW(RPC_UP, "up", up_request, up_reply, RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_DOWN, "down", down_request, down_reply, RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_CANCEL, "cancel", cancel_request, cancel_reply, RPC_MUTATING),
    ROW(RPC_WATCH, "watch", watch_request, event, RPC_STREAMING),
    ROW(RPC_LIST, "list", list_request, list_reply, 0),
    ROW(RPC_PS, "ps", ps_request, ps_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_LOGS, "logs", logs_request, log_line, RPC_STREAMING | RPC_NEEDS_PROJECT),
    ROW(RPC_PLAN, "plan", plan_request, plan_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_EJECT, "eject", eject_request, eject_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_EXPLAIN, "explain", explain_request, explain_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_POLICY, "policy", policy_request, policy_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_CONFIG_SET,
        "config-set",
        config_set_request,
        config_set_reply,
        RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_CONFIG_LIST, "config-list", config_list_request, config_list_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_CONFIG_REMOVE,
        "config-remove",
        config_remove_request,
        config_remove_reply,
        RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_REGISTRY_LOGIN,
        "registry-login",
        registry_login_request,
        registry_login_reply,
        RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_REGISTRY_LIST,
        "registry-list",
        registry_list_request,
        registry_list_reply,
        RPC_NEEDS_PROJECT),
    ROW(RPC_REGISTRY_LOGOUT,
        "registry-logout",
        registry_logout_request,
        registry_logout_reply,
        RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_COMPOSE_CONFIG,
        "compose-config",
        compose_config_request,
        compose_config_reply,
        RPC_NEEDS_PROJECT),
    ROW(RPC_COMPOSE_LINT,
        "compose-lint",
        compose_lint_request,
        compose_lint_reply,
        RPC_NEEDS_PROJECT),
    ROW(RPC_CD, "cd", cd_request, cd_reply, RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_WHOAMI, "whoami", whoami_request, whoami_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_LOGIN, "login", login_request, login_event, RPC_STREAMING | RPC_NEEDS_PROJECT),
    ROW(RPC_DAEMON_STATUS, "daemon-status", daemon_status_request, daemon_status_reply, 0),
    ROW(RPC_DAEMON_STOP, "daemon-stop", daemon_stop_request, daemon_stop_reply, 0),
    ROW(RPC_DAEMON_FORGET, "daemon-forget", daemon_forget_request, daemon_forget_reply, 0),
    ROW(RPC_RESUME, "resume", resume_request, resume_reply, RPC_MUTATING | RPC_NEEDS_PROJECT),
    ROW(RPC_HISTORY, "history", history_request, history_reply, RPC_NEEDS_PROJECT),
    ROW(RPC_INIT, "init", init_request, init_reply, RPC_NEEDS_PROJECT),
};

const struct rpc_verb *rpc_verb_get(enum rpc_verb_id id)
{
    return &verbs[id];
}

const struct rpc_verb *rpc_verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }

    return NULL;
}

/* By the name of the field: every request that has a caller calls it so. */
const Defang__Caller *rpc_verb_caller(const struct rpc_verb *verb, const ProtobufCMessage *request)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(verb->request, "caller");

    if (!field || field->descriptor != &defang__caller__descriptor)
        return NULL;

    Defang__Caller *caller;
    memcpy(&caller, (const char *)request + field->offset, sizeof caller);
    return caller;
}

/* An absolute folder is what relative paths of the request are about; without one they would
 * mean the daemon's. */
ProtobufCMessage *
rpc_verb_decode(const struct rpc_verb *verb, const void *payload, size_t n, struct error *err)
{
    ProtobufCMessage *request = protobuf_c_message_unpack(verb->request, NULL, n, payload);
    if (!request) {
        error_raise(
            err, ERR_USAGE, "the request `%s` cannot be decoded (%zu bytes)", verb->name, n);
        return NULL;
    }

    const Defang__Caller *caller = rpc_verb_caller(verb, request);
    if (!(verb->flags & RPC_NEEDS_PROJECT) || (caller && caller->cwd[0] == '/'))
        return request;

    error_raise(
        err, ERR_USAGE, "the request `%s` does not say from which folder it comes", verb->name);
    protobuf_c_message_free_unpacked(request, NULL);

    return NULL;
}

/* One value of a field; protobuf-c points unset texts at the descriptor's own default, which is not
 * ours to change. */
static void value_wipe(const ProtobufCFieldDescriptor *field, void *value)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        char *text = *(char **)value;
        if (text && text != field->default_value && text[0])
            secret_wipe(text, strlen(text));
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *bytes = value;
        if (bytes->data && bytes->len)
            secret_wipe(bytes->data, bytes->len);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *inner = *(ProtobufCMessage **)value;
        if (inner)
            rpc_message_wipe(inner);
    }
}

/* Members of a oneof share their place: only the one that is set is looked at. */
void rpc_message_wipe(ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &d->fields[i];
        char *member = (char *)message + field->offset;

        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            if (*(uint32_t *)(void *)((char *)message + field->quantifier_offset) == field->id)
                value_wipe(field, member);
        } else if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            value_wipe(field, member);
        } else if (
            field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
            field->type == PROTOBUF_C_TYPE_MESSAGE) {
            size_t count = *(size_t *)(void *)((char *)message + field->quantifier_offset);
            size_t size =
                field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(void *);
            for (size_t k = 0; k < count; k++)
                value_wipe(field, *(char **)(void *)member + k * size);
        }
    }
}
