/* What a flow says while it works: rows of the board, resources, log lines, notes. One sink takes
 * them all; the daemon's writes events, a test's writes a list.
 *
 * All strings are borrowed for the call. A sink never suspends the fiber: what a flow says and the
 * journal entry that marks it as said stand in one turn of the loop, and so in one transaction. */
#pragma once

#include "data/json.h"
#include <stdbool.h>
#include <stdint.h>

/* Numbers as RowKind, RowState of proto/defang.proto; the daemon asserts that they agree. */
enum engine_row_kind { ENGINE_ROW_STEP, ENGINE_ROW_IMAGE, ENGINE_ROW_GROUP, ENGINE_ROW_SERVICE };

enum engine_row_state {
    ENGINE_WAITING,
    ENGINE_ACTIVE,
    ENGINE_DONE,
    ENGINE_FAILED,
    ENGINE_SKIPPED,
    ENGINE_CANCELED
};

struct engine_row {
    const char *id; /* "account", "image/api", "network", "service/web" */
    enum engine_row_kind kind;
    enum engine_row_state state;
    const char *title; /* the id's last part */
    const char *what;  /* "image: building" */
    const char *usual; /* "usually 1-4 min", or "" */
    unsigned order;    /* rows stand by it, then by their first mention */
};

struct engine_resource {
    const char *logical_id, *type, *physical_id;
    const char *status; /* in CloudFormation's words, whichever the engine: "CREATE_COMPLETE" */
    const char *reason; /* NULL when none was given */
};

struct engine_log {
    const char *service, *source, *host, *text; /* source: build | run | ecs | cd */
    int64_t time_ms;                            /* of the line, since 1970; 0 when not known */
    bool error;                                 /* it looks like one */
};

/* What a failure left, gathered while AWS still tells. `key` is the same whenever the same thing is
 * looked at again ("task/<id>"): the newer item takes the older one's place. All but kind, subject
 * and reason may be NULL. */
struct engine_evidence {
    const char *key;
    const char *kind;         /* task | build | target | stack */
    const char *service;      /* Compose name */
    const char *subject;      /* task id, address of a target, logical id of a resource */
    const char *reason;       /* in one sentence */
    int64_t time_ms;          /* since 1970 */
    const json_t *containers; /* [{"name", "reason", "lines": [[time_ms, "text"], …]}, …] */
};

enum engine_severity { ENGINE_SAY_ERROR, ENGINE_SAY_WARNING, ENGINE_SAY_NOTE };

struct engine_sink {
    void (*row)(void *arg, const struct engine_row *row);
    void (*resource)(void *arg, const char *row_id, const struct engine_resource *r);
    void (*log)(void *arg, const struct engine_log *line);
    void (*note)(void *arg, enum engine_severity severity, const char *message, const char *hint);
    /* NULL: nobody keeps it */
    void (*evidence)(void *arg, const struct engine_evidence *e);
    void *arg;
};
