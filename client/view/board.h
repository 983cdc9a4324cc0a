/* The live board's rows and notes, shared by what they are filled from (board.c) and what draws
 * them (board_draw.c). Private to both. */
#pragma once

#include "base/vec.h"
#include "client/view/view.h"

struct row {
    char *id, *title, *what, *usual;
    Defang__RowState state;
    Defang__RowKind kind;
    int64_t since_ms, elapsed_ms;
    unsigned order;
};

struct board {
    struct view view;
    struct client *client;
    VEC(struct row) rows;
    VEC(char *) notes;
    char *header, *deployment, *kind;
    Defang__DeployState state;
    Defang__Result *result;
    int64_t drawn_ms; /* monotonic */
    size_t lines;     /* drawn, to go up by */
    bool dirty;
    unsigned spin;
};

/* A picture over the one before; with `final` the last one, which stays. */
void board_draw(struct board *b, bool final);
