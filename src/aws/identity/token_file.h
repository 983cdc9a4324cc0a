/* Small JSON files with secrets that we share with the AWS CLI: read whole, written whole (temp and
 * rename, 0600), one writer at a time. */
#pragma once

#include "aws/session.h"

/* A secret in a file that the CLI opens as it is (a web identity token, say): a pipe is read too,
 * to its end, 10 seconds at most. Suspends. 0 or a negative errno. */
int token_text_read(struct aws_session *s, const char *path, size_t max, struct str *out);

/* New reference; NULL when it cannot be used. */
json_t *token_file_read(const char *path);
/* Folders are made, 0700. */
int token_file_write(const char *path, const json_t *j, struct error *err);
/* An exclusive lock of the file's folder, which leaves nothing behind; close it. -1 when it cannot
 * be had within 20 seconds, or at all: go on without. Suspends. */
int token_file_lock(const char *path);
