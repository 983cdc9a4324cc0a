/* Refusals in words: refusal.h says what they are.
 *
 * Services spell one meaning in many codes; the table holds those that the services we call are
 * known to answer. A hint has two sentences: whose credentials were refused (their source with file
 * and line, and the key's last characters), and what helps. What helps depends on the source more
 * than on the code: a login of SSO is renewed by one command, keys of a file are written there,
 * keys of a shell are exported or unset. Two mistakes are told from the key alone: a temporary key
 * (ASIA…) without its token, and a long-lived one (AKIA…) with somebody else's. */
#include "aws/refusal.h"
#include "base/clock.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

/* Services allow 5 minutes, some 15. */
#define SKEW_SAID_MS (4 * 60 * 1000)

static const struct {
    const char *code;
    enum refusal refusal;
} codes[] = {
    {"ExpiredToken", REFUSAL_EXPIRED},
    {"ExpiredTokenException", REFUSAL_EXPIRED},
    {"RequestExpired", REFUSAL_EXPIRED},
    {"TokenRefreshRequired", REFUSAL_EXPIRED},
    {"InvalidClientTokenId", REFUSAL_UNKNOWN},
    {"UnrecognizedClientException", REFUSAL_UNKNOWN},
    {"InvalidAccessKeyId", REFUSAL_UNKNOWN},
    {"InvalidToken", REFUSAL_UNKNOWN},
    {"AuthFailure", REFUSAL_UNKNOWN},
    {"UnauthorizedException", REFUSAL_UNKNOWN},
    {"NotAuthorized", REFUSAL_UNKNOWN},
    {"SignatureDoesNotMatch", REFUSAL_SIGNATURE},
    {"InvalidSignatureException", REFUSAL_SIGNATURE},
    {"IncompleteSignature", REFUSAL_SIGNATURE},
    {"IncompleteSignatureException", REFUSAL_SIGNATURE},
    {"MissingAuthenticationToken", REFUSAL_UNSIGNED},
    {"MissingAuthenticationTokenException", REFUSAL_UNSIGNED},
    {"RequestTimeTooSkewed", REFUSAL_CLOCK},
    {"RequestInTheFuture", REFUSAL_CLOCK},
    {"UnauthorizedOperation", REFUSAL_RIGHTS},
    {"AuthorizationError", REFUSAL_RIGHTS},
    {"AuthorizationErrorException", REFUSAL_RIGHTS},
    {"NotAuthorizedException", REFUSAL_RIGHTS},
    {"ForbiddenException", REFUSAL_RIGHTS},
    {"AllAccessDisabled", REFUSAL_RIGHTS},
    {"403", REFUSAL_RIGHTS}, /* of a HEAD, which has no body */
    {"RegionDisabledException", REFUSAL_REGION},
    {"OptInRequired", REFUSAL_REGION},
    {"OptInRequiredException", REFUSAL_REGION},
    {"SubscriptionRequiredException", REFUSAL_REGION},
    {"NotSignedUp", REFUSAL_REGION},
};

enum refusal refusal_of(const char *aws_code)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (text_eq(codes[i].code, aws_code))
            return codes[i].refusal;

    return text_starts(aws_code, "AccessDenied") ? REFUSAL_RIGHTS : REFUSAL_NONE;
}

bool refusal_is_of_keys(enum refusal r)
{
    return r >= REFUSAL_EXPIRED && r <= REFUSAL_UNSIGNED;
}

/* --- whose --- */

static void say_whose(const struct aws_credentials *c, struct str *out)
{
    const char *id = c->access_key_id ? c->access_key_id : "";
    size_t n = strlen(id);

    str_appendf(out, "The credentials are those of %s", c->source ? c->source : "another shell");
    if (n > 8)
        str_appendf(out, " (key ****%s)", id + n - 4);
    str_append(out, ". ");
}

/* --- what helps --- */

static void say_environment(const struct refusal_facts *f, struct str *out)
{
    const struct aws_settings *s = &f->session->settings;

    str_append(
        out,
        "Export new ones (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, "
        "AWS_SESSION_TOKEN)");
    if (s->section) {
        cleanup_free char *profile = text_shell(s->profile);
        str_appendf(
            out,
            ", for instance those of profile %s: `eval \"$(aws configure export-credentials "
            "--profile %s --format env)\"`",
            s->profile,
            profile);
    }
    str_append(
        out,
        "; or `unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN "
        "AWS_SECURITY_TOKEN` to be asked elsewhere.");
}

/* Fresh credentials of the same source. */
static void say_renew(const struct refusal_facts *f, struct str *out)
{
    const struct aws_credentials *c = f->credentials;
    const char *name = c->profile ? c->profile : f->session->settings.profile;
    cleanup_free char *profile = text_shell(name);

    switch (c->origin) {
    case AWS_ORIGIN_ENVIRONMENT:
        say_environment(f, out);
        break;
    case AWS_ORIGIN_FILE:
        str_appendf(
            out,
            "Write new ones there: `aws configure --profile %s`%s.",
            profile,
            secret_is_set(&c->session_token) ? ", and the aws_session_token that came with them"
                                             : "");
        break;
    case AWS_ORIGIN_SSO:
        str_appendf(
            out,
            "Log in anew: `defangctl login --profile %s` (or `aws sso login --profile %s`).",
            profile,
            profile);
        break;
    case AWS_ORIGIN_LOGIN:
        str_appendf(out, "Log in anew: `aws login --profile %s`.", profile);
        break;
    case AWS_ORIGIN_PROCESS:
        str_appendf(
            out,
            "The program gave them: log in to it anew, then see what it gives with `aws configure "
            "export-credentials --profile %s`.",
            profile);
        break;
    case AWS_ORIGIN_ROLE:
    case AWS_ORIGIN_WEB_IDENTITY:
        str_append(
            out,
            "The role was assumed a moment ago, or taken from the AWS CLI's cache: `rm -rf "
            "~/.aws/cli/cache` drops what is kept there, and the role is assumed anew.");
        break;
    case AWS_ORIGIN_MACHINE:
        str_append(
            out,
            "This machine renews them by itself: try again in a minute, or name other ones with "
            "AWS_PROFILE.");
        break;
    case AWS_ORIGIN_OTHER:
        str_append(out, "Log in again where they come from, or name other ones with AWS_PROFILE.");
        break;
    }
}

static void say_unknown(const struct refusal_facts *f, struct str *out)
{
    const struct aws_credentials *c = f->credentials;
    const char *region = f->session->settings.region;
    bool shell = c->origin == AWS_ORIGIN_ENVIRONMENT;
    bool token = secret_is_set(&c->session_token);

    if (text_starts(c->access_key_id, "ASIA") && !token) {
        str_appendf(
            out,
            "A key that begins with ASIA is a temporary one and counts only with its session "
            "token: %s.",
            shell ? "export AWS_SESSION_TOKEN as well" : "put aws_session_token beside it");
        return;
    }
    if (text_starts(c->access_key_id, "AKIA") && token) {
        str_appendf(
            out,
            "A key that begins with AKIA is long-lived and has no session token, but one is set: "
            "%s.",
            shell ? "`unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN`"
                  : "remove aws_session_token beside it");
        return;
    }

    str_appendf(
        out,
        "AWS does not know them%s%s: they were deleted or switched off, they are of another "
        "partition (China, GovCloud), or the region is not enabled for the account. ",
        region ? " in " : "",
        region ? region : "");
    say_renew(f, out);
}

static void say_signature(const struct refusal_facts *f, struct str *out)
{
    const char *key = f->credentials->origin == AWS_ORIGIN_ENVIRONMENT ? "AWS_SECRET_ACCESS_KEY"
                      : f->credentials->origin == AWS_ORIGIN_FILE      ? "aws_secret_access_key"
                                                                       : "The secret";

    if (text_starts(f->code, "Incomplete"))
        str_append(
            out, "Key id or session token are not as AWS gave them, or a proxy changes requests. ");
    else
        str_appendf(out, "%s does not belong to the key id. ", key);
    say_renew(f, out);
}

/* Rounded, and which way. */
static void say_clock(const struct refusal_facts *f, struct str *out)
{
    long long minutes = (llabs(f->skew_ms) + 30000) / 60000;

    if (minutes)
        str_appendf(
            out,
            "This machine's clock is %lld minutes %s AWS's: ",
            minutes,
            f->skew_ms < 0 ? "ahead of" : "behind");
    else
        str_append(out, "This machine's clock and AWS's differ: ");
    str_append(
        out, "set it right (`sudo timedatectl set-ntp true`; in WSL `sudo hwclock --hctosys`).");
}

static void say_role(const struct refusal_facts *f, struct str *out)
{
    if (strcasestr(f->message, "MultiFactorAuthentication") || strcasestr(f->message, "MFA"))
        str_append(
            out,
            "The MFA code was wrong or has been used: wait for the device's next code and run the "
            "command again.");
    else
        str_append(
            out,
            "They need the right sts:AssumeRole on that role, and the role's trust policy has to "
            "name them: `aws iam get-role --role-name NAME` shows it.");
}

static void say_rights(const struct refusal_facts *f, struct str *out)
{
    const struct aws_session *s = f->session;

    if (text_starts(f->op->name, "AssumeRole")) {
        say_role(f, out);
        return;
    }

    if (strcasestr(f->message, "explicit deny"))
        str_append(
            out,
            "An explicit deny stands above all that is allowed: whoever wrote that policy (the "
            "organisation's, a boundary, the user's own) has to lift it.");
    else
        str_appendf(
            out,
            "They lack a right that %s:%s needs%s%s: `defangctl cd policy` prints the least policy "
            "of this project.",
            f->op->service->id,
            f->op->name,
            s->have_identity ? ", as " : "",
            s->have_identity ? s->identity.arn : "");
    if (strcasestr(f->message, "Encoded authorization failure message"))
        str_append(
            out,
            " `aws sts decode-authorization-message --encoded-message TEXT` explains the text.");
}

static void say_region(const struct refusal_facts *f, struct str *out)
{
    const char *region = f->session->settings.region;

    str_append(out, "The account has not enabled ");
    if (region)
        str_appendf(
            out,
            "region %s, or %s in it: `aws account enable-region --region-name %s` does (it takes "
            "some minutes); or choose another region with --region or AWS_REGION.",
            region,
            f->op->service->service_id,
            region);
    else
        str_appendf(
            out,
            "%s in this region: choose another with --region or AWS_REGION.",
            f->op->service->service_id);
}

void refusal_explain(const struct refusal_facts *f, struct error *err)
{
    enum refusal refusal = refusal_of(f->code);
    bool far = llabs(f->skew_ms) >= SKEW_SAID_MS;
    bool of_time = refusal == REFUSAL_SIGNATURE || text_eq(f->code, "RequestExpired") ||
                   text_eq(f->code, "AuthFailure");
    cleanup_str struct str out = STR_INIT;

    if (refusal == REFUSAL_NONE || !f->credentials)
        return;

    if (far && of_time)
        refusal = REFUSAL_CLOCK;
    if (strcasestr(f->message, "Signature expired") ||
        strcasestr(f->message, "Signature not yet current"))
        refusal = REFUSAL_CLOCK;

    say_whose(f->credentials, &out);
    switch (refusal) {
    case REFUSAL_NONE:
        break;
    case REFUSAL_EXPIRED:
        str_append(&out, "They have expired. ");
        say_renew(f, &out);
        break;
    case REFUSAL_UNKNOWN:
        say_unknown(f, &out);
        break;
    case REFUSAL_SIGNATURE:
        say_signature(f, &out);
        break;
    case REFUSAL_UNSIGNED:
        str_append(&out, "They did not arrive: a proxy or the endpoint takes them off requests.");
        break;
    case REFUSAL_CLOCK:
        say_clock(f, &out);
        break;
    case REFUSAL_RIGHTS:
        say_rights(f, &out);
        break;
    case REFUSAL_REGION:
        say_region(f, &out);
        break;
    }
    error_hint(err, "%s", str_get(&out));
}
