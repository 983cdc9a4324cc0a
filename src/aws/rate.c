/* Adaptive retry mode, as pure arithmetic: rate.h says what it is for.
 *
 * Three parts stand on each other. The meter measures what is really sent, in slices of half a
 * second. The cubic curve turns it into a rate: 70 % of it after a throttling answer, then slowly
 * back, flat around the rate that was too much, and beyond. The bucket hands out tokens at that
 * rate, never at more than twice what is sent, so that a quiet hour saves up no burst.
 *
 * Source: botocore's adaptive mode; its published tables run in tests/unit/aws/test_rate.c. */
#include "aws/rate.h"
#include "base/mem.h"
#include <math.h>

/* Where the curve starts: it is back at w_max after k seconds. */
static double cubic_k(double w_max)
{
    return cbrt(w_max * (1 - RATE_BETA) / RATE_SCALE);
}

void rate_cubic_init(struct rate_cubic *c, double w_max, double now_s)
{
    *c = (struct rate_cubic){w_max, cubic_k(w_max), now_s};
}

double rate_cubic_success(const struct rate_cubic *c, double now_s)
{
    double t = now_s - c->failed_at_s - c->k;

    return RATE_SCALE * t * t * t + c->w_max;
}

double rate_cubic_throttled(struct rate_cubic *c, double rate, double now_s)
{
    rate_cubic_init(c, rate, now_s);
    return rate * RATE_BETA;
}

double rate_meter_count(struct rate_meter *m, double now_s)
{
    double slice_s = floor(now_s / RATE_SLICE_S) * RATE_SLICE_S;

    m->count++;
    if (slice_s > m->slice_s) {
        m->measured_per_s =
            m->count / (slice_s - m->slice_s) * RATE_SMOOTH + m->measured_per_s * (1 - RATE_SMOOTH);
        m->count = 0;
        m->slice_s = slice_s;
    }

    return m->measured_per_s;
}

static void refill(struct rate_bucket *b, double now_s)
{
    b->tokens = MIN(b->tokens_max, b->tokens + (now_s - b->filled_at_s) * b->fill_per_s);
    b->filled_at_s = now_s;
}

static void set_rate(struct rate_bucket *b, double per_s, double now_s)
{
    refill(b, now_s); /* what came in so far came at the old rate */
    b->fill_per_s = MAX(per_s, RATE_MIN_PER_S);
    b->tokens_max = MAX(per_s, 1.0);
    b->tokens = MIN(b->tokens, b->tokens_max);
}

void rate_init(struct rate_limiter *r, double now_s)
{
    *r = (struct rate_limiter){.bucket = {.fill_per_s = 1, .tokens_max = 1, .filled_at_s = now_s}};
    rate_cubic_init(&r->cubic, 0, now_s);
    r->meter.slice_s = floor(now_s);
}

double rate_take(struct rate_limiter *r, double now_s)
{
    if (!r->throttled)
        return 0;

    refill(&r->bucket, now_s);
    if (r->bucket.tokens < 1)
        return (1 - r->bucket.tokens) / r->bucket.fill_per_s;

    r->bucket.tokens--;
    return 0;
}

void rate_answered(struct rate_limiter *r, double now_s, bool throttled)
{
    double measured = rate_meter_count(&r->meter, now_s), rate;

    if (throttled) {
        rate = rate_cubic_throttled(
            &r->cubic, r->throttled ? MIN(measured, r->bucket.fill_per_s) : measured, now_s);
        r->throttled = true;
    } else {
        rate = rate_cubic_success(&r->cubic, now_s);
    }

    set_rate(&r->bucket, MIN(rate, RATE_MAX_OF_SENDING * measured), now_s);
}
