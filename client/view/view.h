/* Views of one deployment's events. Three of them behind one vtable: a live board (terminal), plain
 * lines (pipe), JSON lines. Commands emit events, never print. */
#pragma once

#include "client/command.h"
#include "proto/defang.pb-c.h"
#include <stdint.h>

struct view {
    void (*event)(struct view *v, const Defang__Event *e); /* borrowed for the call */
    void (*tick)(struct view *v);                  /* once in a while: times move; NULL ok */
    void (*resize)(struct view *v);                /* NULL ok */
    void (*say)(struct view *v, const char *text); /* a line of defangctl's own */
    void (*finish)(struct view *v); /* the last event was shown, or the user leaves */
    void (*free)(struct view *v);
};

/* Picks by --json and the terminal. `info` is the deployment as far as it is known; NULL ok. */
struct view *view_new(struct client *c, const Defang__DeploymentInfo *info);

/* One file each; view_new() is the only caller, and the tests. */
struct view *view_board_new(struct client *c, const Defang__DeploymentInfo *info);
struct view *view_plain_new(struct client *c, const Defang__DeploymentInfo *info);
struct view *view_json_new(struct client *c);

/* The outcome for people, after the board or the lines: endpoints, or the failure with its reason
 * and last lines. */
void view_result(
    const Defang__Result *r, Defang__DeployState state, const char *deployment, const char *kind);

/* What is going on, for a sentence: "the deployment", "the removal". `kind` may be NULL. */
const char *view_what_goes_on(const char *kind);

/* The commands that lead back to it: watch, and cancel where that is not refused. malloc'd. */
char *view_ways_back(const char *deployment, const char *kind);

/* A copy of its own, in place of what *to held. Free with defang__result__free_unpacked. */
void view_result_take(Defang__Result **to, const Defang__Result *from);

/* "shop/beta", or "stack defang-cd" for a job of the account; malloc'd. */
char *view_name(const Defang__DeploymentInfo *info);

bool view_state_is_terminal(Defang__DeployState state);
const char *view_state_name(Defang__DeployState state); /* "RUNNING"; never NULL */
