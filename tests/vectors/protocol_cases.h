/* The published protocol tests: folders of files, files of suites, a suite with its model and
 * cases. Both directions have this form. */
#pragma once

#include "vectors/model_loader.h"
#include "vectors/vectors.h"

/* Calls `run` with every case that applies, and the model of its suite; one direction is a folder
 * of this name below protocol-tests and protocol-tests/legacy ("input", "output"). Returns the exit
 * code of the test. */
int protocol_cases_run(
    const char *direction,
    void (*run)(struct vectors *v, struct model_loader *m, const char *id, const json_t *c));
