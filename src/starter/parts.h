/* Of this folder alone: what its files ask of the files of a folder, and write with. */
#pragma once

#include "base/str.h"
#include "starter/starter.h"

const struct starter_file *starter_find(const struct starter_folder *f, const char *path);
bool starter_has(const struct starter_folder *f, const char *path);
/* Something below that folder. */
bool starter_has_in(const struct starter_folder *f, const char *folder);
/* The file is there and has the word in it. */
bool starter_says(const struct starter_folder *f, const char *path, const char *word);
/* The first number that follows `word` in the file, 0 without one: starter_number(f, "pom.xml",
 * "<java.version>"). */
unsigned starter_number(const struct starter_folder *f, const char *path, const char *word);
/* The name that stands before `word` as in `app = Flask(`; NULL for none. In the arena. */
const char *starter_variable(
    struct arena *a, const struct starter_folder *f, const char *path, const char *word);
/* "app/main.py" → "app.main". */
const char *starter_module(struct arena *a, const char *path);

/* Whether it may stand in a command: letters, digits and ._-/@+ alone. */
bool starter_is_plain(const char *text);

unsigned starter_port(const struct starter_folder *f, unsigned usual);

/* Files that a program which listens on $PORT is served from: nginx, as nobody. `from`: the stage
 * and folder that has them, "--from=build /src/dist", or "." */
void starter_static(struct str *out, const char *from, unsigned port);

/* Each: whether the folder is of this kind. *out is filled then. */
bool starter_node(struct arena *a, const struct starter_folder *f, struct starter *out);
bool starter_python(struct arena *a, const struct starter_folder *f, struct starter *out);
bool starter_go(struct arena *a, const struct starter_folder *f, struct starter *out);
bool starter_ruby(struct arena *a, const struct starter_folder *f, struct starter *out);
bool starter_php(struct arena *a, const struct starter_folder *f, struct starter *out);
bool starter_java(struct arena *a, const struct starter_folder *f, struct starter *out);
bool starter_plain(struct arena *a, const struct starter_folder *f, struct starter *out);

/* Puts the text into *out, with the lines of .dockerignore that every kind has. */
void starter_give(
    struct arena *a,
    struct starter *out,
    const char *kind,
    unsigned port,
    struct str *dockerfile,
    const char *ignore);
