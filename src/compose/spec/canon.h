/* Short → long: the forms that the table names. Works on the result of shape_tree(); in place. */
#pragma once

#include "compose/diag.h"
#include "compose/spec/spec.h"
#include "data/yaml.h"

struct canon {
    struct arena *arena;
    struct compose_diagnostics *diags;
    const char *base;    /* absolute folder that relative paths start from */
    const char *project; /* the project's folder, absolute */
    const char *home;    /* for "~"; may be NULL */
    bool lenient;        /* without interpolation: texts with a `$` are left as they are */
};

struct yaml_node *canon_tree(struct canon *c, struct yaml_node *root, const struct spec *spec);

/* For the forms, one file each kind. Each returns the long form, `n` itself when it is long. */
struct yaml_node *
canon_scalar(struct canon *c, struct yaml_node *n, enum spec_form form, const struct spot *spot);
struct yaml_node *canon_ports(struct canon *c, struct yaml_node *n, const struct spot *spot);
struct yaml_node *canon_volume(struct canon *c, struct yaml_node *n, const struct spot *spot);
struct yaml_node *canon_kv(struct canon *c, struct yaml_node *n, const struct spot *spot);
struct yaml_node *canon_names(struct canon *c, struct yaml_node *n, const struct spot *spot);
struct yaml_node *canon_depends_on(struct canon *c, struct yaml_node *n, const struct spot *spot);
struct yaml_node *canon_list(struct canon *c, struct yaml_node *n);
struct yaml_node *canon_dns(struct canon *c, struct yaml_node *n);
struct yaml_node *canon_hosts(struct canon *c, struct yaml_node *n);

/* What they are made with. New nodes stand at the place of `like`, in the canon's arena. */
struct yaml_node *
canon_text(struct canon *c, const struct yaml_node *like, const char *value); /* a quoted scalar */
struct yaml_node *
canon_plain(struct canon *c, const struct yaml_node *like, const char *value); /* true, 8080 */
struct yaml_node *canon_map_like(struct canon *c, const struct yaml_node *n);  /* empty, n's tag */
struct yaml_node *canon_seq_like(struct canon *c, const struct yaml_node *n);
void canon_set(struct canon *c, struct yaml_node *map, const char *key, struct yaml_node *value);
/* Absolute, from `base` or `home`; in the arena. */
const char *canon_path(struct canon *c, const char *path);
/* Relative to the project's folder ("../x" above it); what is absolute, or begins with "~", is
 * left.
 */
const char *canon_below(struct canon *c, const char *path);
bool canon_is_url(const char *context);
/* An error at n: "services.web.ports[0]: …". */
void canon_complain(
    struct canon *c,
    const struct yaml_node *n,
    const char *hint,
    const struct spot *spot,
    const char *fmt,
    ...) __attribute__((format(printf, 5, 6)));
