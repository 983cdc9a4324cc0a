/* Splits text into words as Python's shlex.split() does (POSIX rules, no comments, no expansion):
 * the rule by which the AWS CLI reads credential_process and the names of profile sections. Pure.
 */
#pragma once

#include "base/error.h"
#include <stddef.h>

/* malloc'd, NULL-terminated array of malloc'd words: shell_words_free(). -EINVAL on an open quote
 * or a final backslash. */
int shell_words_split(const char *text, char ***words, size_t *count, struct error *err);
void shell_words_free(char **words);
