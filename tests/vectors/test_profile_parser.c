/* The cross-SDK profile cases with the answers of the AWS CLI 2.36.7 where it differs: the CLI is
 * what we follow. */
#include "aws/settings/profiles.h"
#include "base/mem.h"
#include "base/str.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <string.h>

static json_t *section_json(const struct aws_profiles *p, const struct aws_profile *profile)
{
    const struct ini_section *sections[] = {profile->config, profile->credentials};
    json_t *out = json_object();

    (void)p;
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) /* the credentials file lies on top */
        for (const struct ini_entry *e = sections[i] ? sections[i]->entries : NULL; e; e = e->next)
            json_object_set_new(out, e->key, json_string(e->value));
    return out;
}

static json_t *profiles_json(const struct aws_profiles *p)
{
    json_t *out = json_object();

    for (size_t i = 0; i < aws_profiles_count(p); i++)
        json_object_set_new(
            out, aws_profiles_at(p, i)->name, section_json(p, aws_profiles_at(p, i)));
    return out;
}

/* Values with lines below the key: the CLI turns them into a map, the cases write "\nname = value".
 * Both become the lines without blanks. */
static char *flat(const json_t *v)
{
    struct str out = STR_INIT;
    const char *key;
    json_t *item;

    if (json_is_object(v)) {
        json_object_foreach((json_t *)v, key, item)
            str_appendf(&out, "%s=%s;", key, json_string_value(item));
        return str_take(&out);
    }
    const char *text = json_string_value(v);
    if (!text || *text != '\n') {
        str_append(&out, text ? text : "");
        return str_take(&out);
    }
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n"), eq = strcspn(p, "=");
        cleanup_free char *left = xstrndup(p, eq < n ? eq : n),
                          *right = xstrndup(p + (eq < n ? eq + 1 : n), eq < n ? n - eq - 1 : 0);
        cleanup_free char *k = text_trim(left), *val = text_trim(right);

        if (*k || eq < n)
            str_appendf(&out, "%s=%s;", k, val);
        p += n + (p[n] == '\n');
    }
    return str_take(&out);
}

static bool same_profiles(const json_t *expected, const json_t *actual)
{
    const char *name, *key;
    json_t *profile, *value;

    if (json_object_size(expected) != json_object_size(actual))
        return false;
    json_object_foreach((json_t *)expected, name, profile) {
        const json_t *other = json_object_get(actual, name);

        if (!other || json_object_size(profile) != json_object_size(other))
            return false;
        json_object_foreach(profile, key, value) {
            cleanup_free char *a = flat(value), *b = flat(json_object_get(other, key));
            if (strcmp(a, b) != 0)
                return false;
        }
    }
    return true;
}

/* NULL when the CLI does what the case says. */
static const json_t *cli_answer(const json_t *divergence, const json_t *test)
{
    json_t *d;
    size_t i;

    json_array_foreach(json_object_get(divergence, "differs"), i, d)
        if (text_eq(json_str(d, "name"), json_str(test, "name")) &&
            json_equal(json_object_get(d, "input"), json_object_get(test, "input")))
            return json_object_get(d, "cli");
    return NULL;
}

static void run_case(struct vectors *v, const json_t *test, const json_t *cli)
{
    const char *id = json_str_or(test, "name", "?");
    const json_t *output = json_object_get(test, "output");
    const json_t *expected =
        cli ? json_object_get(cli, "profiles") : json_at(output, "config.profiles");
    cleanup_error struct error err = ERROR_INIT;
    struct aws_profiles *p = NULL;
    int rc = aws_profiles_parse(
        "config",
        json_str(test, "input.configFile"),
        "credentials",
        json_str(test, "input.credentialsFile"),
        &p,
        &err);

    if (!expected) {
        if (rc < 0 && err.line > 0)
            vectors_pass(v);
        else
            vectors_fail(
                v,
                id,
                rc < 0 ? "the error names no line: %s" : "no error",
                rc < 0 ? err.message : "");
    } else if (rc < 0) {
        vectors_fail(v, id, "%s", err.message);
    } else {
        cleanup_json json_t *actual = profiles_json(p);
        if (same_profiles(expected, actual)) {
            vectors_pass(v);
        } else {
            cleanup_free char *e = json_print(expected, false, true),
                              *a = json_print(actual, false, true);
            vectors_equal(v, id, "profiles", e, a);
        }
    }
    if (rc == 0)
        aws_profiles_free(p);
}

int main(void)
{
    struct vectors v = {.name = "profile parser"};
    cleanup_json json_t *file = vectors_json("profile-parser/profile-parser-tests.json");
    cleanup_json json_t *divergence = vectors_json("profile-parser/cli-2.36.7-divergence.json");
    json_t *test;
    size_t i;

    json_array_foreach(json_object_get(file, "tests"), i, test) {
        const char *reason = exception_reason(json_str_or(test, "name", "?"));

        if (reason)
            vectors_not_applicable(&v, json_str_or(test, "name", "?"), reason);
        else
            run_case(&v, test, cli_answer(divergence, test));
    }
    return vectors_end(&v);
}
