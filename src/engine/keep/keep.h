/* What stores leave when they are deleted or replaced: a last snapshot each, named
 *
 *   <project>-<stack>-<service>-<date>-<time>      "shop-beta-db-20261201-031500", UTC
 *
 * `down` deletes the stores itself and first, because only so the snapshot has its name from the
 * start, whatever policy an older template says, and a store that is still being made can be
 * waited for. A change that replaces or removes a store leaves that to the engine, which deletes
 * the old one last; its snapshot is then copied to its name, and the copied one goes.
 *
 * Journal: "keep.noted" (stores that are about to go), "keep.kept" (snapshots that stay). With
 * engine_context.no_snapshot nothing is kept. Every function may suspend. */
#pragma once

#include "engine/context.h"

/* A store that is there: malloc'd by keep_list(). */
struct keep_store {
    char *type, *id, *service; /* id: physical */
    bool protected_;
    bool orphan; /* no stack names it: it was found by the project's tags */
};

struct keep_stores {
    struct keep_store *items;
    size_t len;
};

void keep_stores_done(struct keep_stores *s);

/* Of a deployed template (may be NULL) and its ids (logical → physical). */
void keep_list_named(const json_t *template, const json_t *ids, struct keep_stores *out);

/* The same, and databases that carry the project's tags and that nothing names any more, which an
 * earlier fault left. */
int keep_list(
    struct engine_context *c,
    const json_t *template,
    const json_t *ids,
    struct keep_stores *out,
    struct error *err);

/* Deletes them, each with its last snapshot, and waits until they are gone; says what it waits
 * for. A protected one is unprotected first: the caller has asked. Done again after a restart it
 * goes on. What is not available for good gives no snapshot: refused without `force`. So is an
 * orphan, before anything is touched: nobody was asked about it, and it may be a copy that somebody
 * restored. It leaves a snapshot in any case. */
int keep_retire(
    struct engine_context *c, const struct keep_stores *s, bool force, struct error *err);

/* Before a change: the stores of `deployed` that g lacks or replaces are noted, and
 * their protection is lifted. g NULL: all go; those that keep_retire() leaves to the engine. */
int keep_before(
    struct engine_context *c,
    const json_t *deployed,
    const struct graph *g,
    const json_t *ids,
    struct error *err);

/* Whether this deployment noted any, in this life or an earlier one, and has not settled it. */
bool keep_is_noted(struct engine_context *c);

/* After it, whichever way it ended: a noted store that is gone (not in `ids`) has left a snapshot,
 * which gets its name. One that is still there is protected again. Never fails a deployment: what
 * could not be named is told under the name it has. ids NULL: nothing is there any more. */
void keep_after(struct engine_context *c, const json_t *ids);

/* Whether a store of `deployed` goes, or may: then the two above are needed. */
bool keep_any_goes(const json_t *deployed, const struct graph *g);

/* Sentences for people, one for each snapshot that this deployment left: what it is, what it costs
 * a month, how to bring it back and how to delete it. Into `arena`. */
void keep_say(struct engine_context *c, struct arena *arena, const char ***out, size_t *count);

/* The newest available snapshot of the project's service; *out NULL when there is none. */
int keep_newest(
    struct engine_context *c,
    struct arena *arena,
    const char *type,
    const char *service,
    const char **out,
    struct error *err);
