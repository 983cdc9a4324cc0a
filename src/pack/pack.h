/* Build contexts: a folder becomes a tar.gz whose bytes depend on the tree alone, so that its
 * digest names it.
 *
 * Regular files, symlinks (kept as links, wherever they point) and folders, in the order of a
 * sorted walk; modes as they are on disk, uid and gid 0 (both as BuildKit sends a context), times
 * 1980-01-01; gzip without name or time (shared/reference/defang.md 4.3, 3.7; the format is POSIX
 * pax). Sockets, devices and fifos are left out and named; a file that changes while it is read is
 * an error.
 *
 * One archive may hold several folders, each under a name of its own (`prefix`, `roots`), each with
 * its own ignore file.
 *
 * Memory: the list of names, plus less than 1 MiB, whatever the size of the files. pack_run() works
 * on the thread pool; the rest is blocking and belongs into work_run() itself. Nothing is written
 * into the context. */
#pragma once

#include "base/digest.h"
#include "base/error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A file that is not in the context but belongs into the archive: an inline Dockerfile, or one from
 * outside. It replaces a file of the same name. */
struct pack_extra {
    const char *name; /* relative, no ".." */
    const char *data;
    size_t n;
    unsigned mode; /* 0: 0644 */
};

/* One more folder that goes along. */
struct pack_root {
    const char *name;   /* where it stands in the archive: relative, no ".." */
    const char *folder; /* absolute */
};

struct pack_options {
    const char *context;      /* absolute path of a folder */
    const char *prefix;       /* where it stands in the archive; NULL: at its root */
    const char *dockerfile;   /* relative to context; NULL = "Dockerfile"; may name an extra */
    bool dockerfile_optional; /* no error when it is missing */
    const char *ignore_file;  /* absolute; its rules count when it is there. NULL ok */
    const struct pack_root *roots;
    size_t roots_len;
    const struct pack_extra *extras;
    size_t extras_len;
    uint64_t limit_bytes;          /* of the archive; 0 = LIMIT_PACK_BYTES */
    atomic_bool *canceled;         /* NULL ok; polled: -ECANCELED */
    atomic_ullong *progress_bytes; /* NULL ok; file bytes read so far, for pack_list.total_bytes */
};

enum pack_kind { PACK_FILE, PACK_LINK, PACK_DIR, PACK_EXTRA };

struct pack_entry {
    char *path;         /* relative to the context, no leading "./", no trailing "/" */
    const char *folder; /* of the options: where it is read from */
    size_t rel;         /* offset in `path` of its name relative to that folder */
    enum pack_kind kind;
    unsigned mode; /* the permission bits, with setuid, setgid and sticky */
    uint64_t size;
    char *target; /* of a link */
    const struct pack_extra *extra;
};

/* Sockets, devices and fifos, which no archive carries. */
struct pack_left_out {
    char *names; /* the first few, ", " between; NULL when there is none */
    size_t count;
};

struct pack_list {
    struct pack_entry *entries; /* in archive order */
    size_t len;
    size_t files; /* all but folders */
    uint64_t total_bytes;
    char *ignore_file; /* the one that was used, relative to the context; NULL: the built-in list */
    char *dockerfile;  /* relative to the context; NULL when there is none */
    struct pack_left_out left_out;
};

struct pack_result {
    uint8_t sha256[SHA256_BYTES];
    char *digest;      /* "sha256-<base64>" */
    char *object_name; /* "uploads/sha256-….tar.gz", safe as a key */
    uint64_t archive_bytes;
    uint64_t content_bytes;
    size_t files; /* more than LIMIT_PACK_WARN_FILES deserve a word to the user, as do */
                  /* archive_bytes above LIMIT_PACK_WARN_BYTES */
    char *ignore_file, *dockerfile; /* as in pack_list */
    struct pack_left_out left_out;
    char **secrets; /* the first files that hold passwords or keys, as their names tell */
    size_t secret_count;
};

/* What would go into the archive. */
int pack_walk(const struct pack_options *o, struct pack_list *out, struct error *err);
void pack_list_done(struct pack_list *list);
/* Writes it to fd, from its current position. `o` must be the one of the walk. */
int pack_archive(
    const struct pack_options *o,
    const struct pack_list *list,
    int fd,
    struct pack_result *out,
    struct error *err);
void pack_result_done(struct pack_result *r);
/* Both, into an unnamed file in temp_dir; *fd is the caller's, positioned anywhere (use pread). */
int pack_context(
    const struct pack_options *o,
    const char *temp_dir,
    struct pack_result *out,
    int *fd,
    struct error *err);

/* pack_context() on the thread pool; suspends the fiber. A cancel of the fiber sets *o->canceled
 * (or one of its own). */
struct loop;
int pack_run(
    struct loop *loop,
    const struct pack_options *o,
    const char *temp_dir,
    struct pack_result *out,
    int *fd,
    struct error *err);

/* "uploads/<digest>.tar.gz" with what is unsafe in a key replaced; malloc'd. */
char *pack_object_name(const char *digest);
/* DEFANG_BUILD_CONTEXT_LIMIT: "100MiB", "1.5g", "2048" …, Docker's units (1024 each). 0, or -EINVAL
 * for what is no size. */
int pack_parse_limit(const char *text, uint64_t *bytes);

#define cleanup_pack_list   __attribute__((cleanup(pack_list_done)))
#define cleanup_pack_result __attribute__((cleanup(pack_result_done)))
