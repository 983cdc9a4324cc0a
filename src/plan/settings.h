/* Settings one by one, over the presets of a mode. */
#pragma once

#include "plan/plan.h"

int plan_settings_table(
    struct arena *a,
    const struct compose_project *p,
    const struct env *env,
    struct plan_settings *out,
    struct error *err);
