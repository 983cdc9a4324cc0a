/* A power cut, as a library to preload: what was written to the state's database and not synced is
 * taken back, and the process is killed.
 *
 * DEFANG_POWER=N[:SEED]: at the Nth write or sync of a file whose name begins with "state.db",
 * before it is done. Without a seed nothing that was not synced survives; with one each write does
 * or does not, as a disk that writes in an order of its own leaves it. DEFANG_POWER_RECORD=FILE
 * gets a line for each write and sync: how many there are.
 *
 * DEFANG_FULL=N[:HOW_MANY]: from the Nth write on so many of them (all) fail with ENOSPC instead.
 *
 * DEFANG_CLOCK=N:WALL[:AWAKE]: from the Nth write on the wall clock is WALL seconds ahead (or, when
 * negative, behind), and the clock that never jumps AWAKE seconds: the machine has slept.
 *
 * Each write keeps what was there before, until the file is synced. SQLite's index of the log
 * (-shm) is memory: it is rebuilt after a cut, and removed here. Names of files are durable at
 * once: a file that SQLite makes is made and synced by the daemon before it is of use. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 1024 /* descriptors that are looked at */

struct undo {
    struct undo *before;
    char path[512];
    off_t at, size; /* of the file before */
    size_t n;
    uint8_t bytes[];
};

static struct undo *undone;
static unsigned long seen, armed, full_at, full_count = (unsigned long)-1;
static unsigned seed;
static unsigned long clock_at;
static long wall_s, awake_s;
static bool ready;
static int record_fd = -1;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);

static void setup(void)
{
    if (ready)
        return;
    ready = true;
    real_pwrite = (__typeof__(real_pwrite))dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = (__typeof__(real_fsync))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (__typeof__(real_fdatasync))dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = (__typeof__(real_ftruncate))dlsym(RTLD_NEXT, "ftruncate64");

    const char *clock = getenv("DEFANG_CLOCK");
    if (clock && sscanf(clock, "%lu:%ld:%ld", &clock_at, &wall_s, &awake_s) < 2)
        abort();

    const char *text = getenv("DEFANG_POWER"), *full = getenv("DEFANG_FULL"),
               *record = getenv("DEFANG_POWER_RECORD");
    if (text && sscanf(text, "%lu:%u", &armed, &seed) < 1)
        abort();
    if (full && sscanf(full, "%lu:%lu", &full_at, &full_count) < 1)
        abort();
    if (record)
        record_fd = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Its path in `path` when it is a file of the database. */
static bool is_ours(int fd, char path[512])
{
    char link[64];

    setup();
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 511);
    if (n <= 0)
        return false;
    path[n] = '\0';

    const char *name = strrchr(path, '/');
    return name && strncmp(name + 1, "state.db", 8) == 0 && !strstr(name, "-shm");
}

static void take_back(void)
{
    srandom(seed);
    for (struct undo *u = undone; u; u = u->before) {
        if (seed && random() % 2)
            continue; /* this one reached the disk */

        int fd = open(u->path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        if ((u->n && real_pwrite(fd, u->bytes, u->n, u->at) < 0) || real_ftruncate(fd, u->size) < 0)
            abort();
        close(fd);
    }
}

static void __attribute__((noreturn)) cut(const char *path)
{
    char shm[600];

    take_back();
    int n = (int)strlen(path);
    const char *suffix = strstr(path, "-wal");
    if (suffix)
        n = (int)(suffix - path);
    snprintf(shm, sizeof shm, "%.*s-shm", n, path);
    unlink(shm);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void count(const char *what, const char *path)
{
    char line[700];
    int n =
        snprintf(line, sizeof line, "%s%s\n", what, strrchr(path, '/') + 1 + strlen("state.db"));

    if (record_fd >= 0 && write(record_fd, line, (size_t)n) < 0)
        abort();
    if (++seen == armed)
        cut(path);
}

static void keep(int fd, const char *path, off_t at, size_t n)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        abort();

    struct undo *u = malloc(sizeof *u + n);
    if (!u)
        abort();
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = reader >= 0 && n ? pread(reader, u->bytes, n, at) : 0;
    if (reader >= 0)
        close(reader);
    *u = (struct undo){.before = undone, .at = at, .size = st.st_size};
    u->n = got > 0 ? (size_t)got : 0;
    snprintf(u->path, sizeof u->path, "%s", path);
    undone = u;
}

static void synced(const char *path)
{
    for (struct undo **at = &undone; *at;) {
        struct undo *u = *at;

        if (strcmp(u->path, path) != 0) {
            at = &u->before;
            continue;
        }
        *at = u->before;
        free(u);
    }
}

static bool is_full(void)
{
    if (!full_at || seen < full_at || !full_count)
        return false;
    if (full_count != (unsigned long)-1)
        full_count--;
    return true;
}

/* Both names: SQLite calls one, libc headers of another build the other. */
ssize_t pwrite64(int fd, const void *data, size_t n, off_t at)
{
    char path[512];

    if (is_ours(fd, path)) {
        count("write", path);
        if (is_full()) {
            errno = ENOSPC;
            return -1;
        }
        if (armed)
            keep(fd, path, at, n);
    }
    return real_pwrite(fd, data, n, at);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    return pwrite64(fd, data, n, at);
}

int ftruncate64(int fd, off_t size)
{
    char path[512];

    if (is_ours(fd, path) && armed) {
        struct stat st;
        if (fstat(fd, &st) == 0 && st.st_size > size)
            keep(fd, path, size, (size_t)(st.st_size - size));
        else
            keep(fd, path, size, 0);
    }
    return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

static int sync_with(int (*real)(int), int fd)
{
    char path[512];
    bool ours = is_ours(fd, path);

    if (ours)
        count("sync", path);

    int rc = real(fd);
    if (ours && rc == 0)
        synced(path);
    return rc;
}

int fsync(int fd)
{
    setup();
    return sync_with(real_fsync, fd);
}

int fdatasync(int fd)
{
    setup();
    return sync_with(real_fdatasync, fd);
}

/* By vDSO in libc; libuv and base/clock.c both come here. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);

    if (!real)
        real = (__typeof__(real))dlsym(RTLD_NEXT, "clock_gettime");

    int rc = real(id, out);
    if (rc == 0 && clock_at && seen >= clock_at)
        out->tv_sec += id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? wall_s : awake_s;
    return rc;
}
