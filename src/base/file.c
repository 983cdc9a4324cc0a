/* Files read whole and written whole. Every read is bounded and every open close-on-exec.
 *
 * A file that is written takes its place by rename, after an fsync of itself and before one of its
 * folder: a reader, or a machine after a power cut, finds the old text or the new one and never a
 * part. It keeps the mode that it was given, whatever the umask says, for most of these files are
 * private. */
#include "base/file.h"

#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int raise_file(struct error *err, int number, const char *doing, const char *path)
{
    enum error_kind kind = number == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
    return error_raise_errno(err, kind, number, "%s %s: %s", doing, path, strerror(number));
}

static int read_all(int fd, const char *path, size_t max_bytes, struct str *out, struct error *err)
{
    size_t start = out->len;
    char chunk[16384];
    int rc = 0;

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = raise_file(err, errno, "cannot read", path);
        else if (got > 0 && (size_t)got > max_bytes - (out->len - start))
            rc = error_raise_errno(
                err, ERR_REFUSED, EFBIG, "%s is larger than %zu bytes", path, max_bytes);
        else
            str_append_bytes(out, chunk, (size_t)got);
        if (rc || got == 0)
            break;
    }

    explicit_bzero(chunk, sizeof chunk); /* credential files come this way */

    return rc;
}

int file_read(const char *path, size_t max_bytes, struct str *out, struct error *err)
{
    /* O_NONBLOCK: opening a fifo nobody writes to must not hang. */
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return raise_file(err, errno, "cannot open", path);

    struct stat st;
    if (fstat(fd, &st) != 0)
        return raise_file(err, errno, "cannot stat", path);
    if (S_ISDIR(st.st_mode))
        return raise_file(err, EISDIR, "cannot read", path);
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) /* /dev/null is a usual "no file" */
        return error_raise_errno(
            err, ERR_FAILED, EINVAL, "cannot read %s: not a regular file", path);
    if (out->len == 0 && (out->max ? out->max : STR_MAX_DEFAULT) < max_bytes)
        out->max = max_bytes;
    size_t start = out->len;
    int rc = read_all(fd, path, max_bytes, out, err);
    if (rc == 0 && !str_ok(out))
        rc = error_raise_errno(err, ERR_REFUSED, EFBIG, "%s does not fit its buffer", path);
    if (rc)
        str_truncate(out, start);
    return rc;
}

static int write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t put = write(fd, data, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        data += put;
        n -= (size_t)put;
    }

    return 0;
}

/* Without this the new name may be lost in a power cut although the content is safe. */
static int sync_folder(const char *path)
{
    cleanup_free char *folder = path_dirname(path);
    cleanup_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) != 0 ? errno : 0;
}

int file_write_atomic(const char *path, const void *data, size_t n, mode_t mode, struct error *err)
{
    cleanup_free char *temp = xasprintf("%s.tmp-XXXXXX", path);
    cleanup_fd int fd = mkostemp(temp, O_CLOEXEC);

    if (fd < 0)
        return raise_file(err, errno, "cannot create a file beside", path);

    int number = write_all(fd, data, n);
    if (!number && fchmod(fd, mode) != 0)
        number = errno;
    if (!number && fsync(fd) != 0)
        number = errno;
    if (!number && rename(temp, path) != 0)
        number = errno;
    if (number) {
        unlink(temp);
        return raise_file(err, number, "cannot write", path);
    }

    number = sync_folder(path);

    return number ? raise_file(err, number, "cannot sync the folder of", path) : 0;
}

static int make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return 0;
    if (errno == EEXIST)
        return file_is_dir(path) ? 0 : ENOTDIR;
    int number = errno;
    return file_is_dir(path) ? 0 : number; /* on a read-only mount an existing folder gives EROFS */
}

int file_mkdirs(const char *path, mode_t mode, struct error *err)
{
    cleanup_free char *work = xstrdup(path);
    int number = 0;

    for (char *p = work; *p && !number; p++) {
        if (*p != '/' || p == work)
            continue;
        *p = '\0';
        number = make_one(work, mode);
        if (!number)
            *p = '/';
    }

    if (!number && *work)
        number = make_one(work, mode);
    return number ? raise_file(err, number, "cannot create folder", work) : 0;
}

int file_make_private(
    const char *path, const char *what, bool follow, uid_t *owner, struct error *err)
{
    *owner = geteuid();
    int rc = file_mkdirs(path, 0700, err);
    if (rc < 0)
        return error_wrap(err, "making %s", what);

    struct stat st;
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_raise_errno(
            err, ERR_FAILED, errno, "opening %s %s: %s", what, path, strerror(errno));

    *owner = st.st_uid;
    if (st.st_uid != geteuid())
        return -EPERM;

    /* By the descriptor: what was looked at is what is changed. */
    bool open_to_others = st.st_mode & 077;
    if (open_to_others && fchmod(fd, 0700) < 0)
        return error_raise_errno(
            err, ERR_FAILED, errno, "making private %s: %s", path, strerror(errno));
    return 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}
