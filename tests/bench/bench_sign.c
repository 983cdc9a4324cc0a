/* Signatures per second of processor time: a POST with the headers of a JSON call and its body's
 * digest, as attempt.c makes it, with the cache of signing keys that a session has. bench_aws.py
 * runs botocore's signer (and aws-c-auth) on the same request. Prints one number. */
#include "aws/sign/sigv4.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SIGNATURES 100000

static const char body[] =
    "{\"cluster\":\"defang-cluster\",\"services\":[\"web\",\"api\",\"worker\"]}";

/* Of this process: what else runs on the machine does not count. */
static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
    struct secret secret = SECRET_INIT, token = SECRET_INIT;
    struct str out = STR_INIT;
    struct sigv4_cache *cache = sigv4_cache_new();
    double begun_s = cpu_s();

    secret_set(&secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    secret_set(
        &token,
        "IQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKEN");
    for (int i = 0; i < SIGNATURES; i++) {
        int64_t now = INT64_C(1795385730000) + (int64_t)i * 1000;
        uint8_t sum[SHA256_BYTES];
        char date[17], hash[2 * SHA256_BYTES + 1];

        digest_sha256(body, sizeof body - 1, sum);
        digest_hex_to(sum, sizeof sum, hash);
        clock_format_basic(now, date);
        const struct http_header headers[] = {
            {"Host", "ecs.us-west-2.amazonaws.com"},
            {"Content-Type", "application/x-amz-json-1.1"},
            {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeServices"},
            {"X-Amz-Date", date},
            {"X-Amz-Security-Token", secret_get(&token)},
        };
        const struct sigv4_request r = {
            "POST", "/", NULL, headers, sizeof headers / sizeof *headers, hash};
        const struct sigv4_key k = {
            .access_key_id = "AKIDEXAMPLE",
            .secret_access_key = &secret,
            .session_token = &token,
            .region = "us-west-2",
            .service = "ecs",
            .wall_ms = now,
            .normalize_path = true,
            .encode_path = true,
            .cache = cache};
        str_clear(&out);
        sigv4_authorization(&r, &k, &out);
    }
    printf("%.0f\n", SIGNATURES / (cpu_s() - begun_s));
    sigv4_cache_free(cache);
    str_done(&out);
    secret_done(&secret);
    secret_done(&token);
    return 0;
}
