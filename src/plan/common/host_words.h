/* Where host names stand in a value: in a variable of an environment, in a word of a command, in a
 * build argument. Nothing is known of services here; what is found is looked up by who asks. */
#pragma once

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

/* Stands in a text for a config value that is filled in later: part of a word, of which no more is
 * known. */
#define HOST_WORD_HOLE '\x01'

struct host_word {
    size_t at, len;
    bool sure; /* it can be nothing else; not sure: a word that is a whole value */
};

struct host_text {
    const char *text;
    const char *variable; /* its name; NULL: the text is a word of a command, or a file */
    const char *before;   /* of a command: the word before; NULL */
};

/* In the text's order, none overlapping; `out` in `a`. Returns their count. */
size_t plan_host_words(struct arena *a, const struct host_text *t, struct host_word **out);
