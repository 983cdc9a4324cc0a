/* Where a deployment comes from: it stands in the metadata of the deployed template, so that
 * another folder whose project happens to have the same name does not take the first one's place
 * without a word.
 *
 *     {"repository": "github.com/acme/shop",    of the remote, or absent
 *      "folder": "/srv/shop",                   where there is no remote
 *      "files": ["compose.yaml"],               relative to the repository, or to the folder
 *      "owner": "…", "place": "…"}              digests of machine and user, and of those and
 * folder
 *
 * Nothing in it is secret: names and passwords of a remote's URL are left out. Two clones of one
 * repository are one origin, on whatever machine; without a remote it is the folder, on one machine
 * and by one user. An origin that is not known (NULL: nothing was recorded, no files were read) is
 * never another one. */
#pragma once

#include "base/error.h"
#include "data/json.h"
#include <stdbool.h>

struct plan_request;
struct graph;

/* "git@github.com:acme/shop.git" and "https://token@github.com/acme/shop/" →
 * "github.com/acme/shop". A remote that is a folder is made absolute against `folder`. malloc'd;
 * NULL when it names nothing. */
char *plan_origin_remote(const char *url, const char *folder);

/* Of a deployed template; borrowed, or NULL. */
const json_t *plan_origin_of(const json_t *deployed);

bool plan_origin_same(const json_t *a, const json_t *b);

/* The same folder of the same repository (or, without a remote, of the same machine and user),
 * whichever Compose files there: what is deployed from one is somebody's who stands in the other.
 * True when one is not known. */
bool plan_origin_near(const json_t *a, const json_t *b);

/* The name of the first file, or "" when there is none. */
const char *plan_origin_file(const json_t *origin);

/* "github.com/acme/shop (compose.yaml)"; `here` is the origin of who reads it: of another machine's
 * folder it says so. malloc'd. */
char *plan_origin_text(const json_t *origin, const json_t *here);

/* Refuses (ERR_REFUSED) when r->previous comes from another origin and something deployed would be
 * removed: services, and with `g` (of the whole) also other resources. Not with r->adopt. */
int plan_check_origin(const struct plan_request *r, const struct graph *g, struct error *err);

/* Another origin is deployed: what to say about it though nothing is refused; malloc'd, or NULL. */
char *plan_origin_note(const struct plan_request *r);
