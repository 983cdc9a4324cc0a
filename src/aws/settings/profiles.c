/* ~/.aws/config and ~/.aws/credentials: which sections are profiles, and what overlays what.
 *
 * In the config file a profile's section is called "profile NAME" (NAME by shell rules, so it may
 * be quoted) or "default"; in the credentials file every section is a profile by its plain name.
 * Where both files have a key, the credentials file wins, key by key; a nested key ("s3") is
 * replaced as a whole. A section that comes twice under two spellings of one name counts the last
 * time and alone. A file that does not exist is empty, one that cannot be parsed is an error for
 * everybody: the CLI would stop as well. Rules and where they were measured: aws-access.md sections
 * 2 and 3.
 *
 * Values point into the arena; those whose key speaks of secrets or tokens are wiped at the end. */
#include "aws/settings/profiles.h"
#include "aws/settings/shell_words.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/vec.h"
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

struct named {
    const char *kind, *name;
    const struct ini_section *section;
};

struct aws_profiles {
    struct arena *arena;
    struct ini_file config, credentials;
    VEC(struct aws_profile) profiles;
    VEC(struct named) named;
};

static void append_variables(const struct env *env, const char *path, struct str *out)
{
    for (const char *p = path; *p;) {
        bool brace = p[0] == '$' && p[1] == '{';
        const char *start = p + (brace ? 2 : 1);
        size_t n = 0;

        if (*p != '$') {
            str_append_char(out, *p++);
            continue;
        }
        if (brace)
            n = strcspn(start, "}");
        else
            while (isalnum((unsigned char)start[n]) || start[n] == '_')
                n++;
        cleanup_free char *name = xstrndup(start, n);
        const char *value = n && (!brace || start[n]) ? env_get(env, name) : NULL;
        const char *end = brace && start[n] ? start + n + 1 : start + n;
        if (value)
            str_append(out, value);
        else
            str_append_bytes(out, p, (size_t)(end - p)); /* unknown: left as it stands */
        p = end;
    }
}

static const char *home_folder(const struct env *env)
{
    const char *home = env_get_nonempty(env, "HOME");
    const struct passwd *pw = home ? NULL : getpwuid(getuid());

    return home ? home : pw ? pw->pw_dir : "/";
}

char *aws_path_expand(const struct env *env, const char *path)
{
    struct str text = STR_INIT;
    const char *cwd = env_get_nonempty(env, "PWD");

    append_variables(env, path, &text);
    cleanup_free char *plain = str_take(&text);
    cleanup_free char *full = path_expand_home(plain, home_folder(env));

    return cwd ? path_join(cwd, full) : xstrdup(full);
}

char *aws_path_literal(const struct env *env, const char *path)
{
    const char *cwd = env_get_nonempty(env, "PWD");

    return cwd ? path_join(cwd, path) : xstrdup(path);
}

static struct aws_profile *profile_slot(struct aws_profiles *p, const char *name)
{
    for (size_t i = 0; i < p->profiles.len; i++)
        if (strcmp(p->profiles.items[i].name, name) == 0)
            return &p->profiles.items[i];

    vec_push(&p->profiles, (struct aws_profile){.name = arena_strdup(p->arena, name)});
    return vec_last(&p->profiles);
}

/* "[profile NAME]", "[sso-session NAME]", "[services NAME]": two words after shell rules, else the
 * section counts for nothing. */
static void
add_worded_section(struct aws_profiles *p, const char *kind, const struct ini_section *s)
{
    char **words;
    size_t n;

    if (shell_words_split(s->name, &words, &n, NULL) < 0)
        return;
    if (n == 2 && strcmp(kind, "profile") == 0)
        profile_slot(p, words[1])->config = s;
    else if (n == 2)
        vec_push(&p->named, (struct named){kind, arena_strdup(p->arena, words[1]), s});
    shell_words_free(words);
}

static void index_sections(struct aws_profiles *p)
{
    for (const struct ini_section *s = p->config.sections; s; s = s->next) {
        if (text_starts(s->name, "profile"))
            add_worded_section(p, "profile", s);
        else if (text_starts(s->name, "sso-session"))
            add_worded_section(p, "sso-session", s);
        else if (text_starts(s->name, "services"))
            add_worded_section(p, "services", s);
        else if (strcmp(s->name, "default") == 0)
            profile_slot(p, "default")->config =
                s; /* the later of [default] and [profile default] stands alone */
    }

    for (const struct ini_section *s = p->credentials.sections; s; s = s->next)
        profile_slot(p, s->name)->credentials = s;
}

/* The CLI reads the lines below a key when it loads the file: a bad one is fatal for every command.
 */
static int check_nested(struct aws_profiles *p, const struct ini_file *f, struct error *err)
{
    for (const struct ini_section *s = f->sections; s; s = s->next)
        for (const struct ini_entry *e = s->entries; e; e = e->next) {
            struct ini_entry *list;
            int rc = e->value[0] == '\n' ? ini_nested(p->arena, f, e, &list, err) : 0;

            if (rc < 0)
                return rc;
        }
    return 0;
}

static int parse_one(
    struct aws_profiles *p,
    const char *path,
    const char *text,
    size_t n,
    struct ini_file *out,
    struct error *err)
{
    out->path = arena_strdup(p->arena, path);
    if (!text)
        return 0;

    int rc = ini_parse(p->arena, out->path, text, n, out, err);
    if (rc == 0)
        rc = check_nested(p, out, err);
    if (rc < 0) {
        error_wrap(err, "unable to parse the AWS config file %s", path);
        error_hint(err, "The AWS CLI refuses this file as well; correct the line.");
    }

    return rc;
}

static int finish(struct aws_profiles *p, int rc, struct aws_profiles **out)
{
    if (rc < 0) {
        aws_profiles_free(p);
        return rc;
    }

    index_sections(p);
    *out = p;

    return 0;
}

int aws_profiles_parse(
    const char *config_path,
    const char *config,
    const char *credentials_path,
    const char *credentials,
    struct aws_profiles **out,
    struct error *err)
{
    struct aws_profiles *p = xcalloc(1, sizeof *p);
    int rc;

    p->arena = arena_new();
    rc = parse_one(p, config_path, config, config ? strlen(config) : 0, &p->config, err);
    if (rc == 0)
        rc = parse_one(
            p,
            credentials_path,
            credentials,
            credentials ? strlen(credentials) : 0,
            &p->credentials,
            err);
    return finish(p, rc, out);
}

static int load_one(
    struct aws_profiles *p,
    const struct env *env,
    const char *variable,
    const char *fallback,
    struct ini_file *out,
    struct error *err)
{
    const char *configured = env_get(env, variable);
    cleanup_free char *path = aws_path_expand(env, configured ? configured : fallback);
    struct str text = STR_INIT;
    struct error missing = ERROR_INIT;
    int rc = file_exists(path) && !file_is_dir(path)
                 ? file_read(path, LIMIT_INI_BYTES, &text, &missing)
                 : -ENOENT;

    if (rc == -ENOENT)
        rc = parse_one(p, path, NULL, 0, out, err);
    else if (rc < 0)
        rc = error_raise_errno(err, ERR_AUTH, rc, "cannot read %s: %s", path, strerror(-rc));
    else
        rc = parse_one(p, path, str_get(&text), text.len, out, err);
    error_done(&missing);
    str_wipe(&text);
    return rc;
}

int aws_profiles_load(const struct env *env, struct aws_profiles **out, struct error *err)
{
    struct aws_profiles *p = xcalloc(1, sizeof *p);
    int rc;

    p->arena = arena_new();
    rc = load_one(p, env, "AWS_CONFIG_FILE", "~/.aws/config", &p->config, err);
    if (rc == 0)
        rc = load_one(
            p, env, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &p->credentials, err);
    return finish(p, rc, out);
}

static void wipe_section_values(const struct ini_file *f)
{
    for (const struct ini_section *s = f->sections; s; s = s->next)
        for (const struct ini_entry *e = s->entries; e; e = e->next)
            if (strstr(e->key, "secret") || strstr(e->key, "token"))
                secret_wipe((char *)(uintptr_t)e->value, strlen(e->value));
}

void aws_profiles_free(struct aws_profiles *p)
{
    if (!p)
        return;

    wipe_section_values(&p->config);
    wipe_section_values(&p->credentials);
    vec_free(&p->profiles);
    vec_free(&p->named);
    arena_free(p->arena);
    free(p);
}

const char *aws_profiles_config_path(const struct aws_profiles *p)
{
    return p->config.path;
}

const char *aws_profiles_credentials_path(const struct aws_profiles *p)
{
    return p->credentials.path;
}

const struct aws_profile *aws_profiles_find(const struct aws_profiles *p, const char *name)
{
    for (size_t i = 0; i < p->profiles.len; i++)
        if (strcmp(p->profiles.items[i].name, name) == 0)
            return &p->profiles.items[i];

    return NULL;
}

size_t aws_profiles_count(const struct aws_profiles *p)
{
    return p->profiles.len;
}

const struct aws_profile *aws_profiles_at(const struct aws_profiles *p, size_t i)
{
    return &p->profiles.items[i];
}

const struct ini_section *
aws_profiles_named(const struct aws_profiles *p, const char *kind, const char *name)
{
    const struct ini_section *found = NULL;

    /* the last of that name counts */
    for (size_t i = 0; i < p->named.len; i++) {
        const struct named *n = &p->named.items[i];

        if (strcmp(n->kind, kind) == 0 && strcmp(n->name, name) == 0)
            found = n->section;
    }

    return found;
}

static struct aws_setting
setting(const struct ini_file *f, const struct ini_section *s, const char *key)
{
    const struct ini_entry *e = s ? ini_get(s, key) : NULL;

    return e ? (struct aws_setting){e->value, f->path, e->line} : (struct aws_setting){0};
}

struct aws_setting aws_profile_get_config(
    const struct aws_profiles *p, const struct aws_profile *profile, const char *key)
{
    return setting(&p->config, profile ? profile->config : NULL, key);
}

struct aws_setting aws_profile_get_credentials(
    const struct aws_profiles *p, const struct aws_profile *profile, const char *key)
{
    return setting(&p->credentials, profile ? profile->credentials : NULL, key);
}

struct aws_setting
aws_profile_get(const struct aws_profiles *p, const struct aws_profile *profile, const char *key)
{
    struct aws_setting s = aws_profile_get_credentials(p, profile, key);

    return s.value ? s : aws_profile_get_config(p, profile, key);
}

static int nested(
    const struct aws_profiles *p,
    const struct ini_file *f,
    const struct ini_section *s,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err)
{
    const struct ini_entry *e = s ? ini_get(s, outer) : NULL;
    struct ini_entry *list;
    int rc;

    *out = (struct aws_setting){0};
    if (!e || e->value[0] != '\n')
        return 0;

    rc = ini_nested(p->arena, f, e, &list, err);
    if (rc < 0)
        return rc;

    for (; list; list = list->next)
        if (strcmp(list->key, key) == 0)
            *out = (struct aws_setting){list->value, f->path, list->line};
    return 0;
}

int aws_profile_nested(
    const struct aws_profiles *p,
    const struct aws_profile *profile,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err)
{
    *out = (struct aws_setting){0};
    if (!profile)
        return 0;

    /* the overlay replaces the whole outer key */
    if (profile->credentials && ini_get(profile->credentials, outer))
        return nested(p, &p->credentials, profile->credentials, outer, key, out, err);

    return nested(p, &p->config, profile->config, outer, key, out, err);
}

int aws_section_nested(
    const struct aws_profiles *p,
    const struct ini_section *section,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err)
{
    return nested(p, &p->config, section, outer, key, out, err);
}
