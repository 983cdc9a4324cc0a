/* Who holds the state: one daemon, for as long as it lives.
 *
 * Two locks, because files are moved and removed. The one that is asked first is flock's on the
 * file `lock` of the folder: its file says who holds it, for people and for whoever takes over. But
 * that file can be removed, and the next daemon would make another one. So there is a second one on
 * the database itself, a byte that SQLite never locks (it locks 512 of them, from 1 GiB on), by the
 * open file and not by the process: SQLite closes descriptors of that file, which would end a lock
 * of the process. Both end with whoever holds them, so nothing is ever stale, and both hold between
 * the machines that share a folder over NFS.
 *
 * What a daemon has open goes on existing when its name is gone: it would write into a file that
 * nobody finds again, beside another daemon with another state. store_hold_check() compares names
 * with what was opened. A missing `lock` is made again, a missing database is the end. */
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_BYTE 0x3fffff00 /* below SQLite's own */

static int fail_errno(struct error *err, int code, const char *doing, const char *path)
{
    return error_raise_errno(err, ERR_FAILED, code, "%s %s: %s", doing, path, strerror(code));
}

static int held_by_another(struct store *s, const char *what, pid_t pid, struct error *err)
{
    char who[24] = "unknown";

    if (pid > 0)
        snprintf(who, sizeof who, "%ld", (long)pid);
    error_raise_errno(
        err, ERR_REFUSED, EBUSY, "another defangd (pid %s) uses the %s %s", who, what, s->folder);
    error_hint(err, "Use it with defangctl, or end it with `defangctl daemon stop`.");
    return -EBUSY;
}

/* For people, and for whoever takes over. */
static pid_t read_pid(int fd)
{
    char text[32] = {0};
    long long pid;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[strcspn(text, "\n")] = '\0';
    return n > 0 && text_parse_int(text, 2, INT32_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

static int write_pid(int fd, const char *path, struct error *err)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0)
        return fail_errno(err, errno, "writing", path);
    return 0;
}

int store_hold_folder(struct store *s, struct error *err)
{
    cleanup_free char *path = path_join(s->folder, STORE_LOCK_NAME);
    cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return fail_errno(err, errno, "opening", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return fail_errno(err, errno, "locking", path);
        return held_by_another(s, "state folder", read_pid(fd), err);
    }

    int rc = write_pid(fd, path, err);
    if (rc < 0)
        return rc;

    mem_close_ptr(&s->lock_fd);
    s->lock_fd = fd;
    fd = -1;
    return 0;
}

/* Takes `fd`, which stays open as long as the database: its lock goes with it. Where the file
 * system has no such locks, the one of the folder has to do. */
int store_hold_database(struct store *s, int fd, struct error *err)
{
    struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_BYTE, .l_len = 1};

    mem_close_ptr(&s->database_fd);
    s->database_fd = fd;
    if (fcntl(fd, F_OFD_SETLK, &byte) == 0 || (errno != EAGAIN && errno != EACCES))
        return 0;
    return held_by_another(s, "database of the state folder", 0, err);
}

void store_hold_done(struct store *s)
{
    mem_close_ptr(&s->database_fd);
    mem_close_ptr(&s->lock_fd);
}

/* Whether the name still leads to what is open. */
static bool is_there(const struct store *s, const char *name, int fd)
{
    cleanup_free char *path = path_join(s->folder, name);
    struct stat there, ours;

    return lstat(path, &there) == 0 && fstat(fd, &ours) == 0 && there.st_dev == ours.st_dev &&
           there.st_ino == ours.st_ino;
}

int store_hold_check(struct store *s, struct error *err)
{
    if (!is_there(s, STORE_DB_NAME, s->database_fd)) {
        error_raise_errno(
            err,
            ERR_FAILED,
            ESTALE,
            "%s/%s was removed or replaced while the daemon ran",
            s->folder,
            STORE_DB_NAME);
        error_hint(
            err,
            "What was deployed is still in AWS (`defangctl cd ls`); deployments that were under "
            "way are known to nobody any more: `defangctl up` goes on from what is there.");
        return -ESTALE;
    }

    if (is_there(s, STORE_LOCK_NAME, s->lock_fd))
        return 0;

    /* Whoever holds a new one meets the lock of the database, and ends. */
    cleanup_error struct error ignored = ERROR_INIT;
    if (store_hold_folder(s, &ignored) == 0)
        log_warning("store", "the lock was removed, and is made again: folder=%s", s->folder);
    return 0;
}

pid_t store_holder(const char *folder)
{
    cleanup_free char *path = path_join(folder, STORE_LOCK_NAME);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    /* Free: whoever wrote its pid there has ended. */
    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
        return 0;
    return read_pid(fd);
}
