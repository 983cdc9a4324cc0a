/* Versions of managed stores, from the image's tag (defang.md 7.8, 7.9), and what the image's
 * command sets on the server.
 *
 * A tag says which server people tested with, and AWS offers versions of its own: each table says
 * which one stands for it. A tag that says none (`latest`) leaves the choice to AWS or takes the
 * newest of the table; `exact` tells the checks whether to warn. */
#include "base/mem.h"
#include "base/str.h"
#include "plan/store/offers.h"
#include "plan/store/store.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The tag of "registry:5000/repo:tag@sha256:…", or "" when it has none. */
static void image_tag(const char *image, char *out, size_t size)
{
    const char *end = strchr(image, '@');
    size_t n = end ? (size_t)(end - image) : strlen(image);
    const char *colon = NULL;
    for (size_t i = 0; i < n; i++)
        colon = image[i] == '/' ? NULL : image[i] == ':' ? image + i : colon;
    snprintf(out, size, "%.*s", colon ? (int)(image + n - colon - 1) : 0, colon ? colon + 1 : "");
}

/* "16" or "16.3" at p, as long as nothing but a suffix ("-alpine") follows. */
static bool version_at(const char *p, char *out, size_t size)
{
    size_t n = strspn(p, "0123456789");
    if (!n || n > 2)
        return false;
    if (p[n] == '.' && isdigit((unsigned char)p[n + 1]))
        n += 1 + strspn(p + n + 1, "0123456789");
    if (p[n] && p[n] != '-' && p[n] != '.')
        return false;
    snprintf(out, size, "%.*s", (int)n, p);
    return true;
}

const char *plan_postgres_version(const char *image)
{
    static _Thread_local char version[16];
    char tag[128];

    image_tag(image ? image : "", tag, sizeof tag);
    const char *pg = strstr(tag, "pg"); /* "0.8.0-pg17", "pg16", "latest-pg16" */
    if (pg && isdigit((unsigned char)pg[2]))
        return version_at(pg + 2, version, sizeof version) ? version : NULL;

    /* Versions below 9 are the extension's own, as in "0.8.0". */
    return version_at(tag, version, sizeof version) && (version[0] == '9' || version[1] >= '0')
               ? version
               : NULL;
}

static long long leading(const char *version)
{
    long long n = 0;

    for (; isdigit((unsigned char)*version) && n < 1000; version++)
        n = n * 10 + (*version - '0');
    return n;
}

/* "16.3" → 3; -1 where there is none. */
static long long minor_of(const char *version)
{
    const char *dot = strchr(version, '.');

    return dot ? leading(dot + 1) : -1;
}

void plan_postgres_offer(const char *wanted, struct plan_postgres_offer *out)
{
    long long major = leading(wanted), minor = minor_of(wanted);

    *out = (struct plan_postgres_offer){0};
    for (const char *const *v = offers_versions("postgres"); *v; v++) {
        long long of = leading(*v);

        if (!out->nearest || of <= major)
            out->nearest = of;
        if (of != major || (out->version && minor >= 0 && minor_of(out->version) >= minor))
            continue; /* the first that is not older than what is asked for */
        out->version = *v;
    }
    out->exact = out->version && (minor < 0 || minor_of(out->version) == minor);
}

/* Standard support ended on 29 February 2024 (11), 28 February 2025 (12) and 28 February 2026 (13):
 * docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html */
bool plan_postgres_is_extended(long long major)
{
    return major > 0 && major < 14;
}

static bool is_valkey(const char *image)
{
    const char *slash = strrchr(image, '/');
    return text_starts(slash ? slash + 1 : image, "valkey");
}

/* ElastiCache has its own versions: the nearest that is not older within the major one that it
 * offers. */
void plan_cache_version(const char *image, struct plan_cache_version *out)
{
    static const struct {
        bool valkey;
        const char *tag, *version;
    } known[] = {
        {false, "5", "5.0.6"},
        {false, "6.0", "6.2"},
        {false, "6.2", "6.2"},
        {false, "6", "6.2"},
        {false, "7.0", "7.0"},
        {false, "7.1", "7.1"},
        {false, "7", "7.1"},
        {true, "7.2", "7.2"},
        {true, "7", "7.2"},
        {true, "8.0", "8.0"},
        {true, "8.1", "8.1"},
        {true, "8", "8.1"},
    };

    char tag[128], version[16] = "";

    image_tag(image ? image : "", tag, sizeof tag);
    bool valkey = image && is_valkey(image);
    bool said = version_at(tag, version, sizeof version);
    *out = (struct plan_cache_version){
        .engine = valkey ? "valkey" : "redis", .version = valkey ? "8.1" : "7.1", .exact = !said};
    for (size_t i = 0; said && i < ARRAY_LEN(known); i++) {
        size_t n = strlen(known[i].tag);
        if (known[i].valkey == valkey && strncmp(version, known[i].tag, n) == 0 &&
            (!version[n] || strchr(known[i].tag, '.') || known[i].tag[0] < '7')) {
            out->version = known[i].version;
            out->exact = true;
            break;
        }
    }

    /* Redis offers encryption in transit beside plain text from 7.0.5 on; ElastiCache's 7.0
     * is 7.0.7 or later. */
    out->tls = valkey || out->version[0] >= '7';
}

/* DocumentDB speaks 4.0 and 5.0 of MongoDB's protocol; 3.6 is past its support. A client of a
 * version between works with the one below, and a later one as far as it asks for nothing newer
 * than 5.0. */
void plan_document_version(const char *image, struct plan_document_version *out)
{
    static const struct {
        const char *tag, *version;
        bool exact;
    } known[] = {
        {"3", "4.0.0", false},
        {"4.0", "4.0.0", true},
        {"4", "4.0.0", false},
        {"5", "5.0.0", true},
        {"6", "5.0.0", false},
        {"7", "5.0.0", false},
        {"8", "5.0.0", false},
    };

    char tag[128], version[16] = "";

    image_tag(image ? image : "", tag, sizeof tag);
    bool said = version_at(tag, version, sizeof version);
    *out = (struct plan_document_version){.version = "5.0.0", .exact = !said};
    for (size_t i = 0; said && i < ARRAY_LEN(known); i++) {
        size_t n = strlen(known[i].tag);
        if (strncmp(version, known[i].tag, n) != 0 || (version[n] && version[n] != '.'))
            continue;
        *out = (struct plan_document_version){known[i].version, known[i].exact};
        return;
    }
}

/* ---- settings of the server ---- */

/* Parameters of the server that people set in Compose and RDS lets be set; numbers in RDS's own
 * unit, words as they are. */
bool plan_postgres_parameter(
    struct arena *a,
    const struct compose_service *s,
    size_t i,
    const char **name,
    const char **value)
{
    static const char *const known[] = {
        "max_connections",
        "shared_preload_libraries",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "lock_timeout",
        "log_statement",
        "log_min_duration_statement",
        "log_connections",
        "log_disconnections",
        "random_page_cost",
        "default_statistics_target",
        "max_parallel_workers",
        "max_worker_processes",
        "jit",
        "timezone",
        "track_activity_query_size",
        "max_locks_per_transaction",
        "deadlock_timeout",
        "autovacuum_max_workers",
        "autovacuum_naptime"};
    const char *word = s->command[i];
    const char *setting = NULL;
    if (text_starts(word, "--"))
        setting = word + 2;
    else if (i && text_eq(s->command[i - 1], "-c"))
        setting = word;

    const char *equals = setting ? strchr(setting, '=') : NULL;
    if (!equals || !equals[1] || strlen(equals + 1) > 256)
        return false;

    size_t digits = strspn(equals + 1, "0123456789.");
    if (digits && equals[1 + digits]) /* "30s": RDS knows no units */
        return false;

    *name = arena_printf(a, "%.*s", (int)(equals - setting), setting);
    *value = equals + 1;
    for (size_t k = 0; k < ARRAY_LEN(known); k++)
        if (strcmp(known[k], *name) == 0)
            return true;
    return false;
}

const char *plan_cache_window(struct arena *a, const struct plan_settings *s)
{
    if (strcmp(s->backup_window, PLAN_BACKUP_WINDOW) == 0)
        return "09:30-10:30"; /* the reference's own */
    unsigned h = 0, m = 0;
    sscanf(s->backup_window, "%2u:%2u", &h, &m);
    return arena_printf(a, "%02u:%02u-%02u:%02u", h, m, (h + 1) % 24, m);
}

const char *plan_maintenance_window(struct arena *a, const char *backup_window)
{
    static const char *const days[] = {"sun", "mon"};
    unsigned h = 5, m = 0;
    const char *to = strchr(backup_window, '-');

    if (to)
        sscanf(to + 1, "%2u:%2u", &h, &m);

    unsigned from = h * 60 + m + 30, until = from + 60;
    return arena_printf(
        a,
        "%s:%02u:%02u-%s:%02u:%02u",
        days[from >= 1440],
        from / 60 % 24,
        from % 60,
        days[until >= 1440],
        until / 60 % 24,
        until % 60);
}
