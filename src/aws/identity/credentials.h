/* The credential chain: a table of providers, one file each, asked in the
 * AWS CLI's order (shared/reference/aws-access.md section 5). The first that is configured decides:
 * its failure is final, nothing falls through. */
#pragma once

#include "aws/session.h"

/* What a provider looks at. A source_profile is resolved by the same providers with another profile
 * and without the environment. */
struct credential_request {
    struct aws_session *session;
    const char *profile_name;
    const struct aws_profile *profile; /* NULL: there is none of that name */
    bool use_environment;
    struct credential_visit *visited; /* profiles on the way here: loop detection */
    struct str *trace; /* one line per provider tried and why it did not serve; may be NULL */
};

struct credential_visit {
    const char *profile;
    struct credential_visit *outer;
};

/* 0: served. -ENOENT with err untouched: not configured, ask the next. Anything else is final. */
struct credential_provider {
    const char *name;
    int (*resolve)(
        const struct credential_request *r, struct aws_credentials *out, struct error *err);
    bool of_profile; /* also asked for a source_profile */
    enum aws_origin origin;
};

extern const struct credential_provider credential_environment, credential_assume_role,
    credential_web_identity, credential_sso, credential_shared_file, credential_login,
    credential_process, credential_config_file, credential_ec2_file, credential_boto,
    credential_container, credential_imds;

/* Asks one provider, and looks at what it gives (check.c). As its resolve(). */
int credentials_ask(
    const struct credential_provider *provider,
    const struct credential_request *r,
    struct aws_credentials *out,
    struct error *err);
/* -EINVAL, ERR_AUTH: key, secret or token hold what cannot be meant. */
int credentials_check(
    const struct credential_provider *provider,
    const struct credential_request *r,
    const struct aws_credentials *c,
    struct error *err);

/* Asks the chain (profile_only: the providers of a source_profile). */
int credentials_resolve(
    const struct credential_request *r,
    bool profile_only,
    struct aws_credentials *out,
    struct error *err);

/* What calls are handed (credentials.c). */
extern const struct session_source credentials_source;

/* Whether fresh credentials may serve a bound session; asks STS when it is one. Kind AUTH when they
 * are another's (whoami.c). */
int credentials_check_bound(
    struct aws_session *s, const struct aws_credentials *fresh, struct error *err);

/* --- trace.c --- */

/* How a provider ended, when it served or failed. */
void credentials_trace(
    const struct credential_request *r,
    const char *provider,
    int rc,
    const struct aws_credentials *c,
    const struct error *err);
/* Why a provider did not serve; returns -ENOENT. */
int credentials_pass(const struct credential_request *r, const char *provider, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- shared by providers --- */

/* The region of the instance we run on; NULL when there is none (off EC2 that takes two seconds).
 * Suspends. malloc'd. */
char *imds_region(struct aws_session *s);
char *login_cache_path(const struct env *env, const char *session); /* malloc'd */

/* {AccessKeyId, SecretAccessKey, SessionToken|Token, Expiration, AccountId}: the form of STS,
 * processes and containers. */
int credentials_from_json(
    const json_t *j,
    const char *token_member,
    const char *source,
    struct aws_credentials *out,
    struct error *err);

/* A plain request to a metadata service: no proxy, no redirects, bounded reply. Attempts are a
 * second apart. */
struct credential_fetch {
    const char *method, *url;
    const struct http_header *headers;
    size_t header_count;
    int64_t timeout_ms;
    unsigned attempts;
};

int credentials_fetch(
    struct aws_session *s,
    const struct credential_fetch *f,
    struct http_response *resp,
    struct error *err);
