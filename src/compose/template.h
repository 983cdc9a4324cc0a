/* Interpolation: `$V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+r} ${V+r} $$`, nested. Source: the
 * Compose specification, chapter Interpolation.
 *
 * A name that nothing defines becomes a config part, kept inside the text as PART_BEGIN NAME
 * PART_END. Both bytes never occur in UTF-8, so such a text can be cut, joined, merged and compared
 * like any other; only printing and the typed model look at the marks. */
#pragma once

#include "base/str.h"
#include "compose/model.h"

#define PART_BEGIN '\xff'
#define PART_END   '\xfe'

/* The value of a variable that has one, but one that is no text (not UTF-8): using it is an error.
 */
#define TEMPLATE_NO_TEXT "\xfe"

typedef const char *
template_lookup_fn(void *arg, const char *name); /* NULL when nothing defines the name */

/* 0 and *out (in the arena; may be `text` itself), or -EINVAL and *problem, one sentence. */
int template_expand(
    struct arena *arena,
    const char *text,
    template_lookup_fn *lookup,
    void *arg,
    const char **out,
    const char **problem);

bool template_is_no_text(const char *value); /* NULL ok */
/* One sentence about that variable, in the arena. */
const char *template_no_text(struct arena *arena, const char *name);
bool template_has_variable(const char *text); /* before it is expanded: `$$` is none */
bool template_has_parts(const char *text);
/* The name of the first config part, in the arena; NULL when there is none. */
const char *template_first_part(struct arena *arena, const char *text);
const char *template_drop_parts(struct arena *arena, const char *text);
struct compose_text template_to_text(struct arena *arena, const char *text, struct yaml_pos pos);
/* Literal dollars doubled, parts as ${NAME}. */
void template_print(struct str *out, const char *text);
/* The same for people and for fields without parts: dollars as they are, parts as ${NAME}. */
const char *template_plain(struct arena *arena, const char *text);
bool template_is_name(const char *text);
