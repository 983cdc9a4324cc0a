/* A build is tried again only where another try may end otherwise. Which that is, is asked in the
 * order of what is sure:
 *
 *   no exit code           it never ran to an end: no capacity, image not pulled, Spot, a host
 *   "OutOfMemory…", 137    ECS says so; or the kernel killed a process of a RUN, and Kaniko ends
 *                          with that process' code
 *   "no space left"        in what the builder or a RUN says
 *   a RUN that failed      "waiting for process to exit": whatever it printed, it is the build's
 *   words of registries    in Kaniko's last line, which has the cause: 5xx, 429, a cut connection
 *
 * All else (a Dockerfile that does not parse, a file that is not there, no permission) is the
 * build's own. */
#include "engine/build/fault.h"

#include "base/mem.h"
#include "base/str.h"
#include "engine/task/tasks.h"

#include <string.h>

#define KILLED 137

/* Go's, AWS's and the registries' words for "not now". */
static const char *const TRANSIENT[] = {
    "429 Too Many",
    "500 Internal",
    "502 Bad",
    "503 Service",
    "504 Gateway",
    "Client.Timeout",
    "INTERNAL_ERROR",
    "InternalError",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "TLS handshake timeout",
    "TOOMANYREQUESTS",
    "Throttling",
    "broken pipe",
    "connection refused",
    "connection reset",
    "context deadline exceeded",
    "i/o timeout",
    "name resolution",
    "network is unreachable",
    "no such host",
    "server sent GOAWAY",
    "status code 429",
    "status code 5",
    "toomanyrequests",
    "unexpected EOF",
    "use of closed network connection",
};

static const char *const BEFORE[] = {
    "Error: ",
    "error building image: ",
    "error pushing image: ",
    "error building stage: ",
    "failed to execute command: ",
    "waiting for process to exit: ",
};

/* The last line that tells an error as Kaniko does; NULL for none. Not ended. */
static const char *last_error(const char *tail)
{
    const char *found = NULL;

    for (const char *line = tail; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (text_starts(line, "error building ") || text_starts(line, "error pushing ") ||
            text_starts(line, "error resolving ") || text_starts(line, "Error: "))
            found = line;
    }

    return found;
}

static char *last_error_text(const char *tail)
{
    const char *line = last_error(tail);

    return line ? xstrndup(line, strcspn(line, "\n")) : NULL;
}

static bool says(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text && i < count; i++)
        if (strstr(text, words[i]))
            return true;
    return false;
}

static bool for_memory(const char *reason, int code, const char *error)
{
    return code == KILLED || strstr(reason, "OutOfMemory") ||
           (error && (strstr(error, "signal: killed") || strstr(error, "exit status 137")));
}

enum build_fault build_fault_of(const json_t *task, const char *container, const char *tail)
{
    if (!task)
        return BUILD_PLATFORM;

    cleanup_free char *reason = task_reason(task, container);
    cleanup_free char *error = last_error_text(tail);
    int code = task_exit_code(task, container);

    if (code < 0 || task_was_spot_interrupted(task))
        return BUILD_PLATFORM;
    if (for_memory(reason, code, error))
        return BUILD_MEMORY;
    if (tail && strcasestr(tail, "no space left on device"))
        return BUILD_STORAGE;
    if (error && strstr(error, "waiting for process to exit"))
        return BUILD_OWN;

    return says(error, TRANSIENT, ARRAY_LEN(TRANSIENT)) ? BUILD_PLATFORM : BUILD_OWN;
}

char *build_fault_words(const char *tail)
{
    cleanup_free char *error = last_error_text(tail);
    const char *rest = error;

    for (size_t i = 0; rest && i < ARRAY_LEN(BEFORE); i++)
        if (text_starts(rest, BEFORE[i]))
            rest += strlen(BEFORE[i]);

    return text_empty(rest) ? NULL : xstrdup(rest);
}
