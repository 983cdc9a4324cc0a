/* What test_archive.py cannot see from outside: limits as text, names, cancel, files that change,
 * the thread pool. */
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "loop/fiber.h"
#include "loop/loop.h"
#include "pack/pack.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test-pack-XXXXXX";

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void teardown(void)
{
    nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void setup(void)
{
    memcpy(dir + sizeof dir - 7, "XXXXXX", 7);
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void write_file(const char *name, size_t n)
{
    cleanup_free char *path = path_join(dir, name);
    cleanup_free char *data = xcalloc(n + 1, 1);
    ck_assert_int_eq(file_write_atomic(path, data, n, 0644, NULL), 0);
}

static struct pack_options options(void)
{
    return (struct pack_options){.context = dir, .dockerfile_optional = true};
}

START_TEST(limit_texts)
{
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } rows[] = {
        {"100MiB", MIB(100)},
        {"100m", MIB(100)},
        {"100 MB", MIB(100)},
        {"1.5g", GIB(3) / 2},
        {"2048", 2048},
        {"10b", 10},
        {"1Ki", 1024},
        {".5k", 512},
        {"3T", GIB(3072)},
        {"", 0},
        {"x", 0},
        {"-1m", 0},
        {"1x", 0},
        {"1mm", 0},
        {"1e3", 0},
        {"0x10", 0},
        {".", 0},
        {"0", 0},
        {"nan", 0},
        {"inf", 0},
        {" 1", 0},
        {"1  m", 0},
        {NULL, 0},
        {"99999999p", 0},
        {"1kx", 0},
        {"1bi", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t bytes = 0;
        int rc = pack_parse_limit(rows[i].text, &bytes);
        ck_assert_msg(rc == (rows[i].bytes ? 0 : -EINVAL), "%s: %d", rows[i].text, rc);
        ck_assert_msg(bytes == rows[i].bytes, "%s: %llu", rows[i].text, (unsigned long long)bytes);
    }
}
END_TEST

START_TEST(object_names)
{
    cleanup_free char *name =
        pack_object_name("sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    ck_assert_str_eq(name, "uploads/sha256-47DEQpj8HBSa__TImW_5JCeuQeRkm5NMpJWZG3hSuFU_.tar.gz");
    ck_assert_uint_le(strlen(name) - strlen("uploads/"), 64);
}
END_TEST

START_TEST(a_file_that_shrinks_or_goes_is_named)
{
    setup();
    write_file("a", 10);
    write_file("gone", 100);
    cleanup_pack_list struct pack_list list = {0};
    cleanup_pack_result struct pack_result r = {0};
    cleanup_error struct error err = ERROR_INIT;
    struct pack_options o = options();
    ck_assert_int_eq(pack_walk(&o, &list, &err), 0);
    ck_assert_uint_eq(list.total_bytes, 110);
    cleanup_free char *gone = path_join(dir, "gone");
    ck_assert_int_eq(unlink(gone), 0);
    cleanup_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(pack_archive(&o, &list, null, &r, &err), -EAGAIN);
    ck_assert_ptr_nonnull(strstr(err.message, "gone changed while it was read"));
    error_done(&err);
    ck_assert_int_eq(
        symlink("a", gone), 0); /* a link where a file was is a change, and is not followed */
    ck_assert_int_eq(pack_archive(&o, &list, null, &r, &err), -EAGAIN);
    teardown();
}
END_TEST

/* The archive goes into a pipe that the test drains slowly: so the file can be changed in the
 * middle of its copy. */
static void *change_midway(void *arg)
{
    int fd = *(int *)arg;
    cleanup_free char *path = path_join(dir, "big"), *buf = xmalloc(4096);
    cleanup_fd int file = open(path, O_RDWR | O_CLOEXEC);
    bool first = true;
    while (read(fd, buf, 4096) > 0)
        if (first) {
            first = false;
            if (ftruncate(file, 100) != 0)
                abort();
        }
    return NULL;
}

START_TEST(a_file_that_changes_midway_is_named)
{
    setup();
    cleanup_free char *path = path_join(dir, "big");
    cleanup_fd int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    static uint8_t noise[MIB(1)];
    for (int i = 0; i < 8; i++) {
        clock_random(noise, sizeof noise); /* does not pack, so the pipe fills */
        ck_assert_int_eq(write(file, noise, sizeof noise), sizeof noise);
    }
    int p[2];
    ck_assert_int_eq(pipe(p), 0);
    pthread_t reader;
    ck_assert_int_eq(pthread_create(&reader, NULL, change_midway, &p[0]), 0);
    cleanup_pack_list struct pack_list list = {0};
    cleanup_pack_result struct pack_result r = {0};
    cleanup_error struct error err = ERROR_INIT;
    struct pack_options o = options();
    ck_assert_int_eq(pack_walk(&o, &list, &err), 0);
    ck_assert_int_eq(pack_archive(&o, &list, p[1], &r, &err), -EAGAIN);
    ck_assert_ptr_nonnull(strstr(err.message, "big changed while it was read"));
    close(p[1]);
    pthread_join(reader, NULL);
    teardown();
}
END_TEST

START_TEST(canceled)
{
    setup();
    write_file("a", 10);
    atomic_bool cancel = true;
    struct pack_options o = options();
    o.canceled = &cancel;
    cleanup_error struct error err = ERROR_INIT;
    cleanup_pack_result struct pack_result r = {0};
    int fd = -1;
    ck_assert_int_eq(pack_context(&o, dir, &r, &fd, &err), -ECANCELED);
    ck_assert_int_eq(err.kind, ERR_CANCELED);
    ck_assert_int_eq(fd, -1);
    teardown();
}
END_TEST

START_TEST(full_disk)
{
    setup();
    write_file("a", 10);
    cleanup_pack_list struct pack_list list = {0};
    cleanup_pack_result struct pack_result r = {0};
    cleanup_error struct error err = ERROR_INIT;
    struct pack_options o = options();
    ck_assert_int_eq(pack_walk(&o, &list, &err), 0);
    cleanup_fd int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(pack_archive(&o, &list, full, &r, &err), -ENOSPC);
    ck_assert_ptr_nonnull(strstr(err.message, "No space left"));
    teardown();
}
END_TEST

START_TEST(too_deep)
{
    setup();
    cleanup_str struct str path = STR_INIT;
    str_append(&path, dir);
    for (int i = 0; i < LIMIT_PACK_DEPTH; i++)
        str_append(&path, "/d");
    ck_assert_int_eq(file_mkdirs(path.data, 0755, NULL), 0);
    cleanup_pack_list struct pack_list list = {0};
    cleanup_error struct error err = ERROR_INIT;
    struct pack_options o = options();
    ck_assert_int_eq(pack_walk(&o, &list, &err), 0);
    pack_list_done(&list);
    str_append(&path, "/d");
    ck_assert_int_eq(file_mkdirs(path.data, 0755, NULL), 0);
    ck_assert_int_eq(pack_walk(&o, &list, &err), -ENAMETOOLONG);
    teardown();
}
END_TEST

struct fiber_test {
    struct loop *loop;
    bool done;
};

static void in_fiber(void *arg)
{
    struct fiber_test *t = arg;
    atomic_ullong progress = 0;
    struct pack_options o = options();
    o.progress_bytes = &progress;
    cleanup_error struct error err = ERROR_INIT;
    cleanup_pack_result struct pack_result r = {0};
    cleanup_fd int fd = -1;
    ck_assert_int_eq(pack_run(t->loop, &o, dir, &r, &fd, &err), 0);
    ck_assert_uint_eq(r.content_bytes, 100000);
    ck_assert_uint_eq(atomic_load(&progress), 100000);
    struct stat st;
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq((uint64_t)st.st_size, r.archive_bytes);
    ck_assert_uint_eq(st.st_nlink, 0); /* nothing to clean up after a crash */
    uint8_t sha[SHA256_BYTES];
    cleanup_free char *data = xmalloc(r.archive_bytes);
    ck_assert_int_eq(pread(fd, data, r.archive_bytes, 0), (ssize_t)r.archive_bytes);
    digest_sha256(data, r.archive_bytes, sha);
    ck_assert_mem_eq(sha, r.sha256, sizeof sha);
    o.context = "/nonexistent";
    struct pack_result none;
    int no_fd = -1;
    ck_assert_int_eq(pack_run(t->loop, &o, dir, &none, &no_fd, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent"));
    t->done = true;
}

START_TEST(on_the_thread_pool)
{
    setup();
    write_file("a", 100000);
    struct fiber_test t = {.loop = loop_new()};
    loop_run_fiber(t.loop, "pack", in_fiber, &t);
    ck_assert(t.done);
    loop_free(t.loop);
    teardown();
}
END_TEST

SUITE(
    "pack/pack",
    limit_texts,
    object_names,
    a_file_that_shrinks_or_goes_is_named,
    a_file_that_changes_midway_is_named,
    canceled,
    full_disk,
    too_deep,
    on_the_thread_pool)
