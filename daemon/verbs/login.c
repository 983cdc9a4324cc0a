/* login: the device flow of SSO (AWS SSO OIDC). The first item carries the address and the code,
 * which the client shows; then AWS is polled until the login is confirmed or the code runs out, and
 * the second item says so. Jobs that waited for credentials of that account go on at once. */
#include "daemon/jobs/job.h"
#include "daemon/verb.h"

#include "aws/identity/sso_login.h"
#include "base/mem.h"
#include "base/str.h"

static char *borrow(char *s)
{
    return s ? s : (char *)"";
}

/* The address and the code go out once, with the first item. */
static int send_item(struct verb_call *v, const struct sso_login *l, bool done)
{
    Defang__LoginEvent item = DEFANG__LOGIN_EVENT__INIT;

    item.profile = borrow(l->profile);
    item.session = borrow(l->session ? l->session : l->start_url);
    item.done = done;
    item.expires_ms = l->expires_ms;

    if (!done) {
        item.url = borrow(l->url);
        item.url_complete = borrow(l->url_complete);
        item.user_code = borrow(l->user_code);
    }

    return verb_item(v, &item.base);
}

static int verb_login(struct verb_call *v, const ProtobufCMessage *request, struct error *err)
{
    const Defang__LoginRequest *r = (const Defang__LoginRequest *)request;
    struct sso_login login = {0};
    int rc = session_get(v->daemon, r->caller, &v->session, err);
    if (rc == 0)
        rc = sso_login_settings(v->session->aws, &login, err);
    if (rc == 0)
        rc = sso_login_start(v->session->aws, &login, err);
    if (rc == 0)
        rc = send_item(v, &login, false);
    if (rc == 0)
        rc = sso_login_wait(v->session->aws, &login, err);
    if (rc == 0)
        rc = send_item(v, &login, true);
    sso_login_done(&login);

    if (rc == 0) {
        job_offer_credentials(v->daemon, v->session); /* what waited for a login goes on */
        server_end(v->call);
    }

    return rc;
}

void verbs_login_register(struct daemon *d)
{
    verb_handle(d, RPC_LOGIN, verb_login);
}
