/* Who STS says the caller is: asked once, then kept with the session, until its credentials are
 * replaced. */
#include "aws/model/operations.h"
#include "aws/session.h"
#include "base/mem.h"
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
