/* What looks like a secret in clear: known forms of tokens, private keys, URLs with a password,
 * names that say so, long texts without structure. Pure. The value itself never gets into a
 * message. */
#pragma once

#include "compose/compose.h"

struct secret_rule {
    const char *id;   /* stable: "secret/github-token" */
    const char *what; /* "a GitHub token" */
    enum compose_severity severity;
};

/* DB_PASSWORD and its like: the name says that its value is a secret. */
bool secret_named(const char *name);

/* `name` is what the value is called (a variable, an option), NULL when nothing is known. NULL:
 * nothing suspicious. */
const struct secret_rule *secret_match(const char *name, const char *value);
/* Every suspicious text of the project: variables, build arguments, labels, commands, contents,
 * extensions. */
/* The text with every known form of a token, and passwords in URLs, replaced by "***"; malloc'd.
 * NULL when there is none. */
char *secrets_masked(const char *text);

void secrets_find(const struct compose_project *p, struct compose_diagnostics *d);
