/* Port 443 without a certificate: a nameless port that the file publishes there cannot be served as
 * HTTPS, and plain HTTP at 443 would help nobody. It loses that number; and where it had no other,
 * it is for the project's own services alone (check/ports.c says what is needed).
 *
 * What has a name is told apart by it on the listeners 80 and 443, whatever number it is published
 * at, so nothing is asked here. It needs the settings, because the project's domain may come from
 * the environment; so the view, which is made from the model alone, cannot know it. */
#include "base/str.h"
#include "plan/ingress/ingress.h"
#include "plan/view/view.h"

static bool is_443(const struct plan_publish *p)
{
    return p->from == 443 && p->to == 443;
}

static void drop_443(struct plan_port *port)
{
    size_t kept = 0;

    for (size_t i = 0; i < port->published_count; i++)
        if (is_443(&port->published[i]))
            port->why = PLAN_PRIVATE_NO_TLS;
        else
            port->published[kept++] = port->published[i];
    port->published_count = kept;

    if (port->why != PLAN_PRIVATE_NO_TLS || kept)
        return;
    port->ingress = false;
    port->app_protocol = NULL;
}

void plan_doors(struct arena *a, const struct plan_settings *s, struct plan_view *v)
{
    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; k < v->services[i].port_count; k++) {
            struct plan_port *port = &v->services[i].ports[k];
            bool certificate =
                v->adopt.certificate.value != NULL && !text_eq(port->listener, "http");
            struct plan_hosts names;

            if (!port->ingress || certificate || plan_port_needs_tls(port))
                continue;
            plan_hosts(a, v, s, &v->services[i], port, &names);
            if (!names.count)
                drop_443(port);
        }
    plan_view_recount(v);
}
