/* A stack is removed to its end, also when something of it would not go. */
#pragma once

#include "engine/context.h"
#include "engine/stack/events.h"

/* Deletes the stack and follows that. f->journal_key must be set. What AWS refuses to delete is
 * tried again, and then left behind: each such resource is named in a warning with its physical id
 * and the reason. The first delete runs under `token` and marks its events under f->journal_key;
 * later ones have keys of their own below it. `begun`: that delete was asked for already. `f` says
 * whom to tell; its stack and token are set here, and on return it holds the last status
 * (cfn_follow_done() is due). ERR_CLOUD, with the command that helps, when the stack is still
 * there; ERR_REFUSED when what would be left is protected against deletion. */
int cfn_stack_remove(
    const struct cfn_stack *stack,
    const char *token,
    bool begun,
    struct cfn_follow *f,
    struct error *err);

/* The same for a stack that only a delete can help, under a token kept as `token_key`. */
int cfn_stack_clear(
    const struct cfn_stack *stack, const char *token_key, struct cfn_follow *f, struct error *err);
