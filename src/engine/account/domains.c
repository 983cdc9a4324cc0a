/* Public hosted zones of the account, and what stands in them where the project wants its own
 * names. Read only when the project has names: who has none needs no right on Route 53.
 *
 * The longest zone that a name lies in is its zone (plan_domain_zone decides). Route 53 writes
 * names with a dot at the end and a star as an octal escape; here they are as people write them. */
#include "engine/account/domains.h"

#include "aws/model/operations.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"
#include "engine/call.h"

#include <string.h>

/* "Example.COM." → "example.com", "\052.example.com." → "*.example.com" */
static const char *plain_name(struct arena *arena, const char *name)
{
    bool wild = text_starts(name, "\\052.");
    cleanup_free char *low = text_lower(wild ? name + strlen("\\052") : name);
    size_t n = strlen(low);

    if (n && low[n - 1] == '.')
        low[n - 1] = '\0';
    return arena_printf(arena, "%s%s", wild ? "*" : "", low);
}

/* Private zones answer inside a VPC only: nobody's browser asks them. */
static int
read_zones(struct engine_context *c, struct arena *arena, struct plan_facts *f, struct error *err)
{
    cleanup_json json_t *items = NULL;

    int rc = engine_call_all(c, &aws_route53_ListHostedZones, json_object(), &items, err);
    if (rc < 0)
        return error_wrap(err, "looking for the hosted zones of the project's domain names");

    struct plan_zone *zones = arena_array(arena, struct plan_zone, json_array_size(items) + 1);
    size_t i;
    json_t *zone;

    json_array_foreach(items, i, zone) {
        const char *id = json_str_or(zone, "Id", ""), *slash = strrchr(id, '/');
        if (json_bool_or(zone, "Config.PrivateZone", false))
            continue;
        zones[f->public_zone_count++] = (struct plan_zone){
            plain_name(arena, json_str_or(zone, "Name", "")),
            arena_strdup(arena, slash ? slash + 1 : id)};
    }

    f->public_zones = zones;
    f->zones_known = true;
    return 0;
}

/* A name has at most one record set for each of a dozen types, and those of the name itself come
 * first. */
static int read_records(
    struct engine_context *c,
    struct arena *arena,
    const struct plan_zone *zone,
    const char *name,
    struct plan_record *out,
    size_t *count,
    struct error *err)
{
    cleanup_json json_t *reply = NULL;
    json_t *in = object(
        key("HostedZoneId", zone->id),
        key("StartRecordName", name),
        key("MaxItems", LIMIT_ENGINE_RECORDS_TEXT));

    int rc = engine_call(c, &aws_route53_ListResourceRecordSets, in, &reply, err);
    size_t i;
    json_t *record;

    json_array_foreach(json_at(reply, "ResourceRecordSets"), i, record) {
        if (i == LIMIT_ENGINE_RECORDS ||
            strcmp(plain_name(arena, json_str_or(record, "Name", "")), name) != 0)
            break;
        out[(*count)++] =
            (struct plan_record){name, arena_strdup(arena, json_str_or(record, "Type", ""))};
    }

    return rc < 0 ? error_wrap(err, "looking at the records of %s in zone %s", name, zone->id) : 0;
}

int flow_domains(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *f,
    struct error *err)
{
    const char *const *names;
    size_t count;
    plan_domain_names(arena, p, c->settings, &names, &count);
    if (!count)
        return 0;

    int rc = read_zones(c, arena, f, err);
    struct plan_record *records =
        arena_array(arena, struct plan_record, count * LIMIT_ENGINE_RECORDS + 1);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct plan_zone *zone = plan_domain_zone(p, f, names[i]);
        if (zone)
            rc = read_records(c, arena, zone, names[i], records, &f->record_count, err);
    }

    f->records = records;
    return rc;
}
