/* The listeners of the load balancer (defang.md 7.5), one for each port that routes.c chose.
 *
 * What no rule takes gets the default action: on port 80 a redirect as soon as there is a listener
 * for HTTPS, elsewhere a page that says that nothing is here. All HTTPS listeners begin with one
 * certificate; certificates.c adds the others to port 443.
 *
 * The rest of the room names a listener by plan_listener_id() and sends plain requests on with
 * plan_redirect(); nothing here calls back. */
#include "plan/common/context.h"
#include "plan/ingress/ingress.h"

#define NOT_FOUND_PAGE                                                                             \
    "<!DOCTYPE html><html><head><title>Not found</title></head><body><h1>Nothing here</h1><p>No "  \
    "service of this project answers to this "                                                     \
    "address, or its deployment is not finished.</p></body></html>"

const char *plan_listener_id(const struct plan_ctx *c, unsigned port)
{
    return arena_printf(c->a, "Listener%u", port);
}

static json_t *not_found(void)
{
    json_t *answer = object(
        key("StatusCode", "404"),
        key("ContentType", "text/html"),
        key("MessageBody", NOT_FOUND_PAGE));

    return object(key("Type", "fixed-response"), key("FixedResponseConfig", answer));
}

json_t *plan_redirect(const struct plan_ctx *c)
{
    json_t *to = object(
        key("Protocol", "HTTPS"), key("Port", "443"), key("StatusCode", c->s->redirect_code));

    return object(key("Type", "redirect"), key("RedirectConfig", to));
}

static void add_listener(struct plan_ctx *c, unsigned port, const json_t *certificate)
{
    bool tls = plan_listener_tls(c, port);
    bool sends_on = port == 80 && plan_listener_tls(c, 443);
    const char *protocol = tls ? "HTTPS" : "HTTP";
    const char *policy = tls ? PLAN_TLS_POLICY : NULL;
    json_t *action = sends_on ? plan_redirect(c) : not_found();
    json_t *certificates = NULL;

    if (tls)
        certificates = array(object(key("CertificateArn", json_deep_copy(certificate))));

    json_t *listener = object(
        key("LoadBalancerArn", graph_ref("LoadBalancer")),
        key("Port", port),
        key("Protocol", protocol),
        key("DefaultActions", array(action)),
        key("SslPolicy", policy),
        key("Certificates", certificates));
    graph_add(
        c->g,
        "ingress",
        plan_listener_id(c, port),
        "AWS::ElasticLoadBalancingV2::Listener",
        listener);
}

void plan_listeners(struct plan_ctx *c, const json_t *certificate)
{
    for (size_t i = 0; i < c->listener_count; i++)
        add_listener(c, c->listeners[i], certificate);
}
