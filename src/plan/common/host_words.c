/* Host names in values, whole words only: what is a user, a password, a database or a path of the
 * same spelling is left alone. In postgres://shop:shop@shop:5432/shop one word of four is a host.
 *
 * These places are hosts whatever the variable is called:
 * - the authority of a URL, behind the last "@" of its user part; several, with commas between;
 * - a word behind "@" that a port or an end follows (oracle:thin:@db:1521, rabbit@mq);
 * - what stands for a key that says host, server, addr … (host=db, "host": "db", Data Source=db).
 *
 * These are unless the variable's name says that it holds something else (…_USER, …_DATABASE,
 * …_PASSWORD and their like, NOT_HOSTS):
 * - a word with a port (db:5432), and what is in tcp(…);
 * - the word that is the whole value, or ends it.
 *
 * In a variable whose name says that it holds hosts (HOSTS), a list of words is a list of hosts,
 * and a word before a path is one. In a command, a word behind -h, --host and their like is one, or
 * behind nc, ping and a few others.
 *
 * A word is not looked for behind "/" or "$", where a path or a variable of a shell is. */
#include "plan/common/host_words.h"
#include "base/mem.h"
#include "base/str.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum hint { SAYS_HOST, SAYS_NOTHING, SAYS_OTHER, IS_COMMAND };

#define FLAGS_MAX 8 /* between a program and the host that it asks */

struct scan {
    struct arena *a;
    const struct host_text *t;
    const char *text;
    enum hint hint;
    bool list;    /* nothing but words and what parts them */
    size_t first; /* where the first word is */
    struct host_word *words;
    size_t count, room;
};

static bool is_host_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == HOST_WORD_HOLE;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* ---- what the variable's name says ---- */

/* By the end of the name's last part: DB_HOST, PGHOST, SPRING_REDIS_HOST. */
static const char *const HOSTS[] = {
    "HOST",     "HOSTS",     "HOSTNAME", "HOSTNAMES", "ADDR",      "ADDRS",   "ADDRESS",
    "SERVER",   "SERVERS",   "URL",      "URLS",      "URI",       "URIS",    "ENDPOINT",
    "BROKER",   "BROKERS",   "UPSTREAM", "UPSTREAMS", "ADDRESSES", "BACKEND", "BACKENDS",
    "PROXY",    "DSN",       "NODES",    "SEEDS",     "PEERS",     "DNS",     "ENDPOINTS",
    "SENTINEL", "SENTINELS", "ORIGIN",   "ORIGINS",   "DOMAIN",    "CONNECT", "BOOTSTRAP"};

/* The same, of what may well be called like a service and is none. */
static const char *const NOT_HOSTS[] = {
    "USER",  "USERNAME", "LOGIN",      "DATABASE", "DBNAME", "PASSWORD", "PASSWD",      "PASS",
    "PWD",   "SCHEMA",   "KEYSPACE",   "VHOST",    "BUCKET", "ROLE",     "TOKEN",       "SECRET",
    "MODE",  "TYPE",     "ENV",        "PREFIX",   "PATH",   "DIR",      "ENVIRONMENT", "FILE",
    "IMAGE", "TAG",      "GROUP",      "TOPIC",    "QUEUE",  "INDEX",    "TABLE",       "LABEL",
    "TITLE", "PROFILE",  "COLLECTION", "PROFILES", "MODULE", "COMMAND",  "CREDENTIALS", "AUTH"};

/* Short ones, which other words end with: the whole last part. */
static const char *const NOT_HOSTS_WHOLE[] = {"DB", "ID", "KEY", "CMD", "APP", "NAME"};

static bool ends_with_one(const char *part, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_ends(part, list[i]))
            return true;
    return false;
}

static bool is_one(const char *part, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(part, list[i]) == 0)
            return true;
    return false;
}

static char *upper_parts(const char *variable)
{
    char *upper = xstrdup(variable);

    for (char *p = upper; *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    for (size_t n = strlen(upper); n && upper[n - 1] == '_'; n--)
        upper[n - 1] = '\0';
    return upper;
}

static enum hint hint_of(const char *variable)
{
    if (!variable)
        return IS_COMMAND;

    cleanup_free char *name = upper_parts(variable);
    char *cut = strrchr(name, '_');
    const char *last = cut ? cut + 1 : name;

    /* DB_HOST_NAME is a host, and DB_NAME is none. */
    if (cut && strcmp(last, "NAME") == 0) {
        *cut = '\0';
        const char *before = strrchr(name, '_');
        before = before ? before + 1 : name;
        bool host = ends_with_one(before, HOSTS, ARRAY_LEN(HOSTS)) && strcmp(before, "VHOST") != 0;
        return host ? SAYS_HOST : SAYS_OTHER;
    }
    if (ends_with_one(last, NOT_HOSTS, ARRAY_LEN(NOT_HOSTS)) ||
        is_one(last, NOT_HOSTS_WHOLE, ARRAY_LEN(NOT_HOSTS_WHOLE)))
        return SAYS_OTHER;
    return ends_with_one(last, HOSTS, ARRAY_LEN(HOSTS)) ? SAYS_HOST : SAYS_NOTHING;
}

/* ---- what was found ---- */

static void found(struct scan *x, size_t at, size_t end, bool sure)
{
    if (x->count == x->room) {
        size_t room = x->room ? 2 * x->room : 8;
        struct host_word *more = arena_array(x->a, struct host_word, room);
        if (x->count)
            memcpy(more, x->words, x->count * sizeof *more);
        x->words = more;
        x->room = room;
    }
    x->words[x->count++] = (struct host_word){at, end - at, sure};
}

static size_t word_end(const struct scan *x, size_t at)
{
    while (x->text[at] && is_host_char(x->text[at]))
        at++;
    return at;
}

/* Without the full stop of a sentence, or of a name that is meant to be whole. */
static size_t without_dots(const struct scan *x, size_t at, size_t end)
{
    while (end > at && x->text[end - 1] == '.')
        end--;
    return end;
}

/* ---- the authority of a URL ---- */

static bool in_authority(char c)
{
    return c && !is_blank(c) && !is_quote(c) && !strchr("/?#\\<>|;)]&", c);
}

/* ":5432", ":$PORT", ":${PORT}", a config value; up to `end`. */
static bool is_port(const struct scan *x, size_t at, size_t end)
{
    if (x->text[at] != ':' || at + 1 >= end)
        return false;
    if (strchr("${%", x->text[at + 1]) || x->text[at + 1] == HOST_WORD_HOLE)
        return true;
    for (size_t i = at + 1; i < end; i++)
        if (!isdigit((unsigned char)x->text[i]))
            return false;
    return true;
}

static void one_host(struct scan *x, size_t at, size_t end)
{
    size_t stop = MIN(word_end(x, at), end), word = without_dots(x, at, stop);

    if (word > at && (stop == end || is_port(x, stop, end)))
        found(x, at, word, true);
}

/* Returns where it ends. */
static size_t authority(struct scan *x, size_t at)
{
    size_t end = at, hosts = at;

    for (; in_authority(x->text[end]); end++)
        if (x->text[end] == '@')
            hosts = end + 1;
    for (size_t i = hosts; i < end;) {
        const char *comma = memchr(x->text + i, ',', end - i);
        size_t piece = comma ? (size_t)(comma - x->text) : end;
        one_host(x, i, piece);
        i = piece + 1;
    }
    return end;
}

/* "//" of "scheme://" or of a URL without one; not of a path. */
static bool begins_authority(const struct scan *x, size_t at)
{
    if (x->text[at] != '/' || x->text[at + 1] != '/')
        return false;
    return at == 0 || strchr(":@=,(", x->text[at - 1]) || is_blank(x->text[at - 1]) ||
           is_quote(x->text[at - 1]);
}

/* ---- words elsewhere ---- */

static char char_before(const struct scan *x, size_t at)
{
    return at ? x->text[at - 1] : '\0';
}

/* The word has a port, and is no user with a password of digits. */
static bool has_port(const struct scan *x, size_t end)
{
    if (x->text[end] != ':')
        return false;
    if (x->text[end + 1] == '$')
        return true;
    size_t digits = strspn(x->text + end + 1, "0123456789");
    char after = x->text[end + 1 + digits];
    return digits && digits <= 5 && !is_host_char(after) && after != '@';
}

static bool ends_word(char c)
{
    return !c || is_blank(c) || is_quote(c) || strchr(",;/&)}]|<>", c);
}

static bool key_says_host(const char *key, size_t n)
{
    static const char *const keys[] = {
        "host",
        "hosts",
        "hostname",
        "hostaddr",
        "server",
        "servers",
        "servername",
        "addr",
        "address",
        "addresses",
        "source",
        "broker",
        "brokers",
        "endpoint",
        "upstream",
        "endpoints"};

    if (n >= 5 && strncasecmp(key + n - 5, "vhost", 5) == 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        size_t len = strlen(keys[i]);
        if (n >= len && strncasecmp(key + n - len, keys[i], len) == 0)
            return true;
    }
    return false;
}

/* host=, "host": ", Data Source = , Server=tcp: */
static bool after_key(const struct scan *x, size_t at)
{
    size_t i = at;

    if (i >= 4 && strncasecmp(x->text + i - 4, "tcp:", 4) == 0)
        i -= 4;
    while (i && (is_quote(x->text[i - 1]) || x->text[i - 1] == ' '))
        i--;
    if (!i || (x->text[i - 1] != '=' && x->text[i - 1] != ':'))
        return false;
    i--;
    while (i && (is_quote(x->text[i - 1]) || x->text[i - 1] == ' '))
        i--;
    size_t end = i;
    while (i && (isalpha((unsigned char)x->text[i - 1]) || strchr("-_.", x->text[i - 1])))
        i--;
    return key_says_host(x->text + i, end - i);
}

/* -h, --host, --db-host; nc, ping and their like are asked with a host, too. */
static bool word_asks_host(const char *word, size_t n)
{
    static const char *const programs[] = {"nc", "ncat", "telnet", "ping", "nslookup"};

    if (n > 1 && word[0] == '-')
        return (n == 2 && tolower((unsigned char)word[1]) == 'h') || key_says_host(word, n);
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        if (n == strlen(programs[i]) && strncmp(word, programs[i], n) == 0)
            return true;
    return false;
}

static bool after_flag(const struct scan *x, size_t at)
{
    size_t end = at;

    if (x->hint != IS_COMMAND)
        return false;
    if (!at)
        return x->t->before && word_asks_host(x->t->before, strlen(x->t->before));

    /* Of a program, its flags may stand between: nc -z db 5432. */
    for (unsigned flags = 0; flags <= FLAGS_MAX; flags++) {
        while (end && is_blank(x->text[end - 1]))
            end--;
        size_t begin = end;
        while (begin && !is_blank(x->text[begin - 1]) && !strchr("\"'`(;&|", x->text[begin - 1]))
            begin--;
        if (begin == end)
            return false;
        bool flag = x->text[begin] == '-';
        if ((!flags || !flag) && word_asks_host(x->text + begin, end - begin))
            return true;
        if (!flag)
            return false;
        end = begin;
    }
    return false;
}

static bool is_whole(const struct scan *x, size_t at, size_t end)
{
    return x->first == at && !x->text[end + strspn(x->text + end, " \t")];
}

static bool in_tcp(const struct scan *x, size_t at, size_t end)
{
    return at >= 4 && strncasecmp(x->text + at - 4, "tcp(", 4) == 0 && x->text[end] == ')';
}

static bool is_path_or_variable(const struct scan *x, size_t at)
{
    char before = char_before(x, at);

    return before == '/' || before == '\\' || before == '$' ||
           (before == '{' && at > 1 && x->text[at - 2] == '$');
}

static bool is_host(const struct scan *x, size_t at, size_t end, bool *sure)
{
    char before = char_before(x, at), after = x->text[end];

    if (is_path_or_variable(x, at))
        return false;
    if (before == '@' && (has_port(x, end) || ends_word(after)))
        return true;
    if (after_key(x, at) && (ends_word(after) || has_port(x, end)))
        return true;
    if (x->hint == SAYS_OTHER)
        return false;
    if (has_port(x, end) || in_tcp(x, at, end))
        return true;
    if (x->hint == IS_COMMAND)
        return ends_word(after) && after_flag(x, at);
    *sure = x->hint == SAYS_HOST;
    if (is_whole(x, at, end) || (!after && at && is_blank(before)))
        return true;
    return x->hint == SAYS_HOST && (x->list || (at == 0 && after == '/'));
}

/* mysql takes "-hdb". */
static size_t behind_h(const struct scan *x, size_t at, size_t end)
{
    bool joined = x->hint == IS_COMMAND && end - at > 2 && x->text[at] == '-' &&
                  x->text[at + 1] == 'h' && ends_word(char_before(x, at)) &&
                  ends_word(x->text[end]);

    return joined ? at + 2 : at;
}

static size_t word(struct scan *x, size_t at)
{
    size_t stop = word_end(x, at), end = without_dots(x, at, stop);
    size_t begin = behind_h(x, at, end);
    bool sure = true;

    if (end > at && (begin > at || is_host(x, at, stop, &sure)))
        found(x, begin, end, sure);
    return stop;
}

static bool is_list(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!is_host_char(*p) && !is_blank(*p) && !is_quote(*p) && !strchr(",;:[]|", *p))
            return false;
    return true;
}

size_t plan_host_words(struct arena *a, const struct host_text *t, struct host_word **out)
{
    struct scan x = {
        .a = a,
        .t = t,
        .text = t->text,
        .hint = hint_of(t->variable),
        .list = is_list(t->text),
        .first = strspn(t->text, " \t")};

    for (size_t i = 0; x.text[i];) {
        if (begins_authority(&x, i))
            i = authority(&x, i + 2);
        else if (is_host_char(x.text[i]))
            i = word(&x, i);
        else
            i++;
    }
    *out = x.words;
    return x.count;
}
