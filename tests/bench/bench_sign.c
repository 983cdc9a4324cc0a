/* Signatures per second: a POST with the headers of a JSON call and its body's digest, everything made anew each time as a call does.
 * bench_aws.py runs botocore's signer on the same request. Prints one number: signatures per second. */
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

enum { SIGNATURES = 60000 };

static const char body[] = "{\"cluster\":\"defang-cluster\",\"services\":[\"web\",\"api\",\"worker\"]}";

int main(void)
{
    struct secret secret = SECRET_INIT, token = SECRET_INIT;
    struct str out = STR_INIT;
    int64_t start = clock_mono_ms();

    secret_set(&secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    secret_set(&token, "IQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKENIQoJb3JpZ2luX2VjEXAMPLETOKEN");
    for (int i = 0; i < SIGNATURES; i++) {
        int64_t now = INT64_C(1795385730000) + (int64_t)i * 1000;
        uint8_t sum[SHA256_BYTES];
        char date[17];

        digest_sha256(body, sizeof body - 1, sum);
        cleanup_free char *hash = digest_hex(sum, sizeof sum);
        clock_format_basic(now, date);
        const struct http_header headers[] = {
            {"Host", "ecs.us-west-2.amazonaws.com"}, {"Content-Type", "application/x-amz-json-1.1"},
            {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.DescribeServices"}, {"X-Amz-Date", date}, {"X-Amz-Security-Token", secret_get(&token)},
        };
        const struct sigv4_request r = {"POST", "/", NULL, headers, sizeof headers / sizeof *headers, hash};
        const struct sigv4_key k = {.access_key_id = "AKIDEXAMPLE", .secret_access_key = &secret, .session_token = &token, .region = "us-west-2",
                                    .service = "ecs", .wall_ms = now, .normalize_path = true, .encode_path = true};
        str_clear(&out);
        sigv4_authorization(&r, &k, &out);
    }
    int64_t took_ms = clock_mono_ms() - start;
    printf("%.0f\n", SIGNATURES * 1000.0 / (double)(took_ms ? took_ms : 1));
    str_done(&out);
    secret_done(&secret);
    secret_done(&token);
    return 0;
}
