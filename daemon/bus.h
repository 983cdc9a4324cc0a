/* The way of an event into the journal: numbered, encoded once, stored once. Watchers read the
 * stored bytes (daemon/watch.h). */
#pragma once

#include "base/error.h"
#include "proto/defang.pb-c.h"
#include "store/store.h"

/* Sets e->sequence (and e->time_ms when it is 0), encodes and appends. e->deployment names the
 * deployment. Committed at the end of the turn; on an error nothing was appended and the sequence
 * is free again. */
int bus_emit(struct store *store, Defang__Event *e, struct error *err);

/* Fills since_ms and elapsed_ms of a row from when it first became active, which is remembered in
 * the journal, so also after a restart. */
void bus_row_times(struct store *store, const char *deployment, Defang__Row *row, int64_t now_ms);
