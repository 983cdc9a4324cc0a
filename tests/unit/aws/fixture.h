/* A session over a home folder of its own, a scripted transport and a virtual clock. */
#pragma once

#include "aws/aws.h"
#include "unit/lib/fake_clock.h"
#include "unit/lib/script_http.h"

struct fixture {
    struct fake_clock clock;
    struct loop *loop;
    struct script_http *script;
    struct env *env;
    char *home;
};

void fixture_init(struct fixture *f);
void fixture_done(struct fixture *f);
void fixture_env(struct fixture *f, const char *name, const char *value);
void fixture_keys(struct fixture *f); /* AKIDEXAMPLE and a secret, region us-west-2 */
void fixture_file(
    struct fixture *f, const char *relative, const char *text); /* below the home folder */
int fixture_open(
    struct fixture *f,
    const char *profile,
    const char *region,
    struct aws_session **out,
    struct error *err);
/* Runs fn(arg) in a fiber to its end. */
void fixture_run(struct fixture *f, void (*fn)(void *arg), void *arg);
