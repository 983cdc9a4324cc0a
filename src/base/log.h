/* One structured record per fact, to stderr (the journal): "<level> subsystem: message key=value
 * …". With priority_prefix (main sets it when JOURNAL_STREAM is in the environment) each line gets
 * a <N> prefix. Libraries log at debug only. Values are escaped; never pass a secret. Non-blocking:
 * when stderr would block, records are dropped and counted. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_configure(enum log_level level, bool priority_prefix, int fd);
/* A time at the start of each line, for a log that no journal stamps. Off at first. */
void log_timestamps(bool on);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *subsystem, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(sub, ...)   log_write(LOG_LEVEL_ERROR, sub, __VA_ARGS__)
#define log_warning(sub, ...) log_write(LOG_LEVEL_WARNING, sub, __VA_ARGS__)
#define log_info(sub, ...)    log_write(LOG_LEVEL_INFO, sub, __VA_ARGS__)
#define log_debug(sub, ...)                                                                        \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_write(LOG_LEVEL_DEBUG, sub, __VA_ARGS__);                                          \
    } while (0)
