/* ~/.aws/config and ~/.aws/credentials as the AWS CLI v2 reads them: which sections are profiles,
 * what overlays what, and where each value stands. Rules: shared/reference/aws-access.md sections 2
 * and 3. What is parsed never changes and is shared: references are counted on the loop's thread.
 * profile_files.h reads the files. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include "base/str.h"
#include "data/ini.h"
#include <stdbool.h>

struct aws_profiles;

/* A value and where it stands; value NULL = not set. */
struct aws_setting {
    const char *value;
    const char *path;
    unsigned line;
};

struct aws_profile {
    const char *name;
    const struct ini_section *config;      /* or NULL */
    const struct ini_section *credentials; /* or NULL */
};

/* One of the two files as it was read: there = false counts as empty. */
struct aws_profile_file {
    char *path; /* expanded, absolute */
    struct str text;
    bool there;
    char *trouble; /* why a file that is there is passed over, in words; NULL = nothing */
};

/* Pure: for a thread of the pool too. One reference, for aws_profiles_free(). */
int aws_profiles_parse_files(
    const struct aws_profile_file *config,
    const struct aws_profile_file *credentials,
    struct aws_profiles **out,
    struct error *err);
/* The same from texts (NULL = no such file). */
int aws_profiles_parse(
    const char *config_path,
    const char *config,
    const char *credentials_path,
    const char *credentials,
    struct aws_profiles **out,
    struct error *err);
struct aws_profiles *aws_profiles_ref(struct aws_profiles *p);
void aws_profiles_free(struct aws_profiles *p); /* gives one reference back; NULL ok */
const char *aws_profiles_config_path(const struct aws_profiles *p);
const char *aws_profiles_credentials_path(const struct aws_profiles *p);
/* Why the file is passed over although it is there, as the CLI does; NULL = it is not. */
const char *aws_profiles_config_trouble(const struct aws_profiles *p);
const char *aws_profiles_credentials_trouble(const struct aws_profiles *p);
char *aws_profiles_places(const struct aws_profiles *p); /* both, for hints; malloc'd */

const struct aws_profile *
aws_profiles_find(const struct aws_profiles *p, const char *name); /* NULL when missing */
size_t aws_profiles_count(const struct aws_profiles *p);
const struct aws_profile *aws_profiles_at(const struct aws_profiles *p, size_t i);
/* Sections "[sso-session NAME]" and "[services NAME]" of the config file; NULL when missing. */
const struct ini_section *
aws_profiles_named(const struct aws_profiles *p, const char *kind, const char *name);

/* The merged view: the credentials file's entry wins over the config file's. */
struct aws_setting
aws_profile_get(const struct aws_profiles *p, const struct aws_profile *profile, const char *key);
struct aws_setting aws_profile_get_config(
    const struct aws_profiles *p, const struct aws_profile *profile, const char *key);
struct aws_setting aws_profile_get_credentials(
    const struct aws_profiles *p, const struct aws_profile *profile, const char *key);
/* `key = value` lines below a key ("s3" / "addressing_style"), merged view. A plain value where
 * such lines belong is an error (ERR_AUTH). */
int aws_profile_nested(
    const struct aws_profiles *p,
    const struct aws_profile *profile,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err);
int aws_section_nested(
    const struct aws_profiles *p,
    const struct ini_section *section,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err);

/* "$VAR", "${VAR}" and then "~" as the CLI expands paths; relative ones start at the caller's
 * folder (env_cwd). malloc'd. */
char *aws_path_expand(const struct env *env, const char *path);
/* For paths that the CLI opens as they are: relative ones start at the caller's folder, nothing
 * else is expanded. Of both: /dev/fd and /proc/self are those of the caller's process. malloc'd. */
char *aws_path_literal(const struct env *env, const char *path);
