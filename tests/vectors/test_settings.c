/* Configured endpoint URLs, S3 addressing, retry tables and constants, checksum values: small
 * tables, one program. */
#include "aws/model/operations.h"
#include "aws/retry.h"
#include "aws/session.h"
#include "aws/settings/s3_address.h"
#include "aws/settings/settings.h"
#include "aws/sign/uri.h"
#include "base/digest.h"
#include "base/mem.h"
#include "vectors/exceptions.h"
#include "vectors/vectors.h"
#include <errno.h>
#include <math.h>
#include <string.h>

/* --- configured-endpoint-urls --- */

static void
append_section(struct str *out, const char *kind, const char *name, const json_t *values)
{
    const char *key, *inner;
    json_t *v, *w;

    str_appendf(out, "[%s%s%s]\n", kind, *kind ? " " : "", name);
    json_object_foreach((json_t *)values, key, v) {
        str_appendf(
            out,
            "%s =%s%s\n",
            key,
            json_is_string(v) ? " " : "",
            json_is_string(v) ? json_string_value(v) : "");
        json_object_foreach(v, inner, w)
            str_appendf(out, "  %s = %s\n", inner, json_string_value(w));
    }
}

static char *config_text(const json_t *suite)
{
    struct str out = STR_INIT;
    const char *name;
    json_t *v;

    json_object_foreach(json_object_get(suite, "profiles"), name, v)
        append_section(&out, strcmp(name, "default") == 0 ? "" : "profile", name, v);
    json_object_foreach(json_object_get(suite, "services"), name, v)
        append_section(&out, "services", name, v);
    return str_take(&out);
}

static void endpoint_case(
    struct vectors *v, const json_t *suite, const struct aws_profiles *profiles, const json_t *c)
{
    const char *id = json_str_or(c, "name", "?"), *profile = json_str_or(c, "profile", "default");
    cleanup_env struct env *env = env_new();
    cleanup_error struct error err = ERROR_INIT;
    cleanup_free char *url = NULL;
    struct aws_settings settings;
    const char *key;
    json_t *value;

    if (strcmp(json_str_or(c, "client_config", "default"), "default") != 0) {
        vectors_not_applicable(v, id, "settings of a Python client object");
        return;
    }
    json_object_foreach(
        json_object_get(json_object_get(suite, "environments"), json_str_or(c, "environment", "")),
        key,
        value)
        env_set(env, key, json_string_value(value));
    if (aws_settings_resolve(env, profiles, profile, NULL, &settings, &err) < 0 ||
        aws_settings_endpoint(&settings, env, profiles, json_str_or(c, "service", ""), &url, &err) <
            0) {
        vectors_fail(v, id, "%s", err.message);
        return;
    }
    const char *expected = json_str(c, "output.endpointUrl");
    if (!url && (!expected || strcmp(expected, "") == 0 || strstr(expected, "amazonaws.com")))
        vectors_pass(v);
    else if (vectors_equal(v, id, "endpoint", expected, url))
        vectors_pass(v);
    aws_settings_done(&settings);
}

static void endpoints(struct vectors *v)
{
    cleanup_json json_t *file = vectors_json("configured-endpoint-urls/profile-tests.json");
    json_t *suite, *c;
    size_t i, k;

    json_array_foreach(json_object_get(file, "testSuites"), i, suite) {
        cleanup_free char *text = config_text(suite);
        cleanup_error struct error err = ERROR_INIT;
        struct aws_profiles *profiles;

        if (aws_profiles_parse("config", text, "credentials", NULL, &profiles, &err) < 0) {
            vectors_fail(v, "configured-endpoint-urls", "%s", err.message);
            continue;
        }
        json_array_foreach(json_object_get(suite, "endpointUrlTests"), k, c)
            endpoint_case(v, suite, profiles, c);
        aws_profiles_free(profiles);
    }
}

/* --- s3-addressing --- */

static const char *out_of_scope(const json_t *c)
{
    const char *bucket = json_str_or(c, "bucket", ""), *version = json_str(c, "signature_version");
    const json_t *s3 = json_object_get(c, "s3_config");

    if (text_starts(bucket, "arn:"))
        return "access point and outpost ARNs (we name buckets)";
    if (json_object_get(s3, "use_accelerate_endpoint") ||
        strstr(json_str_or(c, "expected_url", ""), "s3-accelerate"))
        return "S3 Transfer Acceleration";
    if (version && strcmp(version, "s3v4") != 0)
        return "the old S3 signature";
    if (json_is_false(json_object_get(c, "is_secure")))
        return "use_ssl=False of a Python client object";
    if (json_object_get(s3, "us_east_1_regional_endpoint"))
        return "us_east_1_regional_endpoint, which the CLI v2 does not have";
    return NULL;
}

static void addressing_case(struct vectors *v, const json_t *c)
{
    const char *expected = json_str_or(c, "expected_url", ""),
               *custom = json_str(c, "customer_provided_endpoint");
    const json_t *s3 = json_object_get(c, "s3_config");
    const char *style = json_str_or(s3, "addressing_style", "auto"),
               *region = json_str(c, "region");
    struct aws_settings settings = {
        .s3_virtual_style = strcmp(style, "virtual") == 0,
        .s3_path_style = strcmp(style, "path") == 0,
        .dual_stack = json_bool_or(s3, "use_dualstack_endpoint", false)};
    struct aws_endpoint_params p = {
        region   ? region
        : custom ? "us-east-1"
                 : NULL,
        false,
        settings.dual_stack && !custom,
        custom};
    cleanup_endpoint struct aws_endpoint e = {0};
    cleanup_error struct error err = ERROR_INIT;
    cleanup_free char *base = NULL;
    bool in_host;
    const char *reason = out_of_scope(c);

    if (reason || exception_reason(expected)) {
        vectors_not_applicable(v, expected, reason ? reason : exception_reason(expected));
        return;
    }
    if (aws_endpoint_resolve(&aws_service_s3, &p, &e, &err) < 0 || s3_base_url(
                                                                       &settings,
                                                                       &e,
                                                                       custom != NULL,
                                                                       json_str_or(c, "bucket", ""),
                                                                       false,
                                                                       &base,
                                                                       &in_host,
                                                                       &err) < 0) {
        vectors_fail(v, expected, "%s", err.message);
        return;
    }
    struct str url = STR_INIT;
    str_append(&url, base);
    if (!in_host)
        str_appendf(&url, "/%s", json_str_or(c, "bucket", ""));
    str_append_char(&url, '/');
    uri_encode(&url, json_str_or(c, "key", ""), true);
    if (vectors_equal(v, expected, json_str_or(c, "region", "no region"), expected, str_get(&url)))
        vectors_pass(v);
    str_done(&url);
}

static void addressing(struct vectors *v)
{
    static const char *const files[] = {
        "s3-addressing/addressing-cases.json", "s3-addressing/presigned-addressing-cases.json"};

    for (size_t f = 0; f < ARRAY_LEN(files); f++) {
        cleanup_json json_t *cases = vectors_json(files[f]);
        json_t *c;
        size_t i;

        json_array_foreach(cases, i, c)
            addressing_case(v, c);
    }
}

/* --- retry-standard --- */

static void classification(struct vectors *v, const char *file, bool throttling)
{
    cleanup_json json_t *cases = vectors_json(file);
    json_t *c;
    size_t i;

    json_array_foreach(cases, i, c) {
        const char *code = json_str(c, "errorCodeOrException");
        int status = (int)json_int_or(c, "httpStatus", 0);
        int transport =
            json_is_object(json_object_get(c, "errorCodeOrException")) ? -ECONNRESET : 0;
        bool expected = json_bool_or(c, "retryable", false);
        enum retry_class class = retry_classify(transport, status, code, "test");
        bool actual = throttling ? retry_code_is_throttle(code)
                                 : class != RETRY_NEVER && !(class == RETRY_THROTTLE && !expected);

        if (actual == expected)
            vectors_pass(v);
        else
            vectors_fail(v, file, "%d %s: retryable is %d", status, code ? code : "-", actual);
    }
}

static void constants(struct vectors *v)
{
    cleanup_json json_t *file = vectors_json("retry-standard/retry-behaviour.json");
    const json_t *now = json_object_get(file, "legacyMode");
    struct retry_quota q;
    json_t *delay;
    size_t i;
    int cost = 0;

    retry_quota_init(&q);
    bool ok = q.tokens == json_int_or(now, "quotaInitial", 0) &&
              AWS_MAX_ATTEMPTS_DEFAULT == json_int_or(now, "maxAttemptsDefault", 0);
    ok = ok && retry_quota_take(&q, RETRY_TRANSIENT, &cost) &&
         cost == json_int_or(now, "retryCost", 0);
    ok = ok && retry_quota_take(&q, RETRY_TIMEOUT, &cost) &&
         cost == json_int_or(now, "timeoutRetryCost", 0);
    int before = q.tokens;
    retry_quota_success(&q, 0);
    ok = ok && q.tokens - before == json_int_or(now, "noRetryIncrement", 0);
    q.tokens = 3;
    ok = ok && !retry_quota_take(&q, RETRY_TRANSIENT, &cost) && q.tokens == 3;
    if (ok)
        vectors_pass(v);
    else
        vectors_fail(v, "retry constants", "quota differs");
    json_array_foreach(json_object_get(now, "maxDelaysByAttempt"), i, delay) {
        double expected = json_number_value(delay) * 1000.0;
        if (fabs((double)retry_delay_ms((unsigned)i + 1, 1.0, 0) - expected) < 1.0)
            vectors_pass(v);
        else
            vectors_fail(
                v,
                "retry delay",
                "attempt %zu: %lld ms instead of %.0f",
                i + 1,
                (long long)retry_delay_ms((unsigned)i + 1, 1.0, 0),
                expected);
    }
    vectors_not_applicable(
        v, "retry-behaviour.json v21Mode", "the 2026 update, off by default in the CLI");
}

/* --- s3-checksums --- */

static char *input_bytes(const json_t *c, size_t *n)
{
    const char *hex = json_str_or(c, "inputHex", json_str_or(c, "inputRepeat.byte", ""));
    long long repeat = json_int_or(c, "inputRepeat.count", 1);
    size_t unit = strlen(hex) / 2;
    char *out = xmalloc(unit * (size_t)repeat + 1);

    for (size_t i = 0; i < unit * (size_t)repeat; i++) {
        char pair[3] = {hex[2 * (i % unit)], hex[2 * (i % unit) + 1], '\0'};
        out[i] = (char)strtoul(pair, NULL, 16);
    }
    *n = unit * (size_t)repeat;
    return out;
}

static char *big_endian_base64(uint64_t value, int bytes)
{
    uint8_t b[8];

    for (int i = 0; i < bytes; i++)
        b[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return digest_base64(b, (size_t)bytes);
}

static void checksums(struct vectors *v)
{
    cleanup_json json_t *file = vectors_json("s3-checksums/checksum-values.json");
    json_t *c;
    size_t i;

    json_array_foreach(json_object_get(file, "cases"), i, c) {
        const char *id = json_str_or(c, "name", "?");
        uint8_t sha256[SHA256_BYTES], sha1[SHA1_BYTES], md5[16];
        size_t n;
        cleanup_free char *data = input_bytes(c, &n);

        digest_sha256(data, n, sha256);
        digest_sha1(data, n, sha1);
        digest_md5(data, n, md5);
        cleanup_free char *a = digest_base64(sha256, sizeof sha256),
                          *b = digest_base64(sha1, sizeof sha1),
                          *d = digest_base64(md5, sizeof md5),
                          *e = big_endian_base64(digest_crc32(0, data, n), 4),
                          *f = big_endian_base64(digest_crc64nvme(0, data, n), 8);
        if (vectors_equal(v, id, "sha256", json_str(c, "sha256"), a) &&
            vectors_equal(v, id, "sha1", json_str(c, "sha1"), b) &&
            vectors_equal(v, id, "md5", json_str(c, "md5"), d) &&
            vectors_equal(v, id, "crc32", json_str(c, "crc32"), e) &&
            vectors_equal(v, id, "crc64nvme", json_str(c, "crc64nvme"), f))
            vectors_pass(v);
    }
}

int main(void)
{
    struct vectors v = {.name = "settings, addressing, retries, checksums"};

    endpoints(&v);
    addressing(&v);
    classification(&v, "retry-standard/retryable-throttled-responses.json", true);
    classification(&v, "retry-standard/retryable-transient-errors.json", false);
    constants(&v);
    checksums(&v);
    return vectors_end(&v);
}
