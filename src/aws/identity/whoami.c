/* Who STS says the caller is, and whose a session is.
 *
 * The identity is asked once, then kept with the session, until its credentials are replaced.
 *
 * A session may belong to somebody: that of a deployment, which may take hours and a restart.
 *
 * Meanwhile a profile may come to mean another account (saml2aws and its like rewrite profiles
 * every day), a credential_process may answer for somebody else, a variable may be gone. Such
 * credentials must not go on with what others began. So whatever is resolved anew is asked who it
 * is, with the one call that needs no right and changes nothing, before a single other call is
 * signed with it.
 *
 * Of an assumed role the role counts and not the session, whose name is made anew each time
 * (botocore-session-1767225600). The names of federated users come from who made them, with rights
 * of their own: there the whole ARN counts. A role that was deleted and made again under its name
 * is the same principal: who made it decides what it may do. */
#include "aws/identity/credentials.h"
#include "aws/model/operations.h"
#include "base/mem.h"
#include <errno.h>
#include <string.h>

static void identity_copy(struct aws_identity *to, const struct aws_identity *from)
{
    *to = (struct aws_identity){
        xstrdup_null(from->account),
        xstrdup_null(from->arn),
        xstrdup_null(from->user_id),
        xstrdup_null(from->partition)};
}

/* "arn:PARTITION:…" */
static char *arn_partition(const char *arn)
{
    const char *start = text_starts(arn, "arn:") ? arn + 4 : NULL;

    return start ? xstrndup(start, strcspn(start, ":")) : xstrdup("aws");
}

int aws_session_identity(struct aws_session *s, struct aws_identity *out, struct error *err)
{
    cleanup_json json_t *reply = NULL;

    if (!s->have_identity) {
        int rc = aws_call(s, &aws_sts_GetCallerIdentity, NULL, &reply, err);
        if (rc < 0)
            return rc;
        const char *arn = json_str_or(reply, "Arn", "");
        struct aws_identity i = {
            xstrdup(json_str_or(reply, "Account", "")),
            xstrdup(arn),
            xstrdup(json_str_or(reply, "UserId", "")),
            arn_partition(arn)};
        if (!*i.account || !*arn) {
            aws_identity_done(&i);
            return error_raise(
                err, ERR_CLOUD, "sts:GetCallerIdentity answered without account and ARN");
        }
        aws_identity_done(&s->identity);
        s->identity = i;
        s->have_identity = true;
    }

    identity_copy(out, &s->identity);
    return 0;
}

/* ---- whose it is ---- */

/* "arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION" */
char *aws_principal_of(const char *arn)
{
    static const char kind[] = ":assumed-role/";
    const char *at = strstr(arn, kind);
    if (!at)
        return xstrdup(arn);

    const char *role = at + strlen(kind);
    return xstrndup(arn, (size_t)(role - arn) + strcspn(role, "/"));
}

void aws_session_bind(struct aws_session *s, const char *account, const char *principal)
{
    free(s->bound_account);
    free(s->bound_principal);
    s->bound_account = text_empty(account) ? NULL : xstrdup(account);
    s->bound_principal = text_empty(principal) ? NULL : xstrdup(principal);
}

static int another(
    const struct aws_session *s,
    const struct aws_credentials *fresh,
    const char *account,
    const char *arn,
    struct error *err)
{
    bool same_account = strcmp(account, s->bound_account) == 0;
    const char *owner = s->bound_principal ? s->bound_principal : s->bound_account;

    if (same_account)
        error_raise_errno(
            err,
            ERR_AUTH,
            EPERM,
            "%s is %s now, and this belongs to %s",
            fresh->source,
            arn,
            owner);
    else
        error_raise_errno(
            err,
            ERR_AUTH,
            EPERM,
            "%s is account %s (%s) now, and this belongs to account %s (%s)",
            fresh->source,
            account,
            arn,
            s->bound_account,
            owner);
    return -EPERM;
}

int credentials_check_bound(
    struct aws_session *s, const struct aws_credentials *fresh, struct error *err)
{
    struct aws_call_options o = {.credentials = fresh};
    cleanup_json json_t *reply = NULL;

    if (!s->bound_account)
        return 0;

    int rc = session_call(s, &o, &aws_sts_GetCallerIdentity, NULL, &reply, err);
    if (rc < 0)
        return error_wrap(err, "asking whose the credentials are (%s)", fresh->source);

    const char *account = json_str_or(reply, "Account", ""), *arn = json_str_or(reply, "Arn", "");
    cleanup_free char *principal = aws_principal_of(arn);
    bool same = strcmp(account, s->bound_account) == 0 &&
                (!s->bound_principal || strcmp(principal, s->bound_principal) == 0);

    return same ? 0 : another(s, fresh, account, arn, err);
}
