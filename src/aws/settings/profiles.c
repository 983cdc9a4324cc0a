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
 * What is parsed never changes, so that many sessions share it (profile_files.c keeps it by
 * content), and names are found by maps: tools write files of thousands of profiles. Values point
 * into the arena; those whose key speaks of secrets or tokens are wiped when the last reference
 * goes. */
#include "aws/settings/profiles.h"
#include "aws/settings/shell_words.h"
#include "base/arena.h"
#include "base/secret.h"
#include "base/vec.h"
#include "data/strmap.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>

struct named {
    const char *kind, *name;
    const struct ini_section *section;
};

struct aws_profiles {
    unsigned refs;
    struct arena *arena;
    struct ini_file config, credentials;
    const char *config_trouble, *credentials_trouble; /* why a file is passed over; or NULL */
    VEC(struct aws_profile) profiles;
    VEC(struct named) named;
    struct strmap by_name;      /* of profiles */
    struct strmap by_kind_name; /* of named: "KIND NAME" */
};

static struct aws_profile *profile_slot(struct aws_profiles *p, const char *name)
{
    const size_t *known = strmap_get(&p->by_name, name);

    if (known)
        return &p->profiles.items[*known];

    const char *own = arena_strdup(p->arena, name);
    strmap_put(p->arena, &p->by_name, own, p->profiles.len);
    vec_push(&p->profiles, (struct aws_profile){.name = own});
    return vec_last(&p->profiles);
}

static const char *kind_name(struct arena *arena, const char *kind, const char *name)
{
    return arena_printf(arena, "%s %s", kind, name);
}

/* The last of that name counts. */
static void
add_named(struct aws_profiles *p, const char *kind, const char *name, const struct ini_section *s)
{
    strmap_put(p->arena, &p->by_kind_name, kind_name(p->arena, kind, name), p->named.len);
    vec_push(&p->named, (struct named){kind, arena_strdup(p->arena, name), s});
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
        add_named(p, kind, words[1], s);
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
 * Kept with their entry, so that nobody parses them again. */
static int check_nested(struct aws_profiles *p, const struct ini_file *f, struct error *err)
{
    for (const struct ini_section *s = f->sections; s; s = s->next)
        for (struct ini_entry *e = s->entries; e; e = e->next) {
            int rc = e->value[0] == '\n' ? ini_nested(p->arena, f, e, &e->nested, err) : 0;

            if (rc < 0)
                return rc;
        }
    return 0;
}

static int parse_one(
    struct aws_profiles *p,
    const struct aws_profile_file *file,
    struct ini_file *out,
    struct error *err)
{
    out->path = arena_strdup(p->arena, file->path);
    if (!file->there)
        return 0;

    int rc = ini_parse(p->arena, out->path, str_get(&file->text), file->text.len, out, err);
    if (rc == 0)
        rc = check_nested(p, out, err);
    if (rc < 0) {
        error_wrap(err, "unable to parse the AWS config file %s", file->path);
        error_hint(err, "The AWS CLI refuses this file as well; correct the line.");
    }

    return rc;
}

int aws_profiles_parse_files(
    const struct aws_profile_file *config,
    const struct aws_profile_file *credentials,
    struct aws_profiles **out,
    struct error *err)
{
    struct aws_profiles *p = xcalloc(1, sizeof *p);

    p->refs = 1;
    p->arena = arena_new();
    p->config_trouble = config->trouble ? arena_strdup(p->arena, config->trouble) : NULL;
    p->credentials_trouble =
        credentials->trouble ? arena_strdup(p->arena, credentials->trouble) : NULL;

    int rc = parse_one(p, config, &p->config, err);
    if (rc == 0)
        rc = parse_one(p, credentials, &p->credentials, err);
    if (rc < 0) {
        aws_profiles_free(p);
        return rc;
    }

    index_sections(p);
    *out = p;
    return 0;
}

static struct aws_profile_file file_of(const char *path, const char *text)
{
    struct aws_profile_file f = {.path = xstrdup(path), .there = text != NULL};

    if (text)
        str_append(&f.text, text);
    return f;
}

static void file_done(struct aws_profile_file *f)
{
    free(f->path);
    str_wipe(&f->text);
}

int aws_profiles_parse(
    const char *config_path,
    const char *config,
    const char *credentials_path,
    const char *credentials,
    struct aws_profiles **out,
    struct error *err)
{
    struct aws_profile_file conf = file_of(config_path, config);
    struct aws_profile_file cred = file_of(credentials_path, credentials);
    int rc = aws_profiles_parse_files(&conf, &cred, out, err);

    file_done(&conf);
    file_done(&cred);
    return rc;
}

struct aws_profiles *aws_profiles_ref(struct aws_profiles *p)
{
    p->refs++;
    return p;
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
    if (!p || --p->refs)
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

const char *aws_profiles_config_trouble(const struct aws_profiles *p)
{
    return p->config_trouble;
}

const char *aws_profiles_credentials_trouble(const struct aws_profiles *p)
{
    return p->credentials_trouble;
}

/* "PATH", or "PATH (it cannot be read: Permission denied)" */
static void add_place(struct str *out, const char *path, const char *trouble)
{
    str_append(out, path);
    if (trouble)
        str_appendf(out, " (%s)", trouble);
}

char *aws_profiles_places(const struct aws_profiles *p)
{
    struct str out = STR_INIT;

    add_place(&out, p->config.path, p->config_trouble);
    str_append(&out, " and ");
    add_place(&out, p->credentials.path, p->credentials_trouble);
    return str_take(&out);
}

const struct aws_profile *aws_profiles_find(const struct aws_profiles *p, const char *name)
{
    const size_t *at = strmap_get(&p->by_name, name);

    return at ? &p->profiles.items[*at] : NULL;
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
    cleanup_free char *key = xasprintf("%s %s", kind, name);
    const size_t *at = strmap_get(&p->by_kind_name, key);

    return at ? p->named.items[*at].section : NULL;
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

/* Where lines are expected a plain value is an error, as for the CLI: they were not indented, and
 * what they say would be overlooked. */
static int not_nested(const struct ini_file *f, const struct ini_entry *e, struct error *err)
{
    error_raise(
        err, ERR_AUTH, "\"%s\" needs lines below it that are indented (\"  key = value\")", e->key);
    error_at(err, f->path, e->line, 0);
    error_hint(
        err, "The AWS CLI fails with this file as well: indent the lines that belong to it.");
    return -EINVAL;
}

static int nested(
    const struct ini_file *f,
    const struct ini_section *s,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err)
{
    const struct ini_entry *e = s ? ini_get(s, outer) : NULL;

    *out = (struct aws_setting){0};
    if (!e)
        return 0;
    if (e->value[0] != '\n')
        return not_nested(f, e, err);

    for (const struct ini_entry *n = e->nested; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            *out = (struct aws_setting){n->value, f->path, n->line};
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
        return nested(&p->credentials, profile->credentials, outer, key, out, err);

    return nested(&p->config, profile->config, outer, key, out, err);
}

int aws_section_nested(
    const struct aws_profiles *p,
    const struct ini_section *section,
    const char *outer,
    const char *key,
    struct aws_setting *out,
    struct error *err)
{
    return nested(&p->config, section, outer, key, out, err);
}
