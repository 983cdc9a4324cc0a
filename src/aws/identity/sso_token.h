/* The token that `aws sso login` (or `defangctl login`) leaves in ~/.aws/sso/cache: reading it,
 * renewing it through OIDC, writing it back. File names and fields: shared/reference/aws-access.md
 * section 5.3. Secrets are wiped when the struct is dropped. */
#pragma once

#include "aws/session.h"

struct sso_token {
    struct secret access, refresh, client_secret;
    char *client_id;
    int64_t expires_ms, registration_expires_ms; /* wall clock; 0 = the file does not say */
    json_t *file; /* the whole object: unknown members survive a rewrite */
};

/* key: the session's name, or the legacy start URL. malloc'd. */
char *sso_token_path(const struct env *env, const char *key);
/* -ENOENT when there is no such file, -EBADMSG when it holds no token. */
int sso_token_read(const char *path, struct sso_token *out);
bool sso_token_can_refresh(const struct sso_token *t, int64_t now_ms);
void sso_token_done(struct sso_token *t);

/* Where a token comes from; `session` NULL: the legacy form, which is never refreshed. */
struct sso_source {
    const char *session, *start_url, *region;
    const char *profile; /* for messages */
};

/* A token that serves now: renewed when less than 15 minutes remain and it can be. Suspends. */
int sso_token_get(
    struct aws_session *s, const struct sso_source *from, struct secret *access, struct error *err);
