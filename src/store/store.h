/* The daemon's state in SQLite: WAL, synchronous=FULL, user_version migrations; a newer schema is
 * refused with a clear text, nothing is ever wiped. Folder 0700, files 0600. One daemon per state
 * folder: store_open takes two locks (flock on `lock`, a byte of the database), held for life.
 *
 * All calls are made on the loop thread and are short. Writes of one turn of the loop share a
 * transaction: store_write_begin() opens it when needed and schedules the commit with loop_defer();
 * after the commit, and only then, the subscribers are told (commit, then publish). store_flush()
 * commits at once: before an effect on AWS whose intent was just written.
 *
 * A failed commit (disk full, I/O error) drops the turn's writes and puts the store into `failed`:
 * calls return -EIO with err until store_recover() works; the daemon stops acknowledging, jobs
 * pause. */
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct store;

/* -EBUSY (kind REFUSED) when another daemon holds the folder; -EPERM when the folder is another
 * user's; -ENOTSUP when the schema is newer. A corrupt database is set aside under another name and
 * a new one begun: store_notice() then says so. */
int store_open(struct loop *loop, const char *folder, struct store **out, struct error *err);

struct store_options {
    const char *folder;
    const char *key_file; /* systemd credential that holds the sealing key; NULL = the file `key` in
                             the folder, made when missing */
};

int store_open_with(
    struct loop *loop, const struct store_options *options, struct store **out, struct error *err);
void store_close(struct store *s); /* NULL ok; commits */

/* Whether the names in the folder still lead to what is open. 0, also when a removed `lock` was
 * made again; -ESTALE when the database was removed or replaced: nobody will find what is written
 * now, and the daemon has to end. */
int store_hold_check(struct store *s, struct error *err);
/* Whose daemon holds that folder, by its file `lock`; 0: nobody, or not known. */
pid_t store_holder(const char *folder);

/* What every command has to say about the state: that its file is damaged, or that one was and lies
 * aside; a line, and what helps in those after it. NULL when there is nothing. Looked at anew each
 * time; borrowed until the next call. */
const char *store_notice(struct store *s);

/* Opens the turn's transaction when none is open; every writing call does so itself. */
int store_write_begin(struct store *s, struct error *err);
int store_flush(struct store *s, struct error *err); /* 0 when nothing is pending */
bool store_failed(const struct store *s);
/* Tries a real write; 0 when the store serves again. The daemon calls it by a timer after a
 * failure. */
int store_recover(struct store *s, struct error *err);
/* fn is called at the end of the turn in which the store failed: the turn's writes are gone, so
 * jobs must stop as if the daemon had died, and be resumed from the journal after store_recover().
 */
void store_on_failure(struct store *s, void (*fn)(void *arg), void *arg);
uint64_t store_bytes(struct store *s); /* on disk, write-ahead log included */

/* ---- deployments (one row each; state values are DeployState of proto/defang.proto) ---- */
struct store_deployment {
    char *id, *kind; /* kind: up, down, bootstrap, teardown */
    char *project, *stack, *account, *region, *engine, *profile;
    char *principal; /* ARN whose it is (aws_principal_of()); NULL: not known (an older daemon) */
    int state;
    int64_t created_ms, ended_ms; /* ended 0 = not yet */
    int64_t canceled_ms;          /* since when somebody wants it canceled; 0 = nobody does */
    char *summary;                /* one line for lists, NULL until ended */
    uint64_t last_sequence;
    void *inputs;
    size_t inputs_len; /* frozen inputs (Compose model, settings); erased at the terminal state */
};

void store_deployment_done(struct store_deployment *d);

bool store_state_is_terminal(int state);
const char *
store_state_name(int state); /* "RUNNING", "BLOCKED(auth)" …; "UNKNOWN" for anything else */
bool store_state_may_follow(int from, int to);

/* -EBUSY (kind REFUSED, names the other deployment) when an unfinished one exists for the same
 * account+region+project+stack. */
int store_deployment_insert(struct store *s, const struct store_deployment *d, struct error *err);
/* Moves the state; terminal states set ended_ms, summary and erase inputs and intents. An illegal
 * move is an error (-EINVAL), so is any later write to an ended deployment (-ESTALE): its last
 * event goes in first, in the same turn. */
int store_deployment_move(
    struct store *s, const char *id, int state, const char *summary, struct error *err);
/* That it is to be canceled, for ever: whatever state comes after it. The first word counts.
 * -ESTALE for one that has ended. */
int store_deployment_cancel(struct store *s, const char *id, struct error *err);
/* Sees this turn's own writes. `out` is the caller's (store_deployment_done). -ENOENT. */
int store_deployment_get(
    struct store *s, const char *id, struct store_deployment *out, struct error *err);

/* Another principal of the same account goes on with it: somebody said so. -ESTALE when ended. */
int store_deployment_rebind(
    struct store *s, const char *id, const char *principal, struct error *err);

struct store_filter {
    const char *project, *stack, *account, *region;
    bool unfinished_only;
    unsigned limit;
};

/* Committed rows only, newest first; each row handed to fn (borrowed); fn returns false to stop.
 * NULL fields match all, limit 0 = no limit. Frozen inputs come only with unfinished_only: that is
 * how jobs are resumed.
 */
int store_deployment_each(
    struct store *s,
    const struct store_filter *f,
    bool (*fn)(void *arg, const struct store_deployment *d),
    void *arg,
    struct error *err);

/* ---- journal: steps and intents of a deployment ---- */
int store_step_enter(
    struct store *s,
    const char *deployment,
    const char *step,
    struct error *err); /* before it starts */
int store_step_leave(struct store *s, const char *deployment, const char *step, struct error *err);
int store_step_done(
    struct store *s, const char *deployment, const char *step, bool *done, struct error *err);
/* Idempotency tokens and resume points: written (and flushed by the caller) before the effect.
 * value NULL deletes. */
int store_intent_put(
    struct store *s, const char *deployment, const char *key, const char *value, struct error *err);
int store_intent_get(
    struct store *s,
    const char *deployment,
    const char *key,
    char **value,
    struct error *err); /* *value NULL when none */

/* ---- events: encoded once, stored once ---- */
/* Appends; *sequence is 1, 2, 3 … without gaps per deployment. `data` is the encoded defang.Event
 * whose sequence the caller has set to store_event_next(). */
uint64_t store_event_next(struct store *s, const char *deployment);
int store_event_append(
    struct store *s,
    const char *deployment,
    uint64_t sequence,
    const void *data,
    size_t n,
    struct error *err);
/* Committed events after `after`, at most `max_count` or `max_bytes` (but always one); fn borrows
 * and must not read events itself. */
int store_event_read(
    struct store *s,
    const char *deployment,
    uint64_t after,
    unsigned max_count,
    size_t max_bytes,
    bool (*fn)(void *arg, uint64_t sequence, const void *data, size_t n),
    void *arg,
    struct error *err);
/* The committed end of the story: a reader that has seen *last_sequence of an *ended deployment has
 * seen everything. -ENOENT. */
int store_event_tip(
    struct store *s,
    const char *deployment,
    uint64_t *last_sequence,
    bool *ended,
    struct error *err);
/* Called after a commit that appended events or moved states, with the deployment's id; at the end
 * of the turn, never inside a store call. */
void store_subscribe(struct store *s, void (*fn)(void *arg, const char *deployment), void *arg);
void store_unsubscribe(struct store *s, void (*fn)(void *arg, const char *deployment), void *arg);
/* Drops events and evidence of deployments ended more than 90 days ago, and their rows after a year
 * (the last 20 of a project and stack are kept), expired credentials, and for whom build tasks of
 * long ago were. */
int store_trim(struct store *s, int64_t now_ms, struct error *err);

/* ---- evidence: what failures left, kept as long as the events ---- */
/* `data` is JSON of the caller's; a later item of the same key takes the first one's place. Dropped
 * in silence where there is no room for it any more (LIMIT_EVIDENCE_…). -ESTALE after the end. */
int store_evidence_put(
    struct store *s, const char *deployment, const char *key, const char *data, struct error *err);
/* In the order in which they came first; fn borrows. Sees this turn's own writes. */
int store_evidence_each(
    struct store *s,
    const char *deployment,
    void (*fn)(void *arg, const char *data),
    void *arg,
    struct error *err);

/* Key of a project's row that says for which service a build task was: "SERVICE<tab>MS", the wall
 * clock's. */
#define STORE_BUILD_TASK "build-task/"

/* ---- projects: what is remembered across deployments (engine, mode, last good deployment) ---- */
int store_project_put(
    struct store *s,
    const char *account,
    const char *region,
    const char *project,
    const char *stack,
    const char *key,
    const char *value,
    struct error *err);
int store_project_get(
    struct store *s,
    const char *account,
    const char *region,
    const char *project,
    const char *stack,
    const char *key,
    char **value,
    struct error *err); /* put: NULL deletes; get: *value NULL when none */

/* ---- sealed blobs: cached credentials, AES-256-GCM; the key from a systemd credential
 * ($CREDENTIALS_DIRECTORY/defang-key) or a 0600 key file ---- */
/* data NULL deletes; expires_ms 0 = never. */
int store_seal_put(
    struct store *s,
    const char *name,
    const void *data,
    size_t n,
    int64_t expires_ms,
    struct error *err);
int store_seal_get(
    struct store *s,
    const char *name,
    struct secret *out,
    struct error *err); /* unset when none, expired or sealed with another key */
/* What a job signs with, as text, until it ends: it goes with the job's terminal state. keys NULL
 * deletes; expires_ms 0 = as long as the job. */
int store_job_keys_put(
    struct store *s,
    const char *deployment,
    const char *keys,
    int64_t expires_ms,
    struct error *err);
int store_job_keys_get(
    struct store *s, const char *deployment, struct secret *out, struct error *err);
/* All of them, and of all jobs. */
int store_seal_forget(struct store *s, struct error *err);
