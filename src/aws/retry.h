/* Standard retry mode: which failures are worth another attempt, how long to wait, and the budget
 * that keeps a sick service from being hammered. Constants as in shared/reference/aws-access.md
 * section 10. Pure: the caller sleeps. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RETRY_QUOTA_INITIAL 500
#define RETRY_COST          5
#define RETRY_COST_TIMEOUT  10
#define RETRY_DELAY_MAX_MS  20000

enum retry_class { RETRY_NEVER, RETRY_TRANSIENT, RETRY_TIMEOUT, RETRY_THROTTLE };

/* code may be NULL. transport: negative errno of a failed exchange, 0 when a reply arrived. */
enum retry_class
retry_classify(int transport, int http_status, const char *code, const char *service);
bool retry_code_is_throttle(const char *code);
/* A complaint about signature or time that a skewed clock explains. */
bool retry_code_is_clock(const char *code);
/* Credentials that may be refreshed. */
bool retry_code_is_expired(const char *code);

struct retry_quota {
    int tokens;
};

void retry_quota_init(struct retry_quota *q);
/* false: no budget, give up. Else *cost is what was paid. */
bool retry_quota_take(struct retry_quota *q, enum retry_class class, int *cost);
/* cost of the last retry, 0 = none */
void retry_quota_success(struct retry_quota *q, int cost);

/* Milliseconds to wait. attempt: how many were made so far, from 1. random01 in [0, 1). server_ms:
 * Retry-After of the reply, 0 = none. */
int64_t retry_delay_ms(unsigned attempt, double random01, int64_t server_ms);
