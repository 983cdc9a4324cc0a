/* Fault points: places where a test lets the program die, as a power cut would.
 *
 * A point stands where generic code passes a boundary that matters after a crash: before something
 * is written to the journal, before and after a commit, between two events that are published,
 * before a call that changes something at AWS and after its answer. Its name is its kind and what
 * it is about: "call.after/ecs.RunTask", "step.enter/whole". A new effect has its points by using
 * that code.
 *
 * Compiled in with -Dfault_points=true only (tests); otherwise FAULT_POINT() is nothing, and its
 * arguments are not evaluated. On the loop thread only. */
#pragma once

#include <stdbool.h>

#ifdef DEFANG_FAULT_POINTS

#define FAULT_POINT(kind, about) fault_point(kind, about)

/* `spec` is "NAME[:NTH]": SIGKILL to itself when NAME is reached the NTH time (1). `record` is a
 * file to which each point that is reached is appended, a line each. Either may be NULL. False when
 * it cannot be: the spec names no kind that there is, or the file cannot be opened. */
bool fault_arm(const char *spec, const char *record);

/* `about` NULL: what was written last, as the commits have it. */
void fault_point(const char *kind, const char *about);

/* Kind number i, from 0, and in *why where it stands; NULL at the end. */
const char *fault_kind(unsigned i, const char **why);

#else
#define FAULT_POINT(kind, about) ((void)0)
#endif
