/* The account's CD stack as it stands: what the others read of it. account/bootstrap.c makes it,
 * account/teardown.c takes it away. */
#pragma once

#include "engine/context.h"

#define CD_NAME_SETTING "--cd-name (DEFANG_CD_NAME)" /* chooses another name, says the hint */

/* Its outputs; each NULL where an older revision has none. */
struct flow_cd {
    char *bucket, *cluster, *log_group, *ecr_public_prefix, *subnet, *security_group,
        *task_definition;
    int revision;      /* of the template; 0 when not known */
    unsigned changed;  /* resources, by flow_cd_ensure() */
    int64_t making_ms; /* since when it is being made for the first time; 0: it is not */
};

void flow_cd_done(struct flow_cd *cd);
void flow_cd_fill(struct flow_cd *out, const json_t *outputs);

/* Looks, changes nothing. *exists: it can be used, and has a bucket; one that is being made has
 * not. ERR_REFUSED when it is not ours. */
int flow_cd_describe(
    struct engine_context *c, struct flow_cd *out, bool *exists, struct error *err);
