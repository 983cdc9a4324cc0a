/* What a store takes as a password and as a name, and which password a deployed template refers to
 * (passwords.h says why that is asked).
 *
 * A reference is read as text: path and version of the parameter. Whether the value behind it was
 * set anew is told by the version where that grew, and by the mark where it did not. */
#include "plan/passwords.h"

#include "base/str.h"
#include "data/object.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE "{{resolve:ssm-secure:"

bool plan_password_suits(const char *password)
{
    size_t n = strlen(password);
    if (n < 8 || n > 128)
        return false;

    for (const char *p = password; *p; p++)
        if (*p <= ' ' || *p > '~' || strchr("/\"@", *p))
            return false;
    return true;
}

bool plan_store_name_suits(const char *name, bool document)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t n = strlen(name);
    bool reserved = text_eq(name, "admin") || (!document && text_eq(name, "rdsadmin"));

    if (n < 1 || n > 63 || reserved || (document && strchr(name, '_')))
        return false;
    return strspn(name, letters) == n && !strchr("0123456789_", name[0]);
}

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
