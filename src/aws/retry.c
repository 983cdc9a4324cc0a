/* Standard retry mode, as pure tables and arithmetic: retry.h says what it is for.
 *
 * Codes, statuses, delays and the quota are botocore's standard mode (aws-access.md section 10;
 * tests/vectors checks them). The quota is per service: each retry costs, each success pays back,
 * so that a service which fails for everybody is soon left alone. */
#include "aws/retry.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

static bool among(const char *code, const char *const *list)
{
    for (; code && *list; list++)
        if (strcmp(code, *list) == 0)
            return true;
    return false;
}

bool retry_code_is_throttle(const char *code)
{
    static const char *const codes[] = {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        NULL,
    };

    return among(code, codes);
}

bool retry_code_is_clock(const char *code)
{
    static const char *const codes[] = {
        "RequestTimeTooSkewed",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "RequestExpired",
        "RequestInTheFuture",
        "403",
        "400",
        NULL};

    return among(code, codes);
}

bool retry_code_is_expired(const char *code)
{
    static const char *const codes[] = {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "RequestExpired",
        NULL};

    return among(code, codes);
}

enum retry_class
retry_classify(int transport, int http_status, const char *code, const char *service)
{
    static const char *const transient[] = {
        "RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete", NULL};

    switch (transport) {
    case 0:
        break;
    case -ETIMEDOUT:
        return RETRY_TIMEOUT;
    case -ECANCELED:
    case -EMSGSIZE:
    case -EINVAL:
    case -EACCES: /* the proxy will not think better of it */
        return RETRY_NEVER;
    default:
        return RETRY_TRANSIENT;
    }

    if (among(code, transient))
        return RETRY_TRANSIENT;

    /* route53 answers so while an earlier change of the zone is being applied */
    if (retry_code_is_throttle(code) || http_status == 429)
        return RETRY_THROTTLE;
    if (http_status == 500 || http_status == 502 || http_status == 503 || http_status == 504)
        return RETRY_TRANSIENT;
    if (code && service && strcmp(service, "sts") == 0 &&
        strcmp(code, "IDPCommunicationError") == 0)
        return RETRY_TRANSIENT;

    return RETRY_NEVER;
}

void retry_quota_init(struct retry_quota *q)
{
    q->tokens = RETRY_QUOTA_INITIAL;
}

bool retry_quota_take(struct retry_quota *q, enum retry_class class, int *cost)
{
    int price = class == RETRY_TIMEOUT ? RETRY_COST_TIMEOUT : RETRY_COST;

    if (q->tokens < price)
        return false;

    q->tokens -= price;
    *cost = price;

    return true;
}

void retry_quota_success(struct retry_quota *q, int cost)
{
    q->tokens += cost ? cost : 1;
    if (q->tokens > RETRY_QUOTA_INITIAL)
        q->tokens = RETRY_QUOTA_INITIAL;
}

int64_t retry_delay_ms(unsigned attempt, double random01, int64_t server_ms)
{
    int64_t bound = attempt > 5 ? RETRY_DELAY_MAX_MS : (int64_t)1000 << (attempt ? attempt - 1 : 0);
    int64_t delay =
        (int64_t)(random01 * (double)(bound > RETRY_DELAY_MAX_MS ? RETRY_DELAY_MAX_MS : bound));

    if (server_ms > 0) { /* the server's wish counts, within reason */
        if (delay < server_ms)
            delay = server_ms;
        if (delay > bound + 5000)
            delay = bound + 5000;
    }

    return delay;
}
