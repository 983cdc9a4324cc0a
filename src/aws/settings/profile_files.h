/* The two files of the AWS CLI, read at each request and parsed once per content.
 *
 * Content alone decides whether what was parsed still holds: size and time of a file prove nothing
 * (cp -p, home-manager and sops keep both), and reading some kilobytes costs less than being wrong
 * about who somebody is. */
#pragma once

#include "aws/settings/profiles.h"
#include <stdint.h>

/* Of one process: shared by all sessions of the loop's thread. */
struct profile_cache;

struct profile_cache *profile_cache_new(void);
void profile_cache_free(struct profile_cache *c); /* NULL ok */

struct profile_files {
    struct aws_profile_file config, credentials;
    uint8_t digest[32]; /* of paths and contents */
};

/* As the CLI: a file that is not there, is no regular file, or may not be read counts as empty (the
 * reason is kept). ERR_AUTH for one beyond LIMIT_INI_BYTES or that breaks while it is read. Release
 * with profile_files_done(), also after an error. */
int profile_files_read(const struct env *env, struct profile_files *out, struct error *err);
void profile_files_done(struct profile_files *f); /* wipes the texts */

/* A new reference; NULL when that content was not parsed before. c NULL = nothing is kept. */
struct aws_profiles *profile_cache_find(struct profile_cache *c, const struct profile_files *f);
void profile_cache_keep(
    struct profile_cache *c, const struct profile_files *f, struct aws_profiles *p);
