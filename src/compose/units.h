/* Sizes, durations and command lines in the notations of Compose files. */
#pragma once

#include "compose/compose.h"

int units_parse_duration_ns(
    const char *text, int64_t *ns); /* "1h30m", "1.5s", "2d", "1w"; 0 or -EINVAL */
void units_format_duration_ns(
    int64_t ns, struct str *out); /* as Go prints it: "1m30s", "1.5s", "0s" */
/* The shortest text that reads back as the same value: as Go prints it in YAML and in texts, and as
 * its JSON has it, which knows an exponent below 1e-6 and from 1e21 on only. Finite values. */
void units_format_float(double value, struct str *out);
void units_format_json_float(double value, struct str *out);
/* A command line as Docker splits it: blanks, quotes, backslashes; no expansion. 0, 1 when a `;`,
 * `&`, `|`,
 * `<` or `>` ended it early, or -EINVAL when a quote or a bracket stays open. */
int units_split_words(struct arena *arena, const char *text, const char ***words, size_t *count);
