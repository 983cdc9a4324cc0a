/* Before a job: who asks, for which region, with which engine. All of it is known before anything
 * is promised: a deployment that gets an id has an account that answered, and its row says
 * which. */
#include "daemon/verbs/admit.h"

#include "daemon/engine_choice.h"

#include "aws/settings/region.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>

void admitted_done(struct admitted *a)
{
    aws_identity_done(&a->identity);
    free(a->id);
    free(a->engine);
    free(a->principal);
}

/* The row borrows from the call and from `a`: job_start() copies it before either goes. */
int admit_job(struct verb_call *v, const char *kind, struct admitted *a, struct error *err)
{
    const char *region = aws_session_region(v->session->aws);
    if (text_empty(region)) {
        return aws_region_missing(aws_session_profile(v->session->aws), err);
    }

    int rc = aws_session_identity(v->session->aws, &a->identity, err);
    struct aws_credentials credentials = {0};

    if (rc == 0)
        rc = aws_session_credentials(v->session->aws, &credentials, err);
    a->env_credentials = credentials.from_environment;
    aws_credentials_done(&credentials);
    if (rc < 0)
        return rc;

    a->id = job_id_new();
    a->principal = aws_principal_of(a->identity.arn);
    a->engine = a->engine ? a->engine : xstrdup(ENGINE_DEFAULT);
    a->row = (struct store_deployment){
        .id = a->id,
        .kind = (char *)kind,
        .project = (char *)v->project.name,
        .stack = (char *)v->project.settings.stack,
        .account = a->identity.account,
        .principal = a->principal,
        .region = (char *)region,
        .engine = a->engine,
        .profile = (char *)aws_session_profile(v->session->aws),
        .created_ms = clock_wall_ms(),
    };

    return 0;
}

int admit_engine(struct verb_call *v, const char *wanted, struct admitted *a, struct error *err)
{
    int rc = v->engine ? 0 : engine_choose(v, wanted, err);
    if (rc < 0)
        return rc;

    free(a->engine);
    a->engine = xstrdup(v->engine->name);
    a->row.engine = a->engine;

    return engine_remember(v->daemon, &a->row, v->engine->name, err);
}
