/* What is said to a person: always on standard error, since standard output is data.
 *
 * Text that came from outside (a build tool's output, a stack's reason) is cleaned of control
 * characters before it is printed: an escape sequence in a log line could otherwise move the
 * cursor, rename the window, or hide what stands above. Colour follows --color, then NO_COLOR, then
 * the terminal, and never carries meaning alone.
 *
 * Widths are columns, not bytes: East Asian characters and emoji take two, marks that combine none,
 * so that a board with either still fits its window. */
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/view/json_out.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool color_out, color_err, json_mode;

/* NO_COLOR (no-color.org) holds unless --color or DEFANG_COLOR says `always`. */
static bool wants_color(const struct client *c, int fd)
{
    const char *when =
        c->options.color ? c->options.color : env_get_nonempty(c->env, "DEFANG_COLOR");

    if (text_eq(when, "always"))
        return true;
    if (text_eq(when, "never") || env_get_nonempty(c->env, "NO_COLOR"))
        return false;

    const char *term = env_get(c->env, "TERM");
    return isatty(fd) && !text_eq(term, "dumb");
}

/* Decided once: a stream does not become a terminal. */
void say_init(const struct client *c)
{
    color_out = wants_color(c, STDOUT_FILENO);
    color_err = wants_color(c, STDERR_FILENO);
    json_mode = c->options.json;
}

/* The two streams may differ: one of them is often a pipe. */
const char *say_on(FILE *f, enum say_style style)
{
    static const char *const codes[SAY_STYLES] = {
        "", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"};
    return (f == stdout ? color_out : color_err) ? codes[style] : "";
}

const char *say_off(FILE *f)
{
    return (f == stdout ? color_out : color_err) ? "\033[0m" : "";
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* What it makes is never longer than what came in, so it is written over the copy. The lines of a
 * text become one, a blank between them; or they stay when `lines` says so. */
static char *clean(const char *text, bool lines)
{
    char *out = xstrdup(text ? text : ""), *to = out;

    for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++) {
        if (*p == '\n' && lines)
            *to++ = '\n';
        else if (*p == '\t' || *p == '\n')
            *to++ = ' ';
        else if (*p == 0x1b && p[1] == '[') {
            /* A colour or cursor sequence of a build tool: all of it goes. */
            p += 2;
            while (*p && (*p < 0x40 || *p > 0x7e))
                p++;
            if (!*p)
                break;
        } else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
            p++; /* U+0080 to U+009F are control characters too: terminals take U+009B for ESC [ */
        } else if (*p >= 0x20 && *p != 0x7f)
            *to++ = (char)*p;
    }

    *to = '\0';
    return out;
}

char *say_clean(const char *text)
{
    return clean(text, false);
}

/* Hints are commands to type, one a line: indented, so that they can be copied. */
void say_hint(const char *hint)
{
    if (text_empty(hint))
        return;

    cleanup_free char *copy = xstrdup(hint);
    for (char *line = copy; line;) {
        char *next = strchr(line, '\n');

        if (next)
            *next++ = '\0';

        cleanup_free char *plain = say_clean(line);
        say("  %s", plain);
        line = next;
    }
}

/* Place, text, code of AWS: in the order in which one looks for them. */
void say_error(const struct client *c, const struct error *err)
{
    if (c->options.json)
        json_out_error(stdout, err, c->losses_json);

    cleanup_free char *message = clean(err->message, true); /* a program's own words, say */
    cleanup_str struct str where = STR_INIT, code = STR_INIT;

    if (err->file && err->line && err->column)
        str_appendf(&where, "%s:%u:%u: ", err->file, err->line, err->column);
    else if (err->file && err->line)
        str_appendf(&where, "%s:%u: ", err->file, err->line);
    else if (err->file)
        str_appendf(&where, "%s: ", err->file);

    if (err->aws_code)
        str_appendf(
            &code,
            " (%s%s%s)",
            err->aws_code,
            err->request_id ? ", request " : "",
            err->request_id ? err->request_id : "");

    say("%sdefangctl: %s%s%s%s",
        say_on(stderr, SAY_BAD),
        str_get(&where),
        message,
        str_get(&code),
        say_off(stderr));
    say_hint(err->hint);
}

/* All of them: who mends a file wants to mend it once. */
void say_diagnostics(const struct client *c, Defang__Diagnostic *const *list, size_t n)
{
    static const char *const words[] = {"error", "warning", "note"};

    static const enum say_style styles[] = {SAY_BAD, SAY_WARN, SAY_DIM};

    for (size_t i = 0; i < n; i++) {
        const Defang__Diagnostic *d = list[i];
        size_t severity = d->severity < ARRAY_LEN(words) ? d->severity : 1;
        cleanup_free char *message = say_clean(d->message);
        cleanup_str struct str where = STR_INIT;

        if (!text_empty(d->file))
            str_appendf(&where, "%s:%u:%u: ", d->file, d->line, d->column);
        say("%s%s%s:%s %s",
            str_get(&where),
            say_on(stderr, styles[severity]),
            words[severity],
            say_off(stderr),
            message);
        say_hint(d->hint);
    }
}

/* The error counts them: repeating the first mistake would look like one more. */
void say_wire_diagnostics(const struct client *c, struct rpc_client *rpc, struct error *err)
{
    size_t n = 0, mistakes = 0;
    Defang__Diagnostic *const *list = rpc_client_diagnostics(rpc, &n);

    for (size_t i = 0; i < n; i++)
        mistakes += list[i]->severity == 0;
    if (mistakes == 1 && n == 1)
        return; /* it is the error itself */

    say_diagnostics(c, list, n);
    if (mistakes == 0 || c->options.json)
        return;

    enum error_kind kind = err->kind;
    error_done(err);
    error_raise(
        err, kind, "%zu mistake%s in the project's files", mistakes, mistakes == 1 ? "" : "s");
}

/* Precision falls with length: nobody needs the seconds of an hour. */
void say_elapsed(int64_t ms, char *out, size_t n)
{
    if (ms < 0)
        ms = 0;
    long long s = ms / 1000;
    if (s < 60)
        snprintf(out, n, "%lld.%lld s", s, (long long)(ms % 1000) / 100);
    else if (s < 3600)
        snprintf(out, n, "%lld m %02lld s", s / 60, s % 60);
    else
        snprintf(out, n, "%lld h %02lld m", s / 3600, s / 60 % 60);
}

/* Local, because people compare it with their own clock. */
void say_time(int64_t wall_ms, char *out, size_t n)
{
    time_t t = (time_t)(wall_ms / 1000);
    struct tm tm;

    localtime_r(&t, &tm);
    if (strftime(out, n, "%Y-%m-%d %H:%M:%S", &tm) == 0 && n > 0)
        out[0] = '\0';
}

/* Continuation bytes of UTF-8 begin with the bits 10. */
static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* The first byte says how many follow, and holds the upper bits of the character (RFC 3629). */
static uint32_t first_bits(unsigned char byte)
{
    if (byte < 0x80)
        return byte;
    if (byte < 0xe0)
        return byte & 0x1fu;
    return byte < 0xf0 ? byte & 0x0fu : byte & 0x07u;
}

/* The character at p, which is valid UTF-8; *bytes is how long it is. */
static uint32_t character(const char *p, size_t *bytes)
{
    const unsigned char *u = (const unsigned char *)p;
    uint32_t c = first_bits(u[0]);
    size_t n = 1;

    for (; u[n] && !starts_character((char)u[n]); n++)
        c = c << 6 | (u[n] & 0x3fu);
    *bytes = n;
    return c;
}

/* East Asian wide characters and emoji take two columns (Unicode TR11), marks that combine none:
 * build tools print both. */
static size_t character_columns(uint32_t c)
{
    static const struct {
        uint32_t from, to;
        size_t columns;
    } ranges[] = {
        {0x0300, 0x036f, 0},   {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x231a, 0x231b, 2},
        {0x23e9, 0x23ec, 2},   {0x26a1, 0x26a1, 2},   {0x2705, 0x2705, 2},   {0x2728, 0x2728, 2},
        {0x274c, 0x274c, 2},   {0x2e80, 0x303e, 2},   {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},
        {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},
        {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2}, {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1faff, 2},
        {0x20000, 0x3fffd, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
        if (c >= ranges[i].from && c <= ranges[i].to)
            return ranges[i].columns;

    return 1;
}

/* The sum over its characters. */
size_t say_width(const char *text)
{
    size_t columns = 0;

    for (size_t n; *text; text += n)
        columns += character_columns(character(text, &n));
    return columns;
}

/* Cut by characters that fit whole, with room for the ellipsis. */
char *say_fit(const char *text, size_t columns)
{
    if (say_width(text) <= columns)
        return xstrdup(text);
    if (columns == 0)
        return xstrdup("");

    const char *p = text;
    size_t n = 0, seen = 0;

    for (size_t wide; *p && seen + (wide = character_columns(character(p, &n))) <= columns - 1;
         p += n)
        seen += wide;

    return xasprintf("%.*s…", (int)(p - text), text);
}
