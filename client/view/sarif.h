/* Findings as SARIF 2.1.0 (OASIS): one run, its rules by id, a result each. */
#pragma once

#include "proto/defang.pb-c.h"
#include <stdio.h>

const char *sarif_level(uint32_t severity); /* error, warning, note */
void sarif_print(FILE *f, Defang__Diagnostic *const *list, size_t n);
