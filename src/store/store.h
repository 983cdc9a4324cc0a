/* The daemon's state in SQLite: WAL, synchronous=FULL, user_version migrations; a newer schema is refused with a clear text, nothing is ever wiped.
 * Folder 0700, files 0600. One daemon per state folder: store_open takes a lock (flock on `lock`), held for life.
 *
 * All calls are made on the loop thread and are short. Writes of one turn of the loop share a transaction: store_write_begin() opens it
 * when needed and schedules the commit with loop_defer(); after the commit, and only then, the subscribers are told (commit, then publish).
 * store_flush() commits at once: before an effect on AWS whose intent was just written.
 *
 * A failed commit (disk full, I/O error) drops the turn's writes and puts the store into `failed`: calls return -EIO with err until store_recover()
 * works; the daemon stops acknowledging, jobs pause. */
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct store;

int store_open(struct loop *loop, const char *folder, struct store **out, struct error *err);
void store_close(struct store *s); /* NULL ok; commits */
int store_flush(struct store *s, struct error *err);
uint64_t store_bytes(struct store *s);

/* ---- deployments (one row each; state values are DeployState of proto/defang.proto) ---- */
struct store_deployment {
    char *id, *kind;               /* kind: up, down, bootstrap, teardown */
    char *project, *stack, *account, *region, *engine, *profile;
    int state;
    int64_t created_ms, ended_ms;  /* ended 0 = not yet */
    char *summary;                 /* one line for lists, NULL until ended */
    uint64_t last_sequence;
    void *inputs; size_t inputs_len; /* frozen inputs (Compose model, settings); erased at the terminal state */
};
void store_deployment_done(struct store_deployment *d);

/* -EBUSY (kind REFUSED, names the other deployment) when an unfinished one exists for the same account+region+project+stack. */
int store_deployment_insert(struct store *s, const struct store_deployment *d, struct error *err);
/* Moves the state; terminal states set ended_ms, summary and erase inputs and intents. An illegal move is an error. */
int store_deployment_move(struct store *s, const char *id, int state, const char *summary, struct error *err);
int store_deployment_get(struct store *s, const char *id, struct store_deployment *out, struct error *err); /* -ENOENT */
struct store_filter { const char *project, *stack, *account, *region; bool unfinished_only; unsigned limit; };
/* Newest first; each row handed to fn (borrowed); fn returns false to stop. */
int store_deployment_each(struct store *s, const struct store_filter *f, bool (*fn)(void *arg, const struct store_deployment *d), void *arg, struct error *err);

/* ---- journal: steps and intents of a deployment ---- */
int store_step_enter(struct store *s, const char *deployment, const char *step, struct error *err);  /* before it starts */
int store_step_leave(struct store *s, const char *deployment, const char *step, struct error *err);
int store_step_done(struct store *s, const char *deployment, const char *step, bool *done, struct error *err);
/* Idempotency tokens and resume points: written (and flushed by the caller) before the effect. value NULL deletes. */
int store_intent_put(struct store *s, const char *deployment, const char *key, const char *value, struct error *err);
int store_intent_get(struct store *s, const char *deployment, const char *key, char **value, struct error *err); /* *value NULL when none */

/* ---- events: encoded once, stored once ---- */
/* Appends; *sequence is 1, 2, 3 … without gaps per deployment. `data` is the encoded defang.Event whose sequence the caller has set to
 * store_event_next(). */
uint64_t store_event_next(struct store *s, const char *deployment);
int store_event_append(struct store *s, const char *deployment, uint64_t sequence, const void *data, size_t n, struct error *err);
/* Committed events after `after`, at most `max_count` or `max_bytes`; fn borrows. */
int store_event_read(struct store *s, const char *deployment, uint64_t after, unsigned max_count, size_t max_bytes,
                     bool (*fn)(void *arg, uint64_t sequence, const void *data, size_t n), void *arg, struct error *err);
/* Called after a commit that appended events or moved states, with the deployment's id. */
void store_subscribe(struct store *s, void (*fn)(void *arg, const char *deployment), void *arg);
int store_trim(struct store *s, int64_t now_ms, struct error *err); /* events older than 90 days, the last 20 deployments of a project kept */

/* ---- projects: what is remembered across deployments (engine, mode, last good deployment) ---- */
int store_project_put(struct store *s, const char *account, const char *region, const char *project, const char *stack, const char *key, const char *value, struct error *err);
int store_project_get(struct store *s, const char *account, const char *region, const char *project, const char *stack, const char *key, char **value, struct error *err);

/* ---- sealed blobs: cached credentials, AES-256-GCM; the key from a systemd credential ($CREDENTIALS_DIRECTORY/defang-key) or a 0600 key file ---- */
int store_seal_put(struct store *s, const char *name, const void *data, size_t n, int64_t expires_ms, struct error *err);
int store_seal_get(struct store *s, const char *name, struct secret *out, struct error *err); /* unset when none or expired */

/* ---- uploads in progress: resume of a multipart upload ---- */
int store_upload_put(struct store *s, const char *bucket, const char *key, const char *upload_id, struct error *err); /* NULL id deletes */
int store_upload_get(struct store *s, const char *bucket, const char *key, char **upload_id, struct error *err);
