/* Snapshots that people keep, of any kind of store: named, listed, copied, deleted. Private to the
 * room. */
#pragma once

#include "engine/context.h"
#include "engine/keep/kinds.h"

#define KEEP_ROW_ORDER 2 /* of the row "stores" */

/* "shop-beta-db-": what all of the service's have in common. malloc'd. */
char *
keep_prefix(const struct engine_context *c, const struct keep_kind *kind, const char *service);

/* That, and the moment. malloc'd. */
char *keep_name(
    const struct engine_context *c,
    const struct keep_kind *kind,
    const char *service,
    int64_t wall_ms);

/* Those that somebody asked for, not the automatic ones; of all stores. *items: new array. */
int keep_snapshots(
    struct engine_context *c, const struct keep_kind *kind, json_t **items, struct error *err);

int keep_copy(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *from,
    const char *to,
    struct error *err);

/* One that is gone already is what was wanted. */
int keep_drop(
    struct engine_context *c, const struct keep_kind *kind, const char *name, struct error *err);

/* Until it is available; says so on the row "stores". ERR_CLOUD when it fails. */
int keep_await_snapshot(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *name,
    const char *service,
    struct error *err);

/* Into the journal: it stays (name), or it is another's now (name NULL removes `id`). */
int keep_record(
    struct engine_context *c,
    const struct keep_kind *kind,
    const char *id,
    const char *service,
    const char *name,
    struct error *err);
