/* Releases: what was deployed, by number, in the account's bucket. Any machine reads them that has
 * the account; the local store is not asked.
 *
 *   history/<project>/<stack>/index.json                  {"version": 1, "releases": [entry, …]}
 *   history/<project>/<stack>/<number>-<id>.json.gz       the record, gzip
 *   history/<project>/<stack>/<id>/failure.json           what a failure left
 * (daemon/jobs/evidence.c)
 *
 *   entry   {"number", "deployment", "kind": "up"|"rollback", "of": number or absent, "state",
 *            "created_ms", "ended_ms", "principal", "who": "user@host", "summary", "content",
 *            "partial": true for one of `up SERVICE…`}
 *   record  an entry, and {"version": 1, "project", "stack", "account", "region", "engine", "mode",
 *            "product", "folder", "origin",
 *            "source": {"commit", "branch"}, "services": [{"service", "image", "built"}],
 *            "configs": [{"name", "version"}], "template", "error": {"message", "hint"}, "sealed"}
 *
 * "content" names what runs: equal for releases that would deploy the same. "sealed" holds the
 * inputs of the deployment (frozen model, mode, variables): they may hold what somebody
 * interpolated or mounted as a secret, so they are AES-256-GCM under a key of the project in
 * Parameter Store (values/derived.h, flow_file_key) and open only for whoever may read that.
 *
 * Numbers are given by the index: it is written only when nobody else has meanwhile, so two
 * machines never give one number twice. The index keeps the last RELEASES_LISTED. All functions
 * suspend. */
#pragma once

#include "engine/context.h"

#define RELEASES_LISTED 100

/* *entries: new array, newest first; empty when there is none. */
int release_list(struct engine_context *c, const char *bucket, json_t **entries, struct error *err);

/* Writes the record under the next number, which is set in it; one that is listed already (by an
 * earlier life of the job) keeps its number, and nothing is written. */
int release_publish(
    struct engine_context *c, const char *bucket, json_t *record, struct error *err);

/* The record of an entry, new. */
int release_fetch(
    struct engine_context *c,
    const char *bucket,
    const json_t *entry,
    json_t **record,
    struct error *err);

/* "12", "#12" or the deployment's id; borrowed of `entries`, NULL when there is none. */
const json_t *release_find(const json_t *entries, const char *which);

/* The one to go back to when none is named: the last that went well before what runs and differs
 * from it. `deployed`: something is; else it is the last that went well. Borrowed, or NULL. */
const json_t *release_before(const json_t *entries, bool deployed);

/* The one that runs: the newest that went well. NULL when what came after it failed and was not
 * taken back, or nothing did go well. */
const json_t *release_current(const json_t *entries);

/* `inputs` as text for "sealed"; malloc'd. Makes the project's key when there is none. */
int release_seal(struct engine_context *c, const json_t *inputs, char **sealed, struct error *err);
/* The inputs of a record, new. */
int release_open(
    struct engine_context *c, const json_t *record, json_t **inputs, struct error *err);

/* Whether every image that was built for it is still in ECR; ERR_REFUSED names the services whose
 * is not. */
int release_images_check(
    struct engine_context *c, struct arena *arena, const json_t *record, struct error *err);

/* The parts of an image in ECR, in the arena; digest or tag is NULL. false for any other. Pure. */
bool release_image_parts(
    struct arena *arena,
    const char *uri,
    const char **repository,
    const char **digest,
    const char **tag);

/* What the files of `configs` and `secrets` hold, for the inputs of a release: {"secrets/NAME":
 * base64, …}, new; NULL when there is none. A file that cannot be read is left out. */
json_t *release_files_read(const struct compose_project *p);
/* The other way round, into the model's arena: those files are not read any more. */
void release_files_give(struct compose_project *p, const json_t *files);

/* Names what a release runs: its model, mode, images and versions of config. malloc'd. */
char *
release_content(const char *model, const char *mode, const json_t *services, const json_t *configs);
