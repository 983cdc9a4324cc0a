#include "plan/passwords.h"

#include "base/str.h"
#include "data/object.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE "{{resolve:ssm-secure:"

bool plan_password_reference(const char *text, struct plan_password *out)
{
    *out = (struct plan_password){0};
    if (!text_starts(text, REFERENCE))
        return false;

    const char *path = text + strlen(REFERENCE);
    size_t n = strcspn(path, ":}");
    bool has_version = path[n] == ':';
    if (*path != '/' || n >= sizeof out->parameter || !has_version)
        return false;

    memcpy(out->parameter, path, n);
    out->version = strtoll(path + n + 1, NULL, 10);
    return out->version > 0;
}

bool plan_password_deployed(const json_t *template, const char *id, struct plan_password *out)
{
    const json_t *database = json_object_get(json_object_get(template, "Resources"), id);
    const json_t *marks = json_at(template, "Metadata.Defang.passwords");

    if (!plan_password_reference(json_str(database, "Properties.MasterUserPassword"), out))
        return false;
    out->mark = json_int_or(marks, id, 0);
    return true;
}

/* A smaller version can only come from a parameter that was made anew. */
bool plan_password_is_new(const struct plan_password *deployed, long long version, long long mark)
{
    if (version != deployed->version)
        return version < deployed->version;
    return deployed->mark && mark != deployed->mark;
}
