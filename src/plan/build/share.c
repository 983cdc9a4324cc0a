/* Which builds are the same: context, Dockerfile, arguments, labels, platform, all of it. Such
 * services run one image, built once, under a tag for each of them. */
#include "base/mem.h"
#include "plan/build.h"
#include <string.h>

void plan_builds_share(struct plan_build *builds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        builds[i].same_as = NULL;
        for (size_t k = 0; k < i && builds[i].content && !builds[i].same_as; k++)
            if (builds[k].content && strcmp(builds[k].content, builds[i].content) == 0)
                builds[i].same_as = &builds[k];
    }
}
