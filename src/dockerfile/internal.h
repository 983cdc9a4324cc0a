/* Shared inside src/dockerfile only. */
#pragma once

#include "dockerfile/dockerfile.h"

/* ---- findings.c ---- */
void dockerfile_say(
    struct dockerfile_findings *f,
    enum dockerfile_severity severity,
    unsigned line,
    const char *rule, /* without "dockerfile/" */
    const char *hint,
    const char *fmt,
    ...) __attribute__((format(printf, 6, 7)));
/* The same about what asked for the build. */
void dockerfile_say_of(
    struct dockerfile_findings *f,
    enum dockerfile_severity severity,
    enum dockerfile_about about,
    size_t argument,
    const char *rule,
    const char *hint,
    const char *fmt,
    ...) __attribute__((format(printf, 7, 8)));

/* ---- text.c ---- */

/* Bytes of the blank that begins here (as Unicode knows blanks); 0 when it is none. */
size_t dockerfile_blank(const char *p);
/* A copy without blanks at both ends. */
const char *dockerfile_trim(struct arena *a, const char *text);
const char *dockerfile_skip_blanks(const char *p);

/* A list of texts that grows. */
struct dockerfile_texts {
    const char **items;
    size_t len, cap;
};

void dockerfile_texts_add(struct arena *a, struct dockerfile_texts *l, const char *text);

/* ---- words.c ---- */

/* The flags at the head of `line`; what follows them, trimmed, is *rest. */
void dockerfile_split_flags(
    struct arena *a,
    char escape,
    const char *line,
    struct dockerfile_texts *flags,
    const char **rest);
/* Words with their quotes and escapes left as they are. */
void dockerfile_split_words(
    struct arena *a, char escape, const char *text, struct dockerfile_texts *words);
/* At ASCII blanks, quotes or not. */
void dockerfile_split_blanks(struct arena *a, const char *text, struct dockerfile_texts *words);
/* A JSON list of texts: 1; 0 when it is no JSON list; -1 when an item is no text. */
int dockerfile_split_json(struct arena *a, const char *text, struct dockerfile_texts *words);
/* Fields between commas, quoted with " where they hold one; false when the quotes are wrong. */
bool dockerfile_split_commas(struct arena *a, const char *text, struct dockerfile_texts *fields);

/* ---- expand.c ---- */

enum dockerfile_value { DOCKERFILE_UNSET, DOCKERFILE_SET, DOCKERFILE_UNKNOWN };

/* *value is filled for DOCKERFILE_SET. */
typedef int dockerfile_lookup_fn(void *arg, const char *name, const char **value);

struct dockerfile_expand {
    char escape;
    bool raw_quotes, raw_escapes; /* leave them in the text */
    bool keep_unset;              /* "$X" stays when nothing sets X */
    dockerfile_lookup_fn *lookup; /* NULL: nothing is set */
    void *arg;
};

struct dockerfile_expanded {
    const char *text;
    struct dockerfile_texts words; /* split at blanks outside of quotes */
    bool unknown;                  /* the text depends on a value that is not known */
    struct dockerfile_texts unset; /* names that nothing sets and that have no default */
};

/* 0, or -EINVAL and *problem, one sentence without a dot. */
int dockerfile_expand(
    struct arena *a,
    const struct dockerfile_expand *e,
    const char *text,
    struct dockerfile_expanded *out,
    const char **problem);

/* ---- pattern.c: the patterns of ${X#…}, ${X%…} and ${X/…/…} ---- */
struct dockerfile_pattern {
    const char *text; /* `*` and `?` mean something, a backslash takes that away */
    bool greedy;
};

/* false: the pattern is wrong, or takes too long. */
bool dockerfile_pattern_ok(const char *pattern);
/* `value` without the head or tail that matches. */
const char *dockerfile_trim_head(struct arena *a, struct dockerfile_pattern p, const char *value);
const char *dockerfile_trim_tail(struct arena *a, struct dockerfile_pattern p, const char *value);
const char *dockerfile_replace(
    struct arena *a, const char *pattern, const char *by, bool all, const char *value);

/* ---- heredoc.c ---- */

/* A word that begins a heredoc, as "<<EOF", "3<<-'EOF'"; -EINVAL when its quotes are wrong. */
int dockerfile_heredoc_of(
    struct arena *a, const char *word, bool *is, struct dockerfile_heredoc *out);
/* All that an instruction's line begins. */
int dockerfile_heredocs(
    struct arena *a, const char *line, struct dockerfile_heredoc **out, size_t *count);

/* ---- lines.c ---- */
struct dockerfile_line {
    const char *text; /* continuations joined, comments left out */
    unsigned line, end_line;
    struct dockerfile_heredoc *heredocs;
    size_t heredoc_count;
};

struct dockerfile_reader {
    const char *at, *end;
    unsigned line; /* the number of the line that was read last */
    char escape;
    bool directives_done, seen_syntax, seen_escape, seen_check, failed;
    struct dockerfile_findings *f;
};

void dockerfile_reader_init(
    struct dockerfile_reader *r, const char *text, size_t n, struct dockerfile_findings *f);
/* The next instruction's line; false at the end, or when the rest cannot be read. */
bool dockerfile_reader_next(struct dockerfile_reader *r, struct dockerfile_line *out);

/* ---- instruction.c ---- */

/* false when it is wrong, and said. Heredocs are taken over from the line. */
bool dockerfile_read_instruction(
    const struct dockerfile_line *line,
    char escape,
    struct dockerfile_instruction *out,
    struct dockerfile_findings *f);
/* The flag that stands in an instruction more than once, or NULL; `at` goes on. */
const char *
dockerfile_flag_next(const struct dockerfile_instruction *in, const char *name, size_t *at);

/* Whether the instruction in `line` (of ONBUILD: what it puts off) may have heredocs. */
bool dockerfile_takes_heredocs(struct arena *a, const char *line, char escape);

/* ---- health.c ---- */

/* HEALTHCHECK's arguments; false when they are wrong, and said. */
bool dockerfile_read_health(
    const struct dockerfile_instruction *in,
    struct dockerfile_health *out,
    struct dockerfile_findings *f);

/* ---- mount.c ---- */
struct dockerfile_judge;
struct dockerfile_mount {
    const char *type, *from, *source, *id, *target; /* NULL: not said */
    bool required;
};

/* A --mount of RUN; false when it is wrong, and said. */
bool dockerfile_read_mount(
    const struct dockerfile_instruction *in,
    const char *value,
    bool whole,
    struct dockerfile_mount *out,
    struct dockerfile_findings *f);
/* What the builder cannot mount. */
void dockerfile_check_mount(
    struct dockerfile_judge *j,
    const struct dockerfile_instruction *in,
    const struct dockerfile_mount *m);

/* ---- ports.c ---- */

/* "80", "80/udp", "8000-8010/tcp"; false when it is none. */
bool dockerfile_read_port(const char *text, unsigned *from, unsigned *to, bool *udp);

/* ---- scope.c: ARG and ENV ---- */
struct dockerfile_var {
    const char *name, *value; /* value NULL: not known */
    bool env;                 /* set by ENV, which no ARG changes */
};

struct dockerfile_scope {
    struct dockerfile_var *vars;
    size_t len, cap;
    bool open; /* an image from outside may set others */
};

void dockerfile_scope_set(
    struct arena *a, struct dockerfile_scope *s, const char *name, const char *value, bool env);
const struct dockerfile_var *
dockerfile_scope_get(const struct dockerfile_scope *s, const char *name);
void dockerfile_scope_copy(
    struct arena *a, struct dockerfile_scope *to, const struct dockerfile_scope *from);
/* TARGETARCH and its like, that the builder sets for who declares them. */
bool dockerfile_platform_arg(const char *name);
/* HTTP_PROXY, BUILDKIT_… and others, that need no ARG. */
bool dockerfile_predefined_arg(const char *name);

/* ---- judge.c and its parts ---- */
struct dockerfile_judge {
    const struct dockerfile *d;
    const struct dockerfile_build *b;
    struct dockerfile_findings *f;
    struct arena *a;
    struct dockerfile_scope global;
    struct dockerfile_scope *scopes; /* of each stage, at its end */
    struct dockerfile_image *images; /* of each stage, at its end */
    const char **bases;              /* of each stage, expanded; NULL: not known, or wrong */
    bool *reached;
    size_t walks;                     /* patterns that were held against all paths */
    struct dockerfile_texts built_in; /* sources that the built-in list leaves out … */
    unsigned built_in_line;           /* … and where the first of them stands */
};

/* names.c: what variables come to, and what is said of those that nothing sets. */
void dockerfile_read_globals(struct dockerfile_judge *j);
void dockerfile_check_args(struct dockerfile_judge *j);
/* `text` in the scope of the stage; false when it is wrong, and said. `unknown` is also set when it
 * depends on what the image below may set. */
bool dockerfile_expand_in(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    const struct dockerfile_instruction *in,
    const char *text,
    struct dockerfile_expanded *out);
void dockerfile_declare(
    struct dockerfile_judge *j,
    struct dockerfile_scope *s,
    const struct dockerfile_instruction *in);
void dockerfile_check_run(
    struct dockerfile_judge *j,
    const struct dockerfile_scope *s,
    const struct dockerfile_instruction *in);

/* stages.c: which stage FROM, --from and the target name. */
enum { DOCKERFILE_OUTSIDE = -1, DOCKERFILE_WRONG = -2 };
void dockerfile_read_bases(struct dockerfile_judge *j);
int dockerfile_target_of(struct dockerfile_judge *j); /* DOCKERFILE_WRONG is said */
/* Marks what the stage is made of, and says what is wrong with the names on the way. */
void dockerfile_reach(struct dockerfile_judge *j, size_t target);
int dockerfile_base_of(const struct dockerfile_judge *j, size_t stage);

/* sources.c */
void dockerfile_check_source(
    struct dockerfile_judge *j, const struct dockerfile_instruction *in, const char *source);
void dockerfile_tell_built_in(struct dockerfile_judge *j);

/* paths.c */

/* Without "." and "..", as seen from the context; "" is all of it. */
const char *dockerfile_clean_path(struct arena *a, const char *path);
bool dockerfile_is_pattern(const char *path);
/* Whether it is sent: a file, or a folder that something is in. Links on the way are followed. */
bool dockerfile_is_sent(struct arena *a, const struct dockerfile_context *c, const char *path);
bool dockerfile_matches_any(const struct dockerfile_context *c, const char *pattern);
/* One that differs in the size of its letters alone, or NULL. */
const char *dockerfile_other_case(const struct dockerfile_context *c, const char *path);

/* official.c: whether Docker Hub has an image of that name without a team's before it. */
bool dockerfile_official(const char *name);
