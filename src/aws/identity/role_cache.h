/* ~/.aws/cli/cache: temporary credentials that the AWS CLI and we keep for each other, so that an
 * MFA code or a login need not be given twice. File names and contents:
 * shared/reference/aws-access.md section 6. What cannot be read counts as not there; files appear
 * whole (temp and rename), 0600. Below 15 minutes of life they are not used. */
#pragma once

#include "aws/session.h"

/* The digest's input. All texts may be NULL = not given. malloc'd. */
struct role_cache_role {
    const char *role_arn, *session_name, *external_id, *serial;
    long long duration_s; /* 0 = not given */
};

char *role_cache_key_role(const struct role_cache_role *r);
/* session, or (NULL) the legacy start URL */
char *role_cache_key_sso(
    const char *account, const char *role, const char *session, const char *start_url);

char *role_cache_path(const struct env *env, const char *key); /* malloc'd */
/* The object "Credentials", a new reference; NULL when there is nothing to use. In both: key NULL =
 * not kept on disk. */
json_t *role_cache_read(struct aws_session *s, const char *key);
/* whole: {"Credentials": {…, "Expiration": seconds or text}, …}. A failure is no error: the
 * credentials serve without. */
void role_cache_write(struct aws_session *s, const char *key, const json_t *whole);
