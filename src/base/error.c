/* Errors as base/error.h describes them: raised once, wrapped on the way up, printed at the edge.
 *
 * Every kind has its row in one table, with its errno and its name; the exit code is the value of
 * the kind itself. A raise on an error that is filled already changes nothing, so that the first
 * fact is the one that is told. All functions take NULL for an error that nobody wants, and still
 * return the errno. No code is ever 0: an error must never read as success. */
#include "base/error.h"

#include "base/mem.h"
#include "base/str.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum error_kind kind;
    int code;
    const char *name;
} kinds[] = {
    {ERR_NONE, 0, "ok"},
    {ERR_FAILED, EIO, "failed"},
    {ERR_USAGE, EINVAL, "usage"},
    {ERR_AUTH, EACCES, "credentials"},
    {ERR_CLOUD, EREMOTEIO, "cloud"},
    {ERR_REFUSED, EPERM, "refused"},
    {ERR_NOT_FOUND, ENOENT, "not_found"},
    {ERR_CANCELED, ECANCELED, "canceled"},
    {ERR_TIMEOUT, ETIMEDOUT, "timeout"},
    {ERR_ROLLED_BACK, ENOTRECOVERABLE, "rolled_back"},
    {ERR_UNREACHABLE, EHOSTUNREACH, "unreachable"},
    {ERR_INTERRUPTED, EINTR, "interrupted"},
};

int error_kind_errno(enum error_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].kind == kind)
            return -kinds[i].code;
    return -EIO;
}

int error_kind_exit(enum error_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].kind == kind)
            return (int)kind;
    return (int)ERR_FAILED;
}

const char *error_kind_name(enum error_kind kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].kind == kind)
            return kinds[i].name;
    return "failed";
}

/* Texts quote what came from outside. Bytes that would move the cursor are written out, so that a
 * name with a carriage return in it is seen to have one; line breaks and tabs are kept. */
static __attribute__((format(printf, 1, 0))) char *format_text(const char *fmt, va_list ap)
{
    struct str raw = STR_INIT, s = STR_INIT;

    str_vappendf(&raw, fmt, ap);
    for (const char *p = str_get(&raw); *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '\r')
            str_append(&s, "\\r");
        else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            str_appendf(&s, "\\x%02x", c);
        else
            str_append_char(&s, *p);
    }

    str_done(&raw);
    return str_take(&s);
}

static __attribute__((format(printf, 4, 0))) int
raise_va(struct error *err, enum error_kind kind, int code, const char *fmt, va_list ap)
{
    if (err && err->kind == ERR_NONE) {
        err->kind = kind == ERR_NONE ? ERR_FAILED : kind;
        err->code = code;
        err->message = format_text(fmt, ap);
    }
    return code;
}

int error_raise(struct error *err, enum error_kind kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int code = raise_va(err, kind, error_kind_errno(kind == ERR_NONE ? ERR_FAILED : kind), fmt, ap);
    va_end(ap);
    return code;
}

int error_raise_errno(struct error *err, enum error_kind kind, int code, const char *fmt, ...)
{
    if (code > 0)
        code = -code;
    if (code == 0) /* an error must never read as success */
        code = -EIO;
    va_list ap;
    va_start(ap, fmt);
    code = raise_va(err, kind, code, fmt, ap);
    va_end(ap);
    return code;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
    if (!error_is_set(err))
        return -EIO;

    va_list ap;
    va_start(ap, fmt);
    cleanup_free char *context = format_text(fmt, ap);
    va_end(ap);
    char *joined = xasprintf("%s: %s", context, err->message ? err->message : "");
    free(err->message);
    err->message = joined;
    return err->code;
}

void error_hint(struct error *err, const char *fmt, ...)
{
    if (!error_is_set(err))
        return;

    va_list ap;
    va_start(ap, fmt);
    char *hint = format_text(fmt, ap);
    va_end(ap);
    free(err->hint);
    err->hint = hint;
}

void error_at(struct error *err, const char *file, unsigned line, unsigned column)
{
    if (!error_is_set(err))
        return;

    char *copy = xstrdup_null(file);
    free(err->file);
    err->file = copy;
    err->line = line;
    err->column = column;
}

void error_aws(struct error *err, const char *aws_code, const char *request_id, int http_status)
{
    if (!error_is_set(err))
        return;

    char *code = xstrdup_null(aws_code), *id = xstrdup_null(request_id);
    free(err->aws_code);
    free(err->request_id);
    err->aws_code = code;
    err->request_id = id;
    err->http_status = http_status;
}

void error_mfa(struct error *err, const char *serial)
{
    if (!error_is_set(err))
        return;
    char *copy = xstrdup_null(serial);
    free(err->mfa_serial);
    err->mfa_serial = copy;
}

void error_done(struct error *err)
{
    if (!err)
        return;
    free(err->message);
    free(err->hint);
    free(err->file);
    free(err->aws_code);
    free(err->request_id);
    free(err->mfa_serial);
    *err = (struct error)ERROR_INIT;
}

void error_move(struct error *to, struct error *from)
{
    if (to == from)
        return;
    if (!to) {
        error_done(from);
        return;
    }

    error_done(to);
    *to = *from;
    *from = (struct error)ERROR_INIT;
}

void error_copy(struct error *to, const struct error *from)
{
    if (!to || to == from)
        return;
    error_done(to);
    *to = *from;
    to->message = xstrdup_null(from->message);
    to->hint = xstrdup_null(from->hint);
    to->file = xstrdup_null(from->file);
    to->aws_code = xstrdup_null(from->aws_code);
    to->request_id = xstrdup_null(from->request_id);
    to->mfa_serial = xstrdup_null(from->mfa_serial);
}

bool error_has_code(const struct error *err, const char *aws_code)
{
    return error_is_set(err) && err->aws_code && strcmp(err->aws_code, aws_code) == 0;
}

static void append_position(struct str *s, const struct error *err)
{
    if (!err->file)
        return;
    str_append(s, err->file);
    if (err->line)
        str_appendf(s, ":%u", err->line);
    if (err->line && err->column)
        str_appendf(s, ":%u", err->column);
    str_append(s, ": ");
}

static void append_aws(struct str *s, const struct error *err)
{
    if (!err->aws_code && !err->request_id)
        return;
    str_append(s, " (");
    if (err->aws_code)
        str_append(s, err->aws_code);
    if (err->request_id)
        str_appendf(s, "%srequest %s", err->aws_code ? ", " : "", err->request_id);
    str_append(s, ")");
}

char *error_format(const struct error *err)
{
    struct str s = STR_INIT;

    if (!error_is_set(err))
        return str_take(&s);
    append_position(&s, err);
    str_append(&s, err->message ? err->message : error_kind_name(err->kind));
    append_aws(&s, err);
    for (const char *line = err->hint; line && *line;) {
        size_t n = strcspn(line, "\n");
        str_append(&s, "\n  ");
        str_append_bytes(&s, line, n);
        line += n + (line[n] == '\n');
    }

    return str_take(&s);
}
