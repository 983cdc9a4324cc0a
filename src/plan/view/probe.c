/* A healthcheck's test as the request that it makes.
 *
 * CMD is a list of words, CMD-SHELL a line that is cut into commands here (quotes, ; & | and $( )
 * are known, nothing is run). Of each command the program decides what is read:
 * - curl, wget and their like take a host without a scheme, so "curl localhost:80/x" is a request,
 *   while "redis-cli -h localhost" and "nc -z localhost 80" are none;
 * - a shell with -c is a line again;
 * - of any other program (python, node, a script) only a whole URL counts, http:// or https://.
 * The last request that is found wins, for each field that it says, as the reference has it
 * (defang.md 6.6, vector 14).
 *
 * The host must be the container itself: localhost, 127.…, 0.0.0.0, ::1, or the service's own name.
 * 127.0.0.11 is Docker's name server. What passes is what the program lets pass: curl takes any
 * answer unless it is told to fail, and a code that a line compares %{http_code} with is the one.
 */
#include "plan/view/probe.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PATH_MAX_CHARS 333 /* as much of a path as is taken over */
#define DEPTH_MAX      4   /* of $( ) and sh -c */
#define WORDS_MAX      256 /* of one command; what stands behind is not read */
#define PASS           "200-399"

struct reader {
    struct arena *a;
    const struct compose_service *s;
    struct plan_probe *out;
    const char *code; /* a status that some word names, for %{http_code} */
    bool asks_code;
    unsigned depth;
};

struct words {
    const char *items[WORDS_MAX];
    size_t count;
};

static bool one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

static const char *program_of(const char *word)
{
    const char *slash = strrchr(word, '/');

    return slash ? slash + 1 : word;
}

static bool is_client(const char *program)
{
    static const char *const clients[] = {
        "curl", "wget", "http", "https", "xh", "fetch", "lwp-request", "GET", "HEAD", NULL};

    if (one_of(program, clients))
        return true;

    /* Programs of an image's own, called after what they do. */
    return strstr(program, "probe") || strstr(program, "health") || strstr(program, "grpc");
}

/* ---- variables ---- */

static const char *value_of(const struct reader *r, const char *name)
{
    if (strcmp(name, "HOSTNAME") == 0)
        return "localhost";

    for (size_t i = 0; i < r->s->environment_count; i++)
        if (strcmp(r->s->environment[i].name, name) == 0)
            return compose_text_literal(r->a, &r->s->environment[i].value);
    return NULL;
}

/* $NAME, ${NAME}, ${NAME:-otherwise}; 0 when none of these stands at p. */
static size_t variable_at(const struct reader *r, const char *p, struct str *out)
{
    bool braced = p[1] == '{';
    const char *name = p + 1 + braced;
    size_t length = 0;

    while (isalnum((unsigned char)name[length]) || name[length] == '_')
        length++;
    if (!length || isdigit((unsigned char)*name))
        return 0;

    const char *end = name + length;
    const char *otherwise = NULL;
    if (braced) {
        const char *close = strchr(end, '}');
        if (!close)
            return 0;
        const char *text = *end == ':' ? end + 1 : end;
        if (*text == '-')
            otherwise = arena_strndup(r->a, text + 1, (size_t)(close - text - 1));
        end = close + 1;
    }

    const char *value = value_of(r, arena_strndup(r->a, name, length));
    if (text_empty(value))
        value = otherwise;
    if (value)
        str_append(out, value);
    else
        str_append_bytes(out, p, (size_t)(end - p));
    return (size_t)(end - p);
}

static const char *expand(const struct reader *r, const char *text)
{
    cleanup_str struct str out = STR_INIT;

    if (!strchr(text, '$'))
        return text;

    for (const char *p = text; *p;) {
        size_t taken = *p == '$' ? variable_at(r, p, &out) : 0;
        if (!taken)
            str_append_char(&out, *p);
        p += taken ? taken : 1;
    }

    return arena_strdup(r->a, str_get(&out));
}

/* ---- URLs ---- */

static bool url_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("-._~:/?[]@!$&()*+,;%=", c));
}

static bool host_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '.' || c == '_';
}

/* Addresses of the machine itself. Docker's name server is at 127.0.0.11. */
static bool is_loopback(const char *host, size_t length)
{
    static const char *const names[] = {"localhost", "0.0.0.0", "0", "[::1]", "[::]"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == length && strncasecmp(host, names[i], length) == 0)
            return true;
    if (length == strlen("127.0.0.11") && strncmp(host, "127.0.0.11", length) == 0)
        return false;

    return length > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= length;
}

static bool is_own_name(const struct compose_service *s, const char *host, size_t length)
{
    const char *const names[] = {s->name, s->hostname, s->container_name};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i] && strlen(names[i]) == length && strncmp(names[i], host, length) == 0)
            return true;
    return false;
}

static size_t host_length(const char *p)
{
    size_t length = 0;

    if (*p == '[')
        return strchr(p, ']') ? (size_t)(strchr(p, ']') - p) + 1 : 0;
    while (host_char(p[length]))
        length++;
    return length;
}

/* Five digits at most; a number that is no port is passed over, and so is a variable that nobody
 * knows. */
static const char *read_port(const char *p, struct plan_probe *out)
{
    unsigned number = 0;

    for (unsigned digits = 0; isdigit((unsigned char)*p) && digits < 5; p++, digits++)
        number = number * 10 + (unsigned)(*p - '0');
    if (number >= 1 && number <= 65535) {
        out->port = number;
        out->has_port = true;
    }
    if (*p == '$')
        p += strcspn(p, "/? \t\"'");
    return p;
}

/* "[scheme://]host[:port][/path|?query]" at p; false when the host is another machine. */
static bool read_url(struct reader *r, const char *p)
{
    bool tls = strncasecmp(p, "https://", 8) == 0;
    bool plain = strncasecmp(p, "http://", 7) == 0;

    if (tls || plain)
        p += tls ? 8 : 7;
    size_t host = host_length(p);
    if (!host || !(is_loopback(p, host) || is_own_name(r->s, p, host)))
        return false;

    p += host;
    r->out->http = true;
    r->out->tls = tls;
    if (tls) {
        r->out->port = 443;
        r->out->has_port = true;
    }
    if (*p == ':')
        p = read_port(p + 1, r->out);

    if (*p == '/' || *p == '?') {
        size_t length = 0;
        while (length < PATH_MAX_CHARS && url_char(p[length]))
            length++;
        r->out->path = arena_strndup(r->a, p, length);
    }
    return true;
}

/* Whole URLs inside a word: what a script in another language asks. */
static bool find_urls(struct reader *r, const char *word)
{
    bool found = false;

    for (const char *p = word; *p; p++)
        if (strncasecmp(p, "http://", 7) == 0 || strncasecmp(p, "https://", 8) == 0)
            found = read_url(r, p) || found;
    return found;
}

/* ---- commands ---- */

static void read_shell(struct reader *r, const char *line);

/* Options of curl and wget whose next word is no address, though it may look like one. */
static bool takes_word(const char *option)
{
    static const char *const with_word[] = {
        "-H",
        "-x",
        "-A",
        "-e",
        "-u",
        "-o",
        "-O",
        "-d",
        "-X",
        "-m",
        "-w",
        "-b",
        "-c",
        "-T",
        "-t",
        "-U",
        "--header",
        "--proxy",
        "--user-agent",
        "--referer",
        "--user",
        "--output",
        "--data",
        "--request",
        "--max-time",
        "--write-out",
        "--resolve",
        "--connect-to",
        "--noproxy",
        "--tries",
        "--timeout",
        "--retry",
        "--cacert",
        "--output-document",
        NULL};

    return one_of(option, with_word);
}

/* -f among short options of curl ("-fsS"), or one of the long ones. */
static bool fails_on_error(const char *word)
{
    if (strncmp(word, "--fail", 6) == 0)
        return true;
    return word[0] == '-' && word[1] != '-' && strchr(word, 'f');
}

static void read_client(struct reader *r, const char *program, const struct words *w, size_t from)
{
    bool strict = strcmp(program, "curl") != 0;
    bool found = false;

    for (size_t i = from; i < w->count; i++) {
        const char *word = w->items[i];

        if (word[0] == '-') {
            const char *value = strchr(word, '=');
            strict = strict || fails_on_error(word);
            if (strncmp(word, "--url=", 6) == 0)
                found = read_url(r, value + 1) || found;
            else if (takes_word(word))
                i++;
        } else {
            found = read_url(r, word) || found;
        }
    }

    if (found)
        r->out->codes = strict ? PASS : PLAN_PROBE_ANY;
}

static void read_inner(struct reader *r, const char *word)
{
    const char *begin = strstr(word, "$(");
    const char *end = begin ? strrchr(begin, ')') : NULL;

    if (end)
        read_shell(r, arena_strndup(r->a, begin + 2, (size_t)(end - begin - 2)));
}

/* What stands before the program: assignments, and programs that run another. */
static size_t program_at(const struct words *w)
{
    static const char *const before[] = {
        "exec",
        "time",
        "sudo",
        "env",
        "nice",
        "command",
        "!",
        "if",
        "then",
        "else",
        "while",
        "{",
        "(",
        "test",
        "[",
        NULL};
    size_t i = 0;

    for (; i + 1 < w->count; i++) {
        const char *word = w->items[i];
        bool assigns = isalpha((unsigned char)*word) && strchr(word, '=') &&
                       strcspn(word, "=") == strspn(
                                                 word,
                                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
                                                 "mnopqrstuvwxyz0123456789_");
        if (strcmp(word, "timeout") == 0) {
            while (i + 1 < w->count && w->items[i + 1][0] == '-')
                i++;
            i++; /* the time */
        } else if (!assigns && !one_of(word, before)) {
            break;
        }
    }
    return i;
}

static void read_words(struct reader *r, const struct words *w)
{
    static const char *const shells[] = {"sh", "bash", "ash", "dash", "zsh", NULL};
    size_t at = program_at(w);

    if (at >= w->count)
        return;

    const char *program = program_of(w->items[at]);
    for (size_t i = 0; i < w->count; i++) {
        const char *word = w->items[i];
        read_inner(r, word);
        r->asks_code = r->asks_code || strstr(word, "%{http_code}");
        if (strlen(word) == 3 && strspn(word, "0123456789") == 3 && *word >= '2' && *word <= '4')
            r->code = word;
    }

    if (is_client(program)) {
        read_client(r, program, w, at + 1);
        return;
    }
    for (size_t i = at; i < w->count; i++) {
        bool is_line = one_of(program, shells) && i > at + 1 && w->items[i - 1][0] == '-' &&
                       text_ends(w->items[i - 1], "c");
        if (is_line)
            read_shell(r, w->items[i]);
        else if (!strstr(w->items[i], "$(") && find_urls(r, w->items[i]))
            r->out->codes = PASS;
    }
}

/* One word of a line, its quotes taken off; `*p` behind it. $( ) stays together as it is. */
static const char *take_word(struct arena *a, const char **p)
{
    cleanup_str struct str word = STR_INIT;
    const char *c = *p;
    unsigned open = 0;
    char quote = 0;

    for (; *c; c++) {
        if (c[0] == '$' && c[1] == '(' && quote != '\'') {
            open++;
            str_append(&word, "$(");
            c++;
        } else if (open) {
            open += *c == '(';
            open -= *c == ')';
            str_append_char(&word, *c);
        } else if (quote ? *c == quote : *c == '\'' || *c == '"') {
            quote = quote ? 0 : *c;
        } else if (*c == '\\' && c[1] && quote != '\'') {
            str_append_char(&word, *++c);
        } else if (!quote && strchr(" \t\r\n;&|", *c)) {
            break;
        } else {
            str_append_char(&word, *c);
        }
    }

    *p = c;
    return arena_strdup(a, str_get(&word));
}

static void read_shell(struct reader *r, const char *line)
{
    struct words w = {.count = 0};

    if (r->depth == DEPTH_MAX)
        return;
    r->depth++;

    for (const char *p = line; *p;) {
        if (strchr(";&|\n", *p)) {
            read_words(r, &w);
            w.count = 0;
            p++;
        } else if (isspace((unsigned char)*p)) {
            p++;
        } else {
            const char *word = take_word(r->a, &p);
            if (w.count < WORDS_MAX)
                w.items[w.count++] = word;
        }
    }
    read_words(r, &w);

    r->depth--;
}

void plan_probe_read(struct arena *a, const struct compose_service *s, struct plan_probe *out)
{
    const struct compose_healthcheck *h = &s->healthcheck;
    struct reader r = {.a = a, .s = s, .out = out};

    *out = (struct plan_probe){.path = "/", .port = 80, .codes = PLAN_PROBE_ANY};
    if (!h->present || h->disabled || h->test_count < 2)
        return;

    if (strcmp(h->test[0], "CMD-SHELL") == 0) {
        for (size_t i = 1; i < h->test_count; i++)
            read_shell(&r, expand(&r, h->test[i]));
    } else if (strcmp(h->test[0], "CMD") == 0) {
        struct words w = {.count = 0};
        for (size_t i = 1; i < h->test_count && w.count < WORDS_MAX; i++)
            w.items[w.count++] = expand(&r, h->test[i]);
        read_words(&r, &w);
    }

    if (out->http && r.asks_code && r.code)
        out->codes = r.code;
}

bool plan_probed_outside(struct arena *a, const struct plan_service *s)
{
    struct plan_probe probe;
    bool grpc = false;

    for (size_t i = 0; i < s->port_count; i++)
        grpc = grpc || text_eq(s->ports[i].app_protocol, "grpc");

    plan_probe_read(a, s->s, &probe);
    return s->ingress && (probe.http || (grpc && plan_probes_grpc(&s->s->healthcheck)));
}

bool plan_probes_grpc(const struct compose_healthcheck *h)
{
    for (size_t i = 0; h->present && i < h->test_count; i++)
        if (strstr(h->test[i], "grpc_health_probe") || strstr(h->test[i], "grpc-health-probe"))
            return true;
    return false;
}
