/* Passwords of databases that a template names by a dynamic reference to a config value: which one
 * is deployed, and whether the value was set anew since.
 *
 * CloudFormation compares the reference's text and not the value, and SSM numbers a parameter that
 * was removed and made anew from 1 again: "…/DB_PASSWORD:1" can be another value than before. So
 * the template's metadata keeps the mark (time and version) of what was deployed:
 *
 *   Metadata.Defang.passwords.<logical id> = mark
 *
 * Pure. */
#pragma once

#include "data/json.h"

#include <stdbool.h>

/* RDS and DocumentDB take it as a password (CreateDBInstance, CreateDBCluster): 8 to 128 printable
 * ASCII characters without / " @ and space. */
bool plan_password_suits(const char *password);

/* The name of a user or a database: letters, digits and (not in DocumentDB) underscores, a letter
 * first, at most 63, and none that AWS has for itself. */
bool plan_store_name_suits(const char *name, bool document);

#define PLAN_PASSWORD_PATH 512 /* bytes of a parameter's whole name, with its end */

struct plan_password {
    char parameter[PLAN_PASSWORD_PATH]; /* "/Defang/shop/beta/DB_PASSWORD" */
    long long version;                  /* of the reference */
    long long mark;                     /* 0: the template was made before marks were kept */
};

/* Reads "{{resolve:ssm-secure:/path:3}}"; false for anything else, and without a version. */
bool plan_password_reference(const char *text, struct plan_password *out);

/* Of database `id` in a deployed template; false when there is none. `template` may be NULL. */
bool plan_password_deployed(const json_t *template, const char *id, struct plan_password *out);

/* The config, now at `version` and `mark`, was set anew, and its version does not tell. */
bool plan_password_is_new(const struct plan_password *deployed, long long version, long long mark);
