/* AWS access: one session is one caller's identity and region, from the caller's environment and
 * files, as the AWS CLI v2 would resolve them (shared/reference/aws-access.md). Calls are made by
 * table: aws/model/model.h describes each operation's shapes; input and output are JSON values with
 * the API's own member names, whatever the protocol on the wire is.
 *
 *     struct aws_session *s;
 *     json_t *out;
 *     rc = aws_session_open(&options, &s, err);
 *     rc = aws_call(s, &aws_ecs_RunTask, object(key("cluster", c), …), &out, err);
 *
 * All calls suspend the running fiber. Retries, re-signing, clock-skew correction, one refresh of
 * expired credentials and typed errors happen inside. A session is shared by many fibers;
 * credentials are resolved by one of them, cached, and refreshed ahead of their end.
 *
 * Errors: err->kind is AUTH, CLOUD, TIMEOUT, CANCELED, or FAILED for a mistake of the caller; an
 * answer of a service has ->aws_code, ->request_id and ->http_status. What a job makes of them, the
 * functions at the end say. */
#pragma once

#include "aws/model/model.h"
#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"
#include "data/json.h"
#include "loop/http.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <stdint.h>

struct aws_session;
struct child_result;
struct profile_cache; /* aws/settings/profile_files.h */

/* Runs a program of the caller's settings (credential_process) where the caller is, and suspends
 * until it has ended; `why` names it to people. Its stderr went to the caller, and result->err is
 * empty. 0 when it ran, whatever its exit code; the result is for child_result_done() in any case.
 */
typedef int aws_run_fn(
    void *arg,
    const char *const *argv,
    const char *why,
    struct child_result *result,
    struct error *err);

struct aws_session_options {
    struct loop *loop;
    struct http *http;     /* borrowed; outlives the session */
    const struct env *env; /* the caller's, with its folder; copied */
    const char *profile;   /* --profile or NULL */
    const char *region;    /* --region or NULL */
    aws_run_fn *run;       /* NULL: programs are run here, without a terminal, a minute at most */
    void *run_arg;
    struct profile_cache *profiles; /* borrowed for the opening; NULL: files are parsed anew */
};

/* What helps when they are refused depends on where they come from. */
enum aws_origin {
    AWS_ORIGIN_OTHER, /* legacy files */
    AWS_ORIGIN_ENVIRONMENT,
    AWS_ORIGIN_FILE, /* static keys of a profile */
    AWS_ORIGIN_ROLE,
    AWS_ORIGIN_WEB_IDENTITY,
    AWS_ORIGIN_SSO,
    AWS_ORIGIN_LOGIN,
    AWS_ORIGIN_PROCESS,
    AWS_ORIGIN_MACHINE, /* of the container or the instance */
};

struct aws_credentials {
    char *access_key_id;
    struct secret secret_access_key, session_token;
    int64_t expires_wall_ms; /* 0 = never */
    char *account_id;        /* or NULL */
    char *source;            /* "environment", "profile shop in ~/.aws/credentials:12", … */
    enum aws_origin origin;
    char *profile;         /* whose settings led to them, or NULL */
    bool from_environment; /* came from the caller's env: stays in memory only */
};

/* Reads the caller's files and resolves profile and region, for one request (or one job): another
 * request opens its own, so that nothing of what decides who somebody is can be old. Suspends while
 * a large file is parsed. No network, unless nothing names a region and a fiber runs, then the
 * instance metadata service is asked. Missing region is not an error here: aws_session_region() is
 * then NULL. */
int aws_session_open(
    const struct aws_session_options *o, struct aws_session **out, struct error *err);
void aws_session_free(struct aws_session *s);
/* Borrowed, for the session's life; NULL when no region is set. */
const char *aws_session_region(const struct aws_session *s);
const char *aws_session_region_source(const struct aws_session *s);
const char *aws_session_profile(const struct aws_session *s); /* "default" when unnamed */
/* Current credentials (resolved on first use, may suspend); copied. */
int aws_session_credentials(struct aws_session *s, struct aws_credentials *out, struct error *err);
void aws_credentials_done(struct aws_credentials *c);
void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from);
/* Replaces what the session signs with: fresh credentials brought by a client for a job in
 * BLOCKED(auth). */
void aws_session_replace_credentials(struct aws_session *s, const struct aws_credentials *c);

/* The same for what an earlier life of this session held (freeze.h): it serves until it is about to
 * end, then the session's own sources are asked. */
void aws_session_restore_credentials(struct aws_session *s, const struct aws_credentials *c);
/* fn(arg, c) whenever the session has other credentials than before, and at once when it has some;
 * NULL takes it back from the one whose arg it is. c is borrowed for the call. */
typedef void aws_fresh_fn(void *arg, const struct aws_credentials *c);
void aws_session_on_fresh(struct aws_session *s, aws_fresh_fn *fn, void *arg);

/* How the credentials were found: one line "provider: why it did not serve" each, in the order
 * asked, the last being what served or failed. "" before the first resolution. Borrowed until the
 * next call on s. */
const char *aws_session_trace(const struct aws_session *s);
/* Settings that make other programs see another identity, one per line. */
void aws_session_warnings(struct aws_session *s, struct str *out);
/* The endpoint that environment or files set for STS; *url NULL = AWS's own. malloc'd. */
int aws_session_sts_endpoint(struct aws_session *s, char **url, struct error *err);
/* For the next role that wants one (err->mfa_serial said so); used once, then wiped. */
void aws_session_give_mfa_code(struct aws_session *s, const char *code);

/* AWS refused failed_key_id as expired, whatever its own end says: resolved anew, if it is still
 * the one in use. -EALREADY when that cannot change it. Suspends. */
int aws_session_renew(struct aws_session *s, const char *failed_key_id, struct error *err);
/* Of the credentials that are in use; NULL before they are resolved. Borrowed until the next call.
 */
const char *aws_session_key_id(const struct aws_session *s);
/* Takes over what `from` has resolved: its credentials, as if this session had found them. */
void aws_session_take_over(struct aws_session *s, const struct aws_session *from);
/* From now on nothing is signed for anybody else: credentials that are resolved anew are asked who
 * they are before they serve (sts:GetCallerIdentity, the one call that they make); another
 * account's or principal's are an error of kind AUTH that names both. Texts are copied; principal
 * NULL or "" is any of the account. What aws_session_replace_credentials() brings is the caller's
 * to judge. */
void aws_session_bind(struct aws_session *s, const char *account, const char *principal);
/* Whose something is, by the ARN that STS tells: of an assumed role the role,
 * "arn:aws:sts::1:assumed-role/NAME", whatever the session is called; else the ARN as it is.
 * malloc'd. */
char *aws_principal_of(const char *arn);

struct aws_identity {
    char *account, *arn, *user_id, *partition;
};

/* sts:GetCallerIdentity, asked once in the session's life. A copy: aws_identity_done(). */
int aws_session_identity(struct aws_session *s, struct aws_identity *out, struct error *err);
void aws_identity_done(struct aws_identity *i);

/* `in` is stolen (may be NULL = {}); *out is a new reference, NULL after an error (out may be
 * NULL). */
int aws_call(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    json_t **out,
    struct error *err);
/* Calls until the output has no more pages (op->paginator); *items is a new array of the items of
 * every page, NULL after an error. `in` is stolen. */
int aws_call_all(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err);

/* True for errors that mean "credentials are expired or gone": a job goes to BLOCKED(auth). */
bool aws_error_is_auth(const struct error *err);
/* ValidationError "does not exist", ResourceNotFound…, NoSuchKey, ParameterNotFound, 404 */
bool aws_error_is_not_found(const struct error *err);
bool aws_error_is_throttle(const struct error *err);
/* A right that is missing; the keys are good. */
bool aws_error_is_denied(const struct error *err);
