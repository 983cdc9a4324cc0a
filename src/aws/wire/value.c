/* Scalars between JSON and the text of XML, query strings and headers, and what members say of
 * their place.
 *
 * A type is checked when it is written or read, and only then (check.c looks at names): text that
 * is no number where the model wants one is an error with the member's name. Timestamps have a
 * format of the member, else of the shape, else of the place they go to. */
#include "aws/wire/internal.h"
#include "base/clock.h"
#include "base/mem.h"
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool wire_any_in_body(const struct aws_shape *shape, bool reading)
{
    for (size_t i = 0; shape && i < shape->member_count; i++)
        if (wire_in_body(&shape->members[i], reading))
            return true;

    return false;
}

const struct aws_member *wire_payload_member(const struct aws_shape *shape)
{
    for (size_t i = 0; shape && i < shape->member_count; i++)
        if (shape->members[i].payload)
            return &shape->members[i];

    return NULL;
}

static void double_text(double v, struct str *out)
{
    char text[40];

    if (isnan(v)) {
        str_append(out, "NaN");
    } else if (isinf(v)) {
        str_append(out, v > 0 ? "Infinity" : "-Infinity");
    } else {
        /* the shortest digits that read back as the same number */
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, v);
            if (strtod(text, NULL) == v)
                break;
        }
        str_append(out, text);
    }
}

static void timestamp_text(double seconds, const char *format, struct str *out)
{
    double whole = floor(seconds);
    long micros = lround((seconds - whole) * 1e6);
    time_t t = (time_t)whole;
    struct tm tm;
    char text[64];

    if (strcmp(format, "unixTimestamp") == 0) {
        if (micros == 0)
            str_appendf(out, "%lld", (long long)whole);
        else
            double_text(seconds, out);
        return;
    }

    gmtime_r(&t, &tm);
    if (strcmp(format, "rfc822") == 0) {
        /* names written out: strftime's follow the locale */
        static const char days[] = "SunMonTueWedThuFriSat",
                          months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

        str_appendf(
            out,
            "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
            days + 3 * tm.tm_wday,
            tm.tm_mday,
            months + 3 * tm.tm_mon,
            tm.tm_year + 1900,
            tm.tm_hour,
            tm.tm_min,
            tm.tm_sec);
        return;
    }

    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    str_append(out, text);
    if (micros)
        str_appendf(out, ".%06ld", micros);
    str_append_char(out, 'Z');
}

int wire_timestamp_parse(const char *text, double *seconds)
{
    int64_t ms;
    char *end;

    while (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r')
        text++;
    if (clock_parse_iso(text, &ms) == 0 || clock_parse_http_date(text, &ms) == 0) {
        *seconds = (double)ms / 1000.0;
        return 0;
    }

    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v) || fabs(v) > 1e13)
        return -EINVAL;

    *seconds = v;
    return 0;
}

json_t *wire_timestamp_json(double seconds)
{
    if (seconds == floor(seconds) && fabs(seconds) < 9e15)
        return json_integer((json_int_t)seconds);

    return json_real(seconds);
}

static const char *
timestamp_format(const struct aws_shape *shape, const struct aws_member *m, const char *fallback)
{
    if (m && m->timestamp_format)
        return m->timestamp_format;

    return shape->timestamp_format ? shape->timestamp_format : fallback;
}

static const char *member_label(const struct aws_member *m)
{
    return m ? m->name : "value";
}

static int text_of_number(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const json_t *v,
    struct str *out,
    struct error *err)
{
    if (json_is_integer(v))
        str_appendf(out, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v) && shape->type == AWS_DOUBLE)
        double_text(json_real_value(v), out);
    else if (json_is_string(v) && shape->type == AWS_DOUBLE)
        str_append(out, json_string_value(v));
    else
        return error_raise(err, ERR_FAILED, "member %s must be a number", member_label(m));
    return 0;
}

int wire_scalar_text(
    const struct aws_shape *shape,
    const struct aws_member *m,
    const char *timestamp_default,
    const json_t *v,
    struct str *out,
    struct error *err)
{
    double seconds;

    switch (shape->type) {
    case AWS_STRING:
    case AWS_BLOB:
        if (!json_is_string(v))
            return error_raise(err, ERR_FAILED, "member %s must be a string", member_label(m));
        str_append(out, json_string_value(v));
        return 0;
    case AWS_INTEGER:
    case AWS_LONG:
    case AWS_DOUBLE:
        return text_of_number(shape, m, v, out, err);
    case AWS_BOOLEAN:
        if (!json_is_boolean(v))
            return error_raise(err, ERR_FAILED, "member %s must be true or false", member_label(m));
        str_append(out, json_is_true(v) ? "true" : "false");
        return 0;
    case AWS_TIMESTAMP:
        if (json_is_number(v))
            seconds = json_number_value(v);
        else if (!json_is_string(v) || wire_timestamp_parse(json_string_value(v), &seconds) < 0)
            return error_raise(err, ERR_FAILED, "member %s must be a timestamp", member_label(m));
        timestamp_text(seconds, timestamp_format(shape, m, timestamp_default), out);
        return 0;
    case AWS_STRUCTURE:
    case AWS_LIST:
    case AWS_MAP:
        break;
    }

    return error_raise(err, ERR_FAILED, "member %s is no scalar", member_label(m));
}

static json_t *parse_double(const char *text)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end)
        return NULL;

    return isfinite(v) ? json_real(v) : json_string(text);
}

json_t *wire_scalar_parse(
    const struct aws_shape *shape, const struct aws_member *m, const char *text, struct error *err)
{
    cleanup_free char *trimmed = shape->type == AWS_STRING ? NULL : text_trim(text);
    json_t *out = NULL;
    long long number;
    double seconds;

    switch (shape->type) {
    case AWS_STRING:
        out = json_string(text);
        break;
    case AWS_BLOB:
        out = json_string(trimmed);
        break;
    case AWS_INTEGER:
    case AWS_LONG:
        if (text_parse_int(trimmed, INT64_MIN, INT64_MAX, &number) == 0)
            out = json_integer(number);
        break;
    case AWS_DOUBLE:
        out = parse_double(trimmed);
        break;
    case AWS_BOOLEAN:
        if (text_eq_nocase(trimmed, "true") || text_eq_nocase(trimmed, "false"))
            out = json_boolean(text_eq_nocase(trimmed, "true"));
        break;
    case AWS_TIMESTAMP:
        if (wire_timestamp_parse(trimmed, &seconds) == 0)
            out = wire_timestamp_json(seconds);
        break;
    case AWS_STRUCTURE:
    case AWS_LIST:
    case AWS_MAP:
        break;
    }

    if (!out)
        error_raise(err, ERR_CLOUD, "the reply's member %s is not of its type", member_label(m));
    return out;
}
