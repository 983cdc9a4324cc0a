/* base/log.h over a pipe: form of a record, escapes, levels, and that it never blocks. */
#include "base/log.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *drain(int fd, char *buf, size_t room)
{
    ssize_t n = read(fd, buf, room - 1);
    ck_assert_int_ge(n, 0);
    buf[n] = '\0';
    return buf;
}

START_TEST(one_record_is_one_line)
{
    static const struct {
        const char *value, *line;
    } rows[] = {
        {"plain", "info rpc: got plain\n"},
        {"two\nlines\t", "info rpc: got two\\nlines\\x09\n"},
        {"caf\xc3\xa9", "info rpc: got caf\xc3\xa9\n"},
        {"broken \xff", "info rpc: got broken \\xff\n"},
        {"esc \x1b[31m", "info rpc: got esc \\x1b[31m\n"},
    };

    int p[2];
    char buf[8192];
    ck_assert_int_eq(pipe(p), 0);
    log_configure(LOG_LEVEL_INFO, false, p[1]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        errno = 42;
        log_info("rpc", "got %s", rows[i].value);
        ck_assert_int_eq(errno, 42);
        ck_assert_str_eq(drain(p[0], buf, sizeof buf), rows[i].line);
    }
}
END_TEST

START_TEST(levels_and_prefix)
{
    int p[2];
    char buf[8192];
    ck_assert_int_eq(pipe(p), 0);
    log_configure(LOG_LEVEL_WARNING, true, p[1]);
    log_info("a", "unseen");
    log_debug("a", "unseen");
    log_warning("a", "w");
    log_error("a", "e");
    ck_assert_str_eq(drain(p[0], buf, sizeof buf), "<4>warning a: w\n<3>error a: e\n");
    log_configure(LOG_LEVEL_DEBUG, true, p[1]);
    log_debug("a", "d=%d", 1);
    ck_assert_str_eq(drain(p[0], buf, sizeof buf), "<7>debug a: d=1\n");
    ck_assert(log_enabled(LOG_LEVEL_DEBUG));
}
END_TEST

START_TEST(long_ones_are_cut)
{
    int p[2];
    char text[10000], buf[16384];
    memset(text, '\n', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    ck_assert_int_eq(pipe(p), 0);
    log_configure(LOG_LEVEL_INFO, false, p[1]);
    log_info("a", "%s", text);
    drain(p[0], buf, sizeof buf);
    ck_assert_uint_le(strlen(buf), 4096);
    ck_assert_ptr_eq(strchr(buf, '\n'), buf + strlen(buf) - 1);
}
END_TEST

/* A reader that never reads costs records, not time. */
static void never_blocks(int write_fd, int read_fd)
{
    char buf[1 << 16];
    log_configure(LOG_LEVEL_INFO, false, write_fd);
    for (int i = 0; i < 20000; i++)
        log_info(
            "a", "0123456789012345678901234567890123456789012345678901234567890123456789 %d", i);
    ck_assert_int_eq(fcntl(read_fd, F_SETFL, O_NONBLOCK), 0);
    while (read(read_fd, buf, sizeof buf) > 0)
        ;
    log_info("a", "after");
    ssize_t n = read(read_fd, buf, sizeof buf - 1);
    ck_assert_int_gt(n, 0);
    buf[n] = '\0';
    unsigned lost = 0;
    ck_assert_int_eq(sscanf(buf, "warning log: records dropped count=%u\n", &lost), 1);
    ck_assert_uint_gt(lost, 1000);
    ck_assert_ptr_nonnull(strstr(buf, "\ninfo a: after\n"));
}

START_TEST(never_blocks_on_a_pipe)
{
    int p[2];
    ck_assert_int_eq(pipe(p), 0);
    never_blocks(p[1], p[0]);
}
END_TEST

START_TEST(never_blocks_on_the_journal)
{
    int s[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
    never_blocks(s[1], s[0]);
}
END_TEST

SUITE(
    "base/log",
    one_record_is_one_line,
    levels_and_prefix,
    long_ones_are_cut,
    never_blocks_on_a_pipe,
    never_blocks_on_the_journal)
