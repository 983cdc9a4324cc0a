/* Files and paths. All opens are close-on-exec. */
#pragma once

#include "base/error.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;

/* Whole file; refuses directories and more than max bytes. -ENOENT is returned with err filled
 * (kind NOT_FOUND). */
int file_read(const char *path, size_t max_bytes, struct str *out, struct error *err);
/* Temp file beside it, fsync, rename, fsync of the folder. */
int file_write_atomic(const char *path, const void *data, size_t n, mode_t mode, struct error *err);
/* Parents too; existing is fine. */
int file_mkdirs(const char *path, mode_t mode, struct error *err);

/* A folder of this user's alone: made with its parents where it is missing, and of mode 0700 from
 * now on. `what` names it in errors ("the state folder"); `follow`: a symbolic link may lead to it.
 * -EPERM when it is another user's: then *owner is not geteuid(), and what to say about it is left
 * to the caller. */
int file_make_private(
    const char *path, const char *what, bool follow, uid_t *owner, struct error *err);

bool file_exists(const char *path);
bool file_is_dir(const char *path);
char *path_join(const char *a, const char *b); /* malloc'd; b absolute wins */
char *path_dirname(const char *path);          /* malloc'd, "." when none */
const char *path_basename(const char *path);   /* borrowed */
/* malloc'd, "." and ".." folded lexically */
char *path_absolute(const char *cwd, const char *path);
const char *path_absolute_in(struct arena *arena, const char *cwd, const char *path);
char *path_expand_home(const char *path, const char *home); /* "~" and "~/…" only; malloc'd */
