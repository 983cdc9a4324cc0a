/* The points' names, and what happens when one is reached. See fault_point.h.
 *
 * A name must be the same in each run of the same thing, so that one that was recorded can be armed
 * in the next: of what it is about only the first and the last part stay (keys of the journal hold
 * ids in between), and no digest or number of a task. A commit is about what was written last
 * before it, since "the 31st commit" is another one whenever a look at AWS more or less was taken.
 *
 * Recorded is what is reached, before it is decided whether to die there: the last line of a killed
 * run is where it died. */
#include "loop/fault_point.h"

#include "base/mem.h"
#include "base/str.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 160

static const struct {
    const char *kind, *why;
} kinds[] = {
    {"admit.stored", "a deployment's row is flushed, and its id not answered"},
    {"step.enter", "before a step is entered in the journal"},
    {"step.leave", "before a step is left in the journal: all of it is done"},
    {"intent.put", "before an intent is written"},
    {"state.move", "before a state is written; its event is"},
    {"event.append", "before an event is written; its number is taken"},
    {"commit.before", "a transaction is whole and not committed"},
    {"commit.after", "committed, nobody told"},
    {"publish.sent", "an event has gone to a watcher, the next has not"},
    {"publish.after", "all watchers were told of the commit"},
    {"call.before", "before a call that changes something at AWS"},
    {"call.after", "AWS has answered it, and nothing here knows"},
};

static struct {
    char armed[NAME_MAX_BYTES];
    unsigned nth, seen;
    int record_fd;
    char written[NAME_MAX_BYTES]; /* the journal's last word: what a commit is about */
} state = {.record_fd = -1};

const char *fault_kind(unsigned i, const char **why)
{
    if (i >= ARRAY_LEN(kinds))
        return NULL;
    *why = kinds[i].why;
    return kinds[i].kind;
}

static bool known(const char *name)
{
    size_t n = strcspn(name, "/:");

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strlen(kinds[i].kind) == n && strncmp(kinds[i].kind, name, n) == 0)
            return true;
    return false;
}

bool fault_arm(const char *spec, const char *record)
{
    if (!text_empty(record)) {
        state.record_fd = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (state.record_fd < 0)
            return false;
    }
    if (text_empty(spec))
        return true;

    const char *colon = strrchr(spec, ':');
    long long nth = 1;
    size_t n = colon ? (size_t)(colon - spec) : strlen(spec);

    if (n >= sizeof state.armed || !known(spec))
        return false;
    if (colon && text_parse_int(colon + 1, 1, 1000000, &nth) < 0)
        return false;
    memcpy(state.armed, spec, n);
    state.armed[n] = '\0';
    state.nth = (unsigned)nth;
    return true;
}

/* First and last part; what no name may hold becomes an underscore. */
static void write_about(char *to, size_t room, const char *about)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";
    const char *first = strchr(about, '/'), *last = strrchr(about, '/');

    if (first)
        snprintf(to, room, "%.*s.%s", (int)(first - about), about, last + 1);
    else
        snprintf(to, room, "%s", about);
    for (char *p = to; *p; p++)
        if (!strchr(fine, *p))
            *p = '_';
}

static void record(const char *name)
{
    char line[NAME_MAX_BYTES + 2];
    int n = snprintf(line, sizeof line, "%s\n", name);

    if (state.record_fd >= 0 && n > 0 && write(state.record_fd, line, (size_t)n) < 0)
        abort(); /* a test that cannot record must not look like one that reached nothing */
}

void fault_point(const char *kind, const char *about)
{
    char name[NAME_MAX_BYTES], subject[NAME_MAX_BYTES / 2];

    if (state.record_fd < 0 && !state.armed[0])
        return;
    if (!known(kind))
        abort(); /* one without a row in the table is in no list */

    write_about(subject, sizeof subject, about ? about : state.written);
    if (text_starts(kind, "step.") || text_starts(kind, "intent.") || text_starts(kind, "state."))
        snprintf(state.written, sizeof state.written, "%s", subject);
    snprintf(name, sizeof name, "%s%s%s", kind, subject[0] ? "/" : "", subject);
    if (text_eq(kind, "publish.after"))
        state.written[0] = '\0'; /* the next turn's commit may be of events alone */

    record(name);
    if (!text_eq(name, state.armed) || ++state.seen < state.nth)
        return;
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}
