/* AWS sessions: each request opens its own, from the caller's environment, folder and files as they
 * are then, never the daemon's own; the job that it begins keeps it. Keys live in memory only. */
#pragma once

#include "aws/aws.h"
#include "daemon/daemon.h"
#include "proto/defang.pb-c.h"

struct verb_call;

struct session {
    struct aws_session *aws;
    VEC(struct verb_call *) terminals; /* open calls whose client can run the caller's programs */
    struct env *env;                   /* the caller's, whole */
    char *profile;                     /* --profile; NULL or "" = none */
    bool interactive;
    unsigned refs;
};

/* Resolves profile and region (no network yet), anew for each request. ERR_USAGE for an unknown
 * provider. Release with session_unref. */
int session_get(
    struct daemon *d, const Defang__Caller *caller, struct session **out, struct error *err);

/* For a job that comes back after a restart: `env` has no secrets. `interactive`: its caller's
 * programs are run on a terminal only. */
int session_restore(
    struct daemon *d,
    const struct env *env,
    const char *profile,
    const char *region,
    bool interactive,
    struct session **out,
    struct error *err);

/* One of a job's own: settings and credentials are those of `from`, the region is given, and what
 * changes in it is nobody else's. */
int session_own(
    struct daemon *d,
    const struct session *from,
    const char *region,
    struct session **out,
    struct error *err);

struct session *session_ref(struct session *s);

/* NULL ok. With the last reference it is freed and its keys are wiped. */
void session_unref(struct daemon *d, struct session *s);

/* At the end: also those that are held. */
void session_drop_all(struct daemon *d);

/* From now on the client of that call runs the programs of the session's caller, until
 * session_terminal_gone(). Nothing for a caller without a terminal. */
void session_terminal(struct session *s, struct verb_call *v, const Defang__Caller *caller);
void session_terminal_gone(struct session *s, const struct verb_call *v); /* s NULL ok */

/* A copy, for env_free(), with the caller's folder. */
struct env *session_env_of(const Defang__Caller *caller);
