/* Files of a project on this machine, watched by inotify for `up --watch`. */
#pragma once

#include "base/error.h"
#include "base/vec.h"
#include "proto/defang.pb-c.h"

struct watch_files;

/* `rules` are borrowed, and live longer. ERR_FAILED when the system watches no more folders. */
int watch_files_open(
    Defang__WatchRule *const *rules, size_t count, struct watch_files **out, struct error *err);
void watch_files_free(struct watch_files *w);

size_t watch_files_folders(const struct watch_files *w);

struct watch_changes {
    VEC(const Defang__WatchRule *) rules; /* each once; of a service perhaps several */
    char *first;                          /* a file that changed, as it is told; malloc'd */
};
void watch_changes_done(struct watch_changes *c);

/* Waits for changes that count, and on until there is quiet: one save is many changes. `signals` is
 * a descriptor that ends the waiting. 1: *out has them; 0: a signal came. */
int watch_files_wait(
    struct watch_files *w, int signals, struct watch_changes *out, struct error *err);

/* Whether a path, relative to the rule's, counts: none of `ignore`, one of `include` where there
 * are some. Patterns are .dockerignore's, without exceptions; what repositories and editors keep
 * beside the files never counts. */
bool watch_rule_counts(const Defang__WatchRule *rule, const char *path);
