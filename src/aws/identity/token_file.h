/* Small JSON files with secrets that we share with the AWS CLI: read whole, written whole (temp and
 * rename, 0600), one writer at a time. */
#pragma once

#include "aws/session.h"

json_t *token_file_read(const char *path); /* new reference; NULL when it cannot be used */
int token_file_write(
    const char *path, const json_t *j, struct error *err); /* folders are made, 0700 */
/* An exclusive lock beside the file; close it. -1 when it cannot be had within 20 seconds: go on
 * without. Suspends. */
int token_file_lock(const char *path);
