/* Compose files → typed project. Pure: files are read, no loop, no sockets, no process environment.
 * Errors carry file:line:column; all mistakes found in one pass are joined (diagnostics), the first
 * is err.
 */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include "base/str.h"
#include "compose/model.h"

enum compose_severity { COMPOSE_ERROR, COMPOSE_WARNING, COMPOSE_NOTE };

struct compose_diagnostic {
    enum compose_severity severity;
    struct yaml_pos pos;        /* file may be NULL */
    const char *message, *hint; /* hint may be NULL */
    const char *rule; /* stable name of the kind of finding: "compose/unknown-key", "aws/key-dns" */
};

struct compose_diagnostics { /* in an arena of its own; compose_diagnostics_done frees */
    struct arena *arena;
    struct compose_diagnostic *items;
    size_t len, cap;
};

void compose_diagnostics_done(struct compose_diagnostics *d);
void compose_diagnose(
    struct compose_diagnostics *d,
    enum compose_severity severity,
    struct yaml_pos pos,
    const char *hint,
    const char *fmt,
    ...) __attribute__((format(printf, 5, 6)));
/* The name of a rule from its message's format: "service %s: a %s container loses its data" gives
 * "PREFIX/container-loses-data". */
const char *compose_rule(struct compose_diagnostics *d, const char *prefix, const char *fmt);

struct compose_options {
    const char *cwd; /* absolute */
    const char *const
        *files; /* -f, NULL-terminated; NULL = COMPOSE_FILE, else search in cwd and its parents */
    const char *const *env_files; /* --env-file, NULL-terminated or NULL */
    const char *const *profiles;  /* --profile, NULL-terminated or NULL; COMPOSE_PROFILES added;
                                     "defang" is always active */
    const char *const *named;     /* services that are active whatever their profiles, as with
                                     Compose those that a command names; NULL-terminated or NULL */
    const char *project_name;     /* -p or NULL */
    const struct env *env;        /* the caller's */
    const char *stdin_text;       /* contents for "-f -", or NULL */
    bool no_interpolate;
};

/* 0 and *out, or negative with err = the first mistake and d (may be NULL) = all of them, warnings
 * too. */
int compose_load(
    const struct compose_options *o,
    struct compose_project **out,
    struct compose_diagnostics *d,
    struct error *err);

/* An argument of each build, as if the files gave it (`--build-arg`). */
void compose_take_build_arg(struct compose_project *p, const char *name, const char *value);

/* Takes out of the project every service that is not kept, and what the others say of it. Before
 * anybody holds a service of it. */
typedef bool compose_keep_fn(void *arg, const char *service);
void compose_keep_services(struct compose_project *p, compose_keep_fn *kept, void *arg);

/* What an image says of itself and the files do not: as if they said it, in the tree and in the
 * typed model. `s` is of `p`; texts are copied. False: the files say it, nothing was taken. */
struct compose_image_health {
    struct yaml_pos pos;
    const char **test; /* CMD or CMD-SHELL first */
    size_t test_count;
    int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms; /* -1: not said */
    int retries;                                                         /* -1: not said */
};

bool compose_take_health(
    struct compose_project *p, struct compose_service *s, const struct compose_image_health *h);
bool compose_take_expose(
    struct compose_project *p,
    struct compose_service *s,
    struct yaml_pos pos,
    const uint16_t *ports,
    size_t count);
/* A Dockerfile for a build that has none: as if `dockerfile_inline` said it. `s` is of `p`; the
 * text is copied. */
void compose_take_dockerfile(
    struct compose_project *p, struct compose_service *s, const char *dockerfile);

/* Takes out the top-level resources that nothing uses, as `docker compose config` does before it
 * prints. */
void compose_drop_unused(struct compose_project *p);

/* Canonical YAML / JSON of the whole project: deterministic. Literal dollars are written `$$`,
 * config parts
 * `${NAME}`, so that compose_load_canonical() of the output gives the same model: this is what a
 * job freezes. Services come as in the file.
 */
void compose_print_yaml(const struct compose_project *p, struct str *out);
/* The same as `docker compose config` shows it: without what says nothing, with the reference's
 * defaults. */
void compose_show_yaml(const struct compose_project *p, struct str *out);
void compose_show_json(const struct compose_project *p, struct str *out);
/* The text that the hash of a service (`compose config --hash`) is the SHA-256 of. */
void compose_show_hashed(const struct compose_service *s, struct str *out);
int compose_load_canonical(
    const char *text, size_t n, struct compose_project **out, struct error *err);

int64_t compose_parse_bytes(const char *text);       /* "512m", "1.5gb", "1024"; -1 when wrong */
int64_t compose_parse_duration_ms(const char *text); /* "1m30s", "500ms", "2d"; -1 when wrong */
