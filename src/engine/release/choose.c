/* Which release is meant. Pure: over the entries of an index, newest first.
 *
 * What runs is the newest that went well, as long as all that came after it left no trace: AWS took
 * it back, or it was canceled. Of one that failed and was left as it is (--no-rollback, a roll back
 * that failed too) nobody knows what runs; then the newest that went well is where to go back to.
 *
 * A release with the same content as what runs is no place to go back to: a rollback of a rollback
 * would find itself there. Nor is one of `up SERVICE…`: its files are more than what it deployed.
 */
#include "engine/release/release.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/object.h"

#include <limits.h>

const json_t *release_find(const json_t *entries, const char *which)
{
    long long number = 0;
    size_t i;
    json_t *entry;

    if (text_empty(which))
        return NULL;
    text_parse_int(*which == '#' ? which + 1 : which, 1, INT_MAX, &number);

    json_array_foreach(entries, i, entry) {
        if (number && json_int_or(entry, "number", 0) == number)
            return entry;
        if (text_eq(json_str(entry, "deployment"), which))
            return entry;
    }
    return NULL;
}

static bool went_well(const json_t *entry)
{
    return text_eq(json_str(entry, "state"), "SUCCEEDED");
}

/* AWS took it back, or it was canceled: what ran before it runs. */
static bool left_no_trace(const json_t *entry)
{
    const char *state = json_str(entry, "state");

    return text_eq(state, "ROLLED_BACK") || text_eq(state, "CANCELED");
}

const json_t *release_current(const json_t *entries)
{
    size_t i;
    json_t *entry;

    json_array_foreach(entries, i, entry) {
        if (went_well(entry))
            return entry;
        if (!left_no_trace(entry))
            return NULL;
    }
    return NULL;
}

const json_t *release_before(const json_t *entries, bool deployed)
{
    const json_t *runs = deployed ? release_current(entries) : NULL;
    size_t i;
    json_t *entry;

    json_array_foreach(entries, i, entry) {
        bool same = runs && text_eq(json_str(entry, "content"), json_str(runs, "content"));

        if (went_well(entry) && !same && !json_object_get(entry, "partial"))
            return entry;
    }
    return NULL;
}
