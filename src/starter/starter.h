/* A Dockerfile to start from, for a folder that has none: by what lies in it. Pure: names and texts
 * go in, text comes out. */
#pragma once

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

struct starter_file {
    const char *path; /* relative to the folder, "app/main.py" */
    const char *text; /* NULL: not read, or too large */
    size_t n;
};

struct starter_folder {
    const struct starter_file *files;
    size_t count;
    unsigned port; /* that the service is said to listen on; 0: as usual for what it is */
};

struct starter {
    const char *kind; /* "Next.js (pnpm)" */
    unsigned port;    /* 0: it listens on none that is known */
    const char *dockerfile, *dockerignore;
};

/* Whether the text of this file is asked for, when it is there. */
bool starter_reads(const char *path);

/* false: nothing here is known. All in the arena. */
bool starter_make(struct arena *a, const struct starter_folder *f, struct starter *out);
