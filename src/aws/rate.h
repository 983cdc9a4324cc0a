/* Adaptive retry mode: once a service has throttled us, calls to it wait for a token; the tokens'
 * rate follows the published cubic curve, down at each throttling answer, up again with time, never
 * beyond twice what was really sent. Constants and formula are those of the AWS CLI (aws-access.md
 * section 10). Pure: moments come in as seconds of any steady clock, the caller sleeps. */
#pragma once

#include <stdbool.h>

#define RATE_BETA           0.7 /* of the rate stays after a throttling answer */
#define RATE_SCALE          0.4 /* how steeply it grows back */
#define RATE_SMOOTH         0.8 /* weight of the newest half second in the measured rate */
#define RATE_SLICE_S        0.5 /* sending is measured in slices of this length */
#define RATE_MIN_PER_S      0.5 /* tokens never come slower */
#define RATE_MAX_OF_SENDING 2.0 /* nor faster than so many times what was sent */

/* W(t) = scale·(t − k)³ + w_max, t since the last throttling answer. */
struct rate_cubic {
    double w_max, k, failed_at_s;
};

struct rate_meter {
    double measured_per_s, slice_s, count;
};

struct rate_bucket {
    double tokens, fill_per_s, tokens_max, filled_at_s;
};

struct rate_limiter {
    struct rate_cubic cubic;
    struct rate_meter meter;
    struct rate_bucket bucket;
    bool throttled; /* ever: before that nothing waits */
};

void rate_init(struct rate_limiter *r, double now_s);
/* 0: go, a token was taken (or none is needed). Else the seconds after which to ask again. */
double rate_take(struct rate_limiter *r, double now_s);
/* After each answer, and each failure to get one. */
void rate_answered(struct rate_limiter *r, double now_s, bool throttled);

/* The parts, for the published tables. */
void rate_cubic_init(struct rate_cubic *c, double w_max, double now_s);
double rate_cubic_success(const struct rate_cubic *c, double now_s);
double rate_cubic_throttled(struct rate_cubic *c, double rate, double now_s);
double rate_meter_count(struct rate_meter *m, double now_s);
