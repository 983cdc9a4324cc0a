#include "engine/cloudformation/cloudformation.h"

#include "engine/cloudformation/apply.h"
#include "engine/cloudformation/cancel.h"
#include "engine/cloudformation/destroy.h"
#include "engine/cloudformation/drift.h"
#include "engine/cloudformation/mend.h"
#include "engine/cloudformation/release.h"
#include "engine/cloudformation/state.h"
#include "engine/cloudformation/upkeep.h"

const struct engine engine_cloudformation = {
    .name = "cloudformation",
    .rolls_back = true,
    .deployed = cloudformation_deployed,
    .mend = cloudformation_mend,
    .apply = cloudformation_apply,
    .destroy = cloudformation_destroy,
    .cancel = cloudformation_cancel,
    .outputs = cloudformation_outputs,
    .resources = cloudformation_resources,
    .gone = cloudformation_gone,
    .refresh = cloudformation_refresh,
    .release = cloudformation_release,
};
