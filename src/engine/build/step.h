/* Where in a Dockerfile the builder is: its log names each instruction that it runs. */
#pragma once

#include <stddef.h>

/* The instruction of a log line, "INFO[0004] RUN npm ci" → "RUN npm ci"; NULL for other lines. */
const char *build_step_of(const char *log_line);

/* The stage that begins with this line, counted from 0; -1 for other lines. */
int build_stage_of(const char *log_line);

/* The line, from 1, of the instruction that is written so; of several the one in `stage`, when
 * there is one only. 0: none, or more than one. */
unsigned build_step_line(const char *dockerfile, size_t n, int stage, const char *step);
