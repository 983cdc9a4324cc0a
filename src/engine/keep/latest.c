#include "engine/keep/latest.h"

#include "base/str.h"
#include "engine/keep/keep.h"
#include "plan/store/store.h"

static const char *type_of(const struct compose_service *s)
{
    if (text_eq(s->postgres.from_snapshot, PLAN_SNAPSHOT_LATEST))
        return "AWS::RDS::DBInstance";
    if (text_eq(s->redis.from_snapshot, PLAN_SNAPSHOT_LATEST))
        return "AWS::ElastiCache::ReplicationGroup";
    if (text_eq(s->mongodb.from_snapshot, PLAN_SNAPSHOT_LATEST))
        return "AWS::DocDB::DBCluster";
    return NULL;
}

int keep_facts(
    struct engine_context *c,
    struct arena *arena,
    const struct compose_project *p,
    struct plan_facts *facts,
    struct error *err)
{
    struct plan_snapshot *list = arena_array(arena, struct plan_snapshot, p->service_count + 1);
    int rc = 0;

    facts->snapshots = list;
    facts->snapshot_count = 0;
    for (size_t i = 0; rc == 0 && i < p->service_count; i++) {
        const char *service = p->services[i].name;
        const char *type = type_of(&p->services[i]);
        const char *name = NULL;

        if (type)
            rc = keep_newest(c, arena, type, service, &name, err);
        if (rc == 0 && name)
            list[facts->snapshot_count++] = (struct plan_snapshot){service, name};
        else if (rc == 0 && type)
            engine_note(
                c,
                ENGINE_SAY_NOTE,
                NULL,
                "service %s: from-snapshot: latest, and there is no snapshot of it: a new store "
                "begins empty",
                service);
    }

    return rc < 0 ? error_wrap(err, "looking for the latest snapshots") : 0;
}
