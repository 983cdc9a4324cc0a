#include "plan/internal.h"
int plan_check(const struct compose_project *p, const struct plan_settings *s, struct compose_diagnostics *d, struct error *err)
{
    return 0;
}
