/* Time and randomness, replaceable in tests. Wall time: milliseconds since the Unix epoch.
 * Monotonic: milliseconds, counts through suspend (CLOCK_BOOTTIME). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct clock_source {
    int64_t (*wall_ms)(void *arg);
    int64_t (*mono_ms)(void *arg);
    void (*random)(void *arg, void *buf, size_t n);
    void *arg;
};

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
void clock_random(void *buf, size_t n);                /* from the kernel; aborts if it cannot */
uint64_t clock_random_below(uint64_t bound);           /* uniform in [0, bound) */
void clock_replace(const struct clock_source *source); /* tests; NULL restores; not owned */

/* "20261122T221530Z" (16 chars + NUL) */
void clock_format_basic(int64_t wall_ms, char out[17]);
/* "2026-11-22T22:15:30.123Z"; out of 25 bytes */
void clock_format_iso(int64_t wall_ms, char out[25]);
/* RFC 3339, with fraction or not, Z, +00:00 or UTC; 0 or -EINVAL */
int clock_parse_iso(const char *text, int64_t *wall_ms);
/* HTTP date "Sun, 22 Nov 2026 22:15:30 GMT"; 0 or -EINVAL */
int clock_parse_http_date(const char *text, int64_t *wall_ms);
/* Go duration with optional days ("1h30m", "7d12h", "90s", "250ms"); 0 or -EINVAL. */
int clock_parse_duration(const char *text, int64_t *ms);
