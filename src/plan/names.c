/* Names as shared/reference/defang.md 3.8, 4.5, 6.9 and 7 give them.
 *
 * A name is a contract with what is deployed: the same project has the same one for ever, and two
 * projects never the same. So what does not fit a service's characters or length is cut and carries
 * a hash of the whole, and the default prefix and stack are left out where the reference leaves
 * them out. */
#include "plan/names.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

char *plan_hash_hex(const char *text, unsigned digits)
{
    uint8_t sum[SHA256_BYTES];

    digest_sha256(text, strlen(text), sum);
    char *hex = digest_hex(sum, sizeof sum);
    hex[digits] = '\0';
    return hex;
}

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

static char fit_char(char c, unsigned flags)
{
    if (isalnum((unsigned char)c))
        return (flags & PLAN_NAME_LOWER) ? (char)tolower((unsigned char)c) : c;
    if ((c == '_' && (flags & PLAN_NAME_UNDERSCORE)) || (c == '.' && (flags & PLAN_NAME_DOT)))
        return c;
    return '-';
}

char *plan_name_fit(const char *name, unsigned flags, size_t max, unsigned hex)
{
    cleanup_str struct str out = STR_INIT;

    for (const char *p = name; *p; p++) {
        char c = fit_char(*p, flags);
        if (is_separator(c) &&
            (!out.len || ((flags & PLAN_NAME_SINGLE) && is_separator(out.data[out.len - 1]))))
            continue;
        str_append_char(&out, c);
    }
    while (out.len && is_separator(out.data[out.len - 1]))
        str_truncate(&out, out.len - 1);
    if (strcmp(str_get(&out), name) != 0 || out.len > max) {
        size_t keep = hex ? max - hex - 1 : max;
        if (out.len > keep)
            str_truncate(&out, keep);
        while (out.len && is_separator(out.data[out.len - 1]))
            str_truncate(&out, out.len - 1);
        if (hex) {
            cleanup_free char *sum = plan_hash_hex(name, hex);
            str_appendf(&out, "%s%s", out.len ? "-" : "", sum);
        }
    }
    return str_take(&out);
}

char *plan_safe_label(const char *name)
{
    char *s = text_lower(name);

    for (char *p = s; *p; p++)
        if (*p == '.')
            *p = '-';
    return s;
}

char *plan_service_label(const char *name)
{
    char *s = plan_safe_label(name);

    for (char *p = s; *p; p++)
        if (*p == '_')
            *p = '-';
    return s;
}

static bool default_stack(const struct plan_settings *s)
{
    return strcmp(s->stack, "beta") == 0;
}

char *plan_private_domain(const struct plan_settings *s, const char *project)
{
    cleanup_free char *full =
        default_stack(s) ? xstrdup(project) : xasprintf("%s-%s", project, s->stack);
    cleanup_free char *label = plan_safe_label(full);

    return xasprintf("%s.internal", label);
}

char *plan_global_label(const struct plan_settings *s, const char *project)
{
    cleanup_free char *prefix = text_lower(s->prefix);
    bool usual = strcmp(prefix, "defang") == 0;

    return xasprintf(
        "%s%s%s%s%s",
        usual ? "" : prefix,
        usual || !*prefix ? "" : "-",
        project,
        default_stack(s) ? "" : "-",
        default_stack(s) ? "" : s->stack);
}

char *plan_scope(const struct plan_settings *s, const char *project)
{
    return xasprintf("%s%s%s-%s", s->prefix, *s->prefix ? "-" : "", project, s->stack);
}

char *plan_stack_name(const struct plan_settings *s, const char *project)
{
    cleanup_free char *scope = plan_scope(s, project);

    if (isalpha((unsigned char)*scope))
        return plan_name_fit(scope, 0, 128, 6);
    cleanup_free char *led = xasprintf("p-%s", scope); /* CloudFormation wants a letter first */
    return plan_name_fit(led, 0, 128, 6);
}

char *plan_config_path(const struct plan_settings *s, const char *project)
{
    return xasprintf("/%s%s%s/%s/", s->prefix, *s->prefix ? "/" : "", project, s->stack);
}

char *plan_log_group(const struct plan_settings *s, const char *project, const char *which)
{
    cleanup_free char *path = plan_config_path(s, project);
    return xasprintf("%s%s", path, which);
}

char *plan_history_key(const char *project, const char *stack, const char *deployment)
{
    return xasprintf("history/%s/%s/%s/failure.json", project, stack, deployment);
}

char *
plan_release_key(const char *project, const char *stack, unsigned number, const char *deployment)
{
    if (!number)
        return xasprintf("history/%s/%s/index.json", project, stack);
    return xasprintf("history/%s/%s/%06u-%s.json.gz", project, stack, number, deployment);
}

char *plan_task_family(const struct plan_settings *s, const char *project, const char *what)
{
    cleanup_free char *scope = plan_scope(s, project);
    cleanup_free char *full = xasprintf("%s-%s", scope, what);
    return plan_name_fit(full, PLAN_NAME_UNDERSCORE, 255, 7);
}

char *plan_service_name(const struct plan_settings *s, const char *project, const char *service)
{
    cleanup_free char *scope = plan_scope(s, project);
    cleanup_free char *whole = xasprintf("%s/%s", scope, service);
    cleanup_free char *sum = plan_hash_hex(whole, 7);
    cleanup_free char *pair = xasprintf("%s_%s", project, service);
    cleanup_free char *name = plan_name_fit(pair, PLAN_NAME_UNDERSCORE, 240, 0);

    return xasprintf("%s-%s", name, sum);
}

char *plan_container_name(const char *service, const char *deployment)
{
    cleanup_free char *name = plan_name_fit(service, PLAN_NAME_UNDERSCORE, 240, 0);
    return xasprintf("%s_%s", name, deployment);
}

char *plan_repository(const struct plan_settings *s, const char *project)
{
    cleanup_free char *label = plan_global_label(s, project);
    cleanup_free char *name = plan_name_fit(
        label, PLAN_NAME_LOWER | PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT | PLAN_NAME_SINGLE, 200, 6);

    return xasprintf("%s/kaniko-build", name);
}

char *plan_image_prefix(const char *service)
{
    cleanup_free char *label =
        plan_name_fit(service, PLAN_NAME_LOWER | PLAN_NAME_UNDERSCORE | PLAN_NAME_DOT, 90, 6);
    return xasprintf("%s-image-", label);
}

/* Names that are letters and digits in lower case map one to one; all others carry four digits of
 * their hash, because "a-b", "a.b" and "aB" would meet. */
char *plan_logical_id(struct arena *a, const char *service)
{
    cleanup_str struct str out = STR_INIT;
    bool upper = true, plain = islower((unsigned char)*service) != 0;

    for (const char *p = service; *p; p++) {
        if (!isalnum((unsigned char)*p)) {
            upper = true;
            plain = false;
            continue;
        }
        plain = plain && !isupper((unsigned char)*p);
        str_append_char(&out, upper ? (char)toupper((unsigned char)*p) : *p);
        upper = false;
    }
    if (plain)
        return arena_strdup(a, str_get(&out));
    cleanup_free char *sum = plan_hash_hex(service, 4);
    return arena_printf(a, "%s%s", str_get(&out), sum);
}

bool plan_config_name_valid(const char *name)
{
    size_t n = strlen(name);

    if (n < 1 || n > 64 || isdigit((unsigned char)*name))
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return true;
}

bool plan_ssm_reserved(const char *first)
{
    return strncasecmp(first, "aws", 3) == 0 || strncasecmp(first, "ssm", 3) == 0;
}

bool plan_config_name_reserved(const char *name)
{
    static const char *const reserved[] = {
        "COMPOSE_PROJECT_NAME", "DEFANG_PROVIDER", "DEFANG_STACK"};

    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}
