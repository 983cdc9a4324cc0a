/* Cursors over the log streams of a project, while they are followed: how far each was read, and
 * which of its last lines were handed on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct log_streams;

/* Following begins at `from_ms`: what a stream that shows up later has from then on is new. */
struct log_streams *log_streams_new(int64_t from_ms);
void log_streams_free(struct log_streams *s); /* NULL ok */

/* False when the line was handed on before. `group` and `stream` name where it stands;
 * `ingested_ms` is when CloudWatch got it, 0: not told. */
bool log_streams_take(
    struct log_streams *s,
    const char *group,
    const char *stream,
    const char *id,
    int64_t time_ms,
    int64_t ingested_ms);

/* Where the next look over all streams begins, before the newest line. `cheap`: the last one
 * was, so that this one may begin further back. */
int64_t log_streams_look(struct log_streams *s, bool cheap);

/* A stream whose lines did not reach into the last look: it is new, or was silent for longer, and
 * what it had before that look's beginning is to be read from *from_ms on. *group and *stream are
 * malloc'd; true once for each gap. */
bool log_streams_gap(struct log_streams *s, char **group, char **stream, int64_t *from_ms);
