/* The list of a walk becomes an archive: each entry a tar header and its bytes, through gzip,
 * hashed on the way.
 *
 * The bytes must depend on the tree alone, so what the walk saw has to be what is packed: a file
 * that has another size, another time or another kind when it is read than a moment before is
 * refused, and the command is run again. Nothing is followed that became a link meanwhile
 * (O_NOFOLLOW).
 *
 * The name of the object is that of the digest: the same tree is uploaded once. */
#include "pack/internal.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES KIB(128)

struct archive {
    const struct pack_options *o;
    const struct pack_list *list;
    struct gzip *gzip;
    uint64_t limit, content;
    uint8_t *buffer;
    struct error *err;
};

/* The three largest files: what a person wants to see when the context is too big. */
static void hint_largest(struct archive *a)
{
    const struct pack_entry *top[3] = {0};

    for (size_t i = 0; i < a->list->len; i++) {
        const struct pack_entry *e = &a->list->entries[i];
        for (size_t k = 0; k < ARRAY_LEN(top); k++)
            if (!top[k] || e->size > top[k]->size) {
                memmove(top + k + 1, top + k, (ARRAY_LEN(top) - 1 - k) * sizeof *top);
                top[k] = e;
                break;
            }
    }

    cleanup_str struct str text = STR_INIT;
    for (size_t k = 0; k < ARRAY_LEN(top) && top[k]; k++)
        str_appendf(
            &text,
            "%s%s (%.1f MiB)",
            k ? ", " : "",
            top[k]->path,
            (double)top[k]->size / (double)MIB(1));
    error_hint(
        a->err,
        "Largest files: %s.\nName what the build does not need in %s, or raise "
        "DEFANG_BUILD_CONTEXT_LIMIT.",
        str_get(&text),
        a->list->ignore_file ? a->list->ignore_file : ".dockerignore");
}

/* What a gzip_ or tar_ call said. */
static int fail_write(struct archive *a, int rc)
{
    if (rc != -EFBIG)
        return error_raise_errno(
            a->err,
            ERR_FAILED,
            rc,
            "cannot write the archive of build context %s: %s",
            a->o->context,
            strerror(-rc));
    error_raise_errno(
        a->err,
        ERR_REFUSED,
        EFBIG,
        "build context %s (%zu files, %.1f MiB) is larger than %.1f MiB when packed",
        a->o->context,
        a->list->files,
        (double)a->list->total_bytes / (double)MIB(1),
        (double)a->limit / (double)MIB(1));
    hint_largest(a);

    return rc;
}

/* Before it is read: packing takes minutes for what a build would not take anyhow (a sparse file is
 * nothing on this disk, and all of its bytes on the builder's). */
static int too_large(struct archive *a)
{
    error_raise_errno(
        a->err,
        ERR_REFUSED,
        EFBIG,
        "build context %s has %zu files of %.1f MiB: more than %u times the %.1f MiB that it may "
        "have when packed",
        a->o->context,
        a->list->files,
        (double)a->list->total_bytes / (double)MIB(1),
        LIMIT_PACK_RATIO,
        (double)a->limit / (double)MIB(1));
    hint_largest(a);
    return -EFBIG;
}

static int fail_file(struct archive *a, const struct pack_entry *e, int number, const char *what)
{
    return error_raise_errno(
        a->err,
        ERR_FAILED,
        number,
        "build context %s: %s %s: %s",
        e->folder,
        e->path + e->rel,
        what,
        strerror(number));
}

/* Docker's own client reads with the same rights, and says the same. */
static int fail_open(struct archive *a, const struct pack_entry *e, int number)
{
    int rc = fail_file(a, e, number, "cannot be opened");

    if (number == EACCES)
        error_hint(
            a->err,
            "Give yourself the right to read it (chmod u+r), or name it in %s.",
            a->list->ignore_file ? a->list->ignore_file : ".dockerignore");
    return rc;
}

static int changed(struct archive *a, const struct pack_entry *e)
{
    int rc = error_raise_errno(
        a->err,
        ERR_FAILED,
        EAGAIN,
        "build context %s: %s changed while it was read",
        e->folder,
        e->path + e->rel);

    error_hint(
        a->err, "Run the command again when nothing writes to it, or name it in .dockerignore.");
    return rc;
}

static int canceled(struct archive *a)
{
    return error_raise(a->err, ERR_CANCELED, "packing %s was canceled", a->o->context);
}

static int copy(struct archive *a, const struct pack_entry *e, int fd, uint64_t left)
{
    while (left) {
        if (pack_canceled(a->o))
            return canceled(a);
        ssize_t got = read(fd, a->buffer, (size_t)MIN(left, (uint64_t)READ_BYTES));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_file(a, e, errno, "cannot be read");
        if (got == 0)
            return changed(a, e); /* shorter than it was */
        int rc = gzip_write(a->gzip, a->buffer, (size_t)got);
        if (rc)
            return fail_write(a, rc);
        left -= (uint64_t)got;
        a->content += (uint64_t)got;
        if (a->o->progress_bytes)
            atomic_fetch_add_explicit(
                a->o->progress_bytes, (unsigned long long)got, memory_order_relaxed);
    }

    return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int add_file(struct archive *a, const struct pack_entry *e)
{
    cleanup_free char *full = path_join(e->folder, e->path + e->rel);
    struct stat before, after;
    cleanup_fd int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return errno == ELOOP || errno == ENOENT ? changed(a, e) : fail_open(a, e, errno);
    if (fstat(fd, &before) != 0)
        return fail_file(a, e, errno, "cannot be examined");
    if (!S_ISREG(before.st_mode))
        return changed(a, e);

    uint64_t size = (uint64_t)before.st_size;
    int rc = tar_header(a->gzip, e, size);
    if (rc)
        return fail_write(a, rc);
    rc = copy(a, e, fd, size);
    if (rc)
        return rc;
    if (fstat(fd, &after) != 0 || !same_file(&before, &after))
        return changed(a, e);
    rc = tar_pad(a->gzip, size);

    return rc ? fail_write(a, rc) : 0;
}

static int add_memory(struct archive *a, const struct pack_entry *e)
{
    int rc = tar_header(a->gzip, e, e->size);

    if (rc == 0 && e->size)
        rc = gzip_write(a->gzip, e->extra->data, e->extra->n);
    if (rc == 0)
        rc = tar_pad(a->gzip, e->size);
    a->content += e->size;
    return rc ? fail_write(a, rc) : 0;
}

static int add_entry(struct archive *a, const struct pack_entry *e)
{
    if (pack_canceled(a->o))
        return canceled(a);
    if (e->kind == PACK_FILE)
        return add_file(a, e);
    if (e->kind == PACK_EXTRA)
        return add_memory(a, e);

    int rc = tar_header(a->gzip, e, 0);
    return rc ? fail_write(a, rc) : 0;
}

static void fill_result(const struct archive *a, struct pack_result *out)
{
    cleanup_free char *coded = digest_base64(out->sha256, sizeof out->sha256);

    out->digest = xasprintf("sha256-%s", coded);
    out->object_name = pack_object_name(out->digest);
    out->content_bytes = a->content;
    out->files = a->list->files;
    out->ignore_file = xstrdup_null(a->list->ignore_file);
    out->dockerfile = xstrdup_null(a->list->dockerfile);
    out->secrets = pack_secret_files(a->list, &out->secret_count);
    out->left_out = (struct pack_left_out){
        .names = xstrdup_null(a->list->left_out.names), .count = a->list->left_out.count};
}

char *pack_object_name(const char *digest)
{
    char *name = xasprintf("uploads/%s.tar.gz", digest);

    for (char *p = name + strlen("uploads/"); *p; p++) {
        bool letter =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!letter && !strchr("!_.*'()-", *p))
            *p = '_';
    }

    return name;
}

int pack_archive(
    const struct pack_options *o,
    const struct pack_list *list,
    int fd,
    struct pack_result *out,
    struct error *err)
{
    cleanup_free uint8_t *buffer = xmalloc(READ_BYTES);
    struct archive a = {
        .o = o,
        .list = list,
        .limit = o->limit_bytes ? o->limit_bytes : LIMIT_PACK_BYTES,
        .buffer = buffer,
        .err = err};
    *out = (struct pack_result){0};
    if (list->total_bytes / LIMIT_PACK_RATIO > a.limit)
        return too_large(&a);
    a.gzip = gzip_new(fd, a.limit);
    int rc = 0;
    for (size_t i = 0; i < list->len && rc == 0; i++)
        rc = add_entry(&a, &list->entries[i]);
    if (rc == 0) {
        rc = tar_end(a.gzip);
        if (rc == 0)
            rc = gzip_finish(a.gzip, out->sha256, &out->archive_bytes);
        if (rc)
            rc = fail_write(&a, rc);
    }

    gzip_free(a.gzip);
    if (rc == 0)
        fill_result(&a, out);
    return rc;
}

void pack_result_done(struct pack_result *r)
{
    free(r->digest);
    free(r->object_name);
    free(r->ignore_file);
    free(r->dockerfile);
    free(r->left_out.names);
    for (size_t i = 0; i < r->secret_count; i++)
        free(r->secrets[i]);
    free(r->secrets);
    *r = (struct pack_result){0};
}
