/* Records for the journal: one line a record, whatever a value holds.
 *
 * A log must never hold up the loop. stderr may be a pipe that nobody reads, and it is shared with
 * whoever gave it to us, so it cannot be made non-blocking. A socket (the journal's) takes a flag
 * with each line; a pipe is asked by poll() first, and a line is no longer than what a pipe that
 * polls writable takes at once. A record that finds no room is dropped and counted, and the next
 * one that gets through says how many. */
#include "base/log.h"

#include "base/clock.h"
#include "base/str.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A pipe that polls writable takes this much at once without blocking (PIPE_BUF). */
#define LINE_BYTES 4096u

static struct {
    enum log_level level;
    bool priority_prefix, timestamps;
    int fd;
    atomic_uint dropped;
} state = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

static const struct {
    const char *name;
    int priority; /* sd-daemon(3) */
} levels[] = {{"error", 3}, {"warning", 4}, {"info", 6}, {"debug", 7}};

void log_timestamps(bool on)
{
    state.timestamps = on;
}

void log_configure(enum log_level level, bool priority_prefix, int fd)
{
    state.level = level;
    state.priority_prefix = priority_prefix;
    state.fd = fd;
}

bool log_enabled(enum log_level level)
{
    return level <= state.level;
}

/* stderr is shared with whoever gave it to us, so O_NONBLOCK is not ours to set. */
static bool emit(const char *line, size_t n)
{
    ssize_t put = send(state.fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put >= 0 || errno != ENOTSOCK)
        return put == (ssize_t)n;

    struct pollfd p = {.fd = state.fd, .events = POLLOUT};
    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
        return false;
    do
        put = write(state.fd, line, n);
    while (put < 0 && errno == EINTR);
    return put == (ssize_t)n;
}

/* One record is one line, whatever a value holds: control characters and broken UTF-8 become \xNN.
 */
static size_t escape(char *out, size_t room, const char *text, size_t n)
{
    bool utf8 = text_utf8_valid(text, n);
    size_t used = 0;

    for (size_t i = 0; i < n && used + 4 <= room; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\n') {
            out[used++] = '\\';
            out[used++] = 'n';
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8)) {
            static const char hex[] = "0123456789abcdef";
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[c >> 4];
            out[used++] = hex[c & 15];
        } else {
            out[used++] = (char)c;
        }
    }

    return used;
}

static size_t header(char *out, size_t room, enum log_level level, const char *subsystem)
{
    char time[26] = "";

    if (state.timestamps) {
        clock_format_iso(clock_wall_ms(), time);
        memcpy(time + 24, " ", 2);
    }

    int n = state.priority_prefix
                ? snprintf(
                      out,
                      room,
                      "<%d>%s%s %s: ",
                      levels[level].priority,
                      time,
                      levels[level].name,
                      subsystem)
                : snprintf(out, room, "%s%s %s: ", time, levels[level].name, subsystem);
    return n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void report_dropped(void)
{
    unsigned lost = atomic_exchange(&state.dropped, 0);

    if (!lost)
        return;

    char line[128];
    size_t n = header(line, sizeof line, LOG_LEVEL_WARNING, "log");
    int more = snprintf(line + n, sizeof line - n, "records dropped count=%u\n", lost);
    if (more < 0 || !emit(line, n + (size_t)more))
        atomic_fetch_add(&state.dropped, lost);
}

void log_write(enum log_level level, const char *subsystem, const char *fmt, ...)
{
    if (!log_enabled(level) || state.fd < 0)
        return;

    int saved = errno;
    char text[LINE_BYTES], line[LINE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (len >= 0) {
        size_t text_len = (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
        size_t n = header(line, 256, level, subsystem);
        n += escape(line + n, sizeof line - n - 1, text, text_len);
        line[n++] = '\n';
        report_dropped();
        if (!emit(line, n))
            atomic_fetch_add(&state.dropped, 1);
    }

    errno = saved;
}
