/* What an `up` says of the project's public names: before, what the account's zones lack, so that
 * it can be mended while the rest is made; after, where records that people make themselves must
 * point. */
#include "daemon/jobs/domains.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/context.h"

void domains_say(struct job *j, const struct plan_request *r)
{
    struct compose_diagnostics d = {0};

    plan_domain_notes(r->project, r->settings, r->facts, r->previous, &d);
    for (size_t i = 0; i < d.len; i++)
        engine_note(&j->context, ENGINE_SAY_WARNING, d.items[i].hint, "%s", d.items[i].message);
    compose_diagnostics_done(&d);
}

void domains_point(struct job *j, const struct plan_request *r, const json_t *outputs)
{
    const char *http = json_str(outputs, "LoadBalancerDns");
    const char *network = json_str(outputs, "NetworkLoadBalancerDns");
    const char *const *names;
    size_t count;

    plan_domain_names(j->arena, r->project, r->settings, &names, &count);

    for (size_t i = 0; r->facts->zones_known && i < count; i++) {
        bool wire = plan_domain_is_network(r->project, r->settings, names[i]);
        const char *target = wire ? network : http;

        if (target && !plan_domain_zone(r->project, r->facts, names[i]))
            engine_note(
                &j->context,
                ENGINE_SAY_NOTE,
                NULL,
                "%s needs a CNAME record that points at %s",
                names[i],
                target);
    }
}
