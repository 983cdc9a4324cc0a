/* Buckets of a stack that CloudFormation leaves alone (it deletes none that holds anything): when
 * the stack is gone the engine empties and removes those that its template marks with "Purge", and
 * names the others. What to do is in the journal before the stack goes, so that a restart between
 * the two loses nothing. */
#pragma once

#include "engine/context.h"

/* Before the stack is deleted. A repeated call keeps what the first one found. */
int buckets_note(
    struct engine_context *c,
    const char *stack,
    const json_t *template,
    const char *journal_key,
    struct error *err);

/* An event of an update or of its roll back: a bucket that the stack lets go is settled like those
 * of a stack that goes. Never suspends. */
void buckets_event(
    struct engine_context *c, const struct engine_resource *r, const char *journal_key);

/* When it is gone. A bucket that cannot be removed is a warning: the stack is gone all the same.
 * Only a cancel is an error. */
int buckets_settle(struct engine_context *c, const char *journal_key, struct error *err);
