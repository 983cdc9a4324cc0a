/* base/file.h in a folder of its own: atomic writes, bounds, modes, folders made, what is
 * refused. */
#include "base/file.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test-file-XXXXXX";

static void setup(void)
{
    memcpy(dir + sizeof dir - 7, "XXXXXX", 7);
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static char *at(const char *name)
{
    return path_join(dir, name);
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void cleanup_tree(void)
{
    ck_assert_int_eq(nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int count_entries(void)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, NULL);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return n - 2; /* but for "." and ".." */
}

START_TEST(write_and_read)
{
    setup();
    cleanup_free char *path = at("f");
    cleanup_str struct str s = STR_INIT;
    cleanup_error struct error err = ERROR_INIT;
    struct stat st;
    ck_assert_int_eq(file_write_atomic(path, "a\0b", 3, 0600, &err), 0);
    ck_assert_int_eq(file_write_atomic(path, "second", 6, 0640, &err), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    str_append(&s, "before ");
    ck_assert_int_eq(file_read(path, 6, &s, &err), 0);
    ck_assert_str_eq(s.data, "before second");
    ck_assert_int_eq(file_read(path, 5, &s, &err), -EFBIG);
    ck_assert_str_eq(s.data, "before second"); /* nothing of a refused one stays */
    ck_assert_int_eq(err.kind, ERR_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_int_eq(count_entries(), 1); /* no temp file is left */
    cleanup_tree();
}
END_TEST

START_TEST(refusals)
{
    setup();
    cleanup_str struct str s = STR_INIT;
    cleanup_free char *none = at("none"), *fifo = at("fifo"), *below = at("none/x");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    struct error err = ERROR_INIT;
    ck_assert_int_eq(file_read(none, 10, &s, &err), -ENOENT);
    ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
    error_done(&err);
    ck_assert_int_eq(file_read(dir, 10, &s, &err), -EISDIR);
    error_done(&err);
    ck_assert_int_eq(file_read(fifo, 10, &s, &err), -EINVAL); /* and does not hang */
    error_done(&err);
    ck_assert_int_eq(file_read("/dev/null", 10, &s, &err), 0);
    ck_assert_int_eq(file_read("/dev/zero", 100000, &s, &err), -EFBIG);
    error_done(&err);
    ck_assert_int_eq(file_write_atomic(below, "x", 1, 0600, &err), -ENOENT);
    error_done(&err);
    cleanup_tree();
}
END_TEST

START_TEST(folders)
{
    setup();
    cleanup_free char *deep = at("a/b//c/"), *file = at("file"), *under = at("file/x");
    cleanup_error struct error err = ERROR_INIT;
    ck_assert_int_eq(file_mkdirs(deep, 0700, &err), 0);
    ck_assert_int_eq(file_mkdirs(deep, 0700, &err), 0);
    ck_assert(file_is_dir(deep));
    ck_assert_int_eq(file_write_atomic(file, "", 0, 0600, &err), 0);
    ck_assert(file_exists(file) && !file_is_dir(file) && !file_exists(under));
    ck_assert_int_eq(file_mkdirs(under, 0700, &err), -ENOTDIR);
    cleanup_tree();
}
END_TEST

/* Also one that was there with more, and through a link only where that is allowed. */
START_TEST(private_folders)
{
    setup();

    cleanup_free char *deep = at("a/b"), *link = at("link");
    cleanup_error struct error err = ERROR_INIT;
    struct stat st;
    uid_t owner = (uid_t)-1;
    ck_assert_int_eq(file_make_private(deep, "the folder", false, &owner, &err), 0);
    ck_assert_uint_eq(owner, geteuid());
    ck_assert_int_eq(chmod(deep, 0755), 0);
    ck_assert_int_eq(file_make_private(deep, "the folder", false, &owner, &err), 0);
    ck_assert_int_eq(stat(deep, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);

    ck_assert_int_eq(symlink(deep, link), 0);
    ck_assert_int_eq(file_make_private(link, "the folder", true, &owner, &err), 0);
    ck_assert_int_lt(file_make_private(link, "the folder", false, &owner, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "opening the folder"));
    cleanup_tree();
}
END_TEST

START_TEST(paths)
{
    static const struct {
        const char *a, *b, *joined, *absolute;
    } rows[] = {
        {"/x", "y", "/x/y", "/x/y"},
        {"/x/", "y", "/x/y", "/x/y"},
        {"/x", "/y", "/y", "/y"},
        {"/x", "", "/x", "/x"},
        {"/x/y", "../z", "/x/y/../z", "/x/z"},
        {"/x", "../../..", "/x/../../..", "/"},
        {"/x", "./a//b/./c/", "/x/./a//b/./c/", "/x/a/b/c"},
        {"/", ".", "/.", "/"},
        {"/x", "..a/b..", "/x/..a/b..", "/x/..a/b.."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_free char *joined = path_join(rows[i].a, rows[i].b),
                          *absolute = path_absolute(rows[i].a, rows[i].b);
        ck_assert_str_eq(joined, rows[i].joined);
        ck_assert_str_eq(absolute, rows[i].absolute);
    }

    static const struct {
        const char *path, *dir, *base;
    } parts[] = {
        {"/a/b", "/a", "b"},
        {"a", ".", "a"},
        {"/a", "/", "a"},
        {"a/b/c", "a/b", "c"},
        {"/", "/", ""},
        {"", ".", ""},
        {"a//b", "a", "b"},
    };

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        cleanup_free char *folder = path_dirname(parts[i].path);
        ck_assert_str_eq(folder, parts[i].dir);
        ck_assert_str_eq(path_basename(parts[i].path), parts[i].base);
    }

    static const struct {
        const char *path, *home, *expected;
    } homes[] = {
        {"~", "/h", "/h"},
        {"~/a", "/h", "/h/a"},
        {"~u/a", "/h", "~u/a"},
        {"a/~", "/h", "a/~"},
        {"~/a", NULL, "~/a"},
        {"~/a", "", "~/a"},
    };

    for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
        cleanup_free char *expanded = path_expand_home(homes[i].path, homes[i].home);
        ck_assert_str_eq(expanded, homes[i].expected);
    }
}
END_TEST

SUITE("base/file", write_and_read, refusals, folders, private_folders, paths)
