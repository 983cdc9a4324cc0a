/* `defangctl login`: a new SSO token by the device flow of OIDC. The caller shows the code and the
 * address, then waits; the token goes where the AWS CLI keeps its own, so that both are logged in.
 */
#pragma once

#include "aws/aws.h"

struct sso_login {
    /* from the profile: sso_login_settings() */
    char *session, *start_url, *region, *scopes; /* session NULL: the legacy form */
    char *profile;
    /* sso_login_start() */
    char *user_code, *url, *url_complete;
    int64_t deadline_mono_ms, interval_ms;
    struct secret client_secret, device_code;
    char *client_id;
    int64_t registration_expires_ms;
    int64_t expires_ms; /* sso_login_wait(): when the new token ends */
};

/* -ENOENT with err: the profile does not use SSO; -EINVAL: its settings are incomplete. */
int sso_login_settings(struct aws_session *s, struct sso_login *out, struct error *err);
int sso_login_start(struct aws_session *s, struct sso_login *l, struct error *err);
/* Polls until the login is confirmed or refused; writes the token. Suspends for minutes. */
int sso_login_wait(struct aws_session *s, struct sso_login *l, struct error *err);
void sso_login_done(struct sso_login *l);
