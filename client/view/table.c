/* A table for people. Cells are kept until it is printed, because a column is as wide as its widest
 * cell; they are cleaned as everything is that came from outside. */
#include "client/view/table.h"

#include "base/mem.h"
#include "base/vec.h"
#include "client/view/say.h"

#include <stdio.h>

struct table {
    size_t columns;
    VEC(char *) cells;
};

/* The titles are the first row. */
struct table *table_new(size_t columns, const char *const *titles)
{
    struct table *t = xcalloc(1, sizeof *t);

    t->columns = columns;
    table_row(t, titles);
    return t;
}

/* Cleaned here, so that no caller can forget it. */
void table_row(struct table *t, const char *const *cells)
{
    for (size_t i = 0; i < t->columns; i++)
        vec_push(&t->cells, say_clean(cells[i]));
}

/* Widths are known only now, when all rows are there. The last column is not padded: lines end
 * where their text ends. */
void table_print(struct table *t)
{
    size_t rows = t->cells.len / t->columns;

    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < t->columns; i++) {
            size_t width = 0;

            for (size_t k = 0; k < rows; k++)
                width = MAX(width, say_width(t->cells.items[k * t->columns + i]));

            const char *cell = t->cells.items[r * t->columns + i];
            bool last = i + 1 == t->columns;

            printf(
                "%s%s%s%*s",
                r == 0 ? say_on(stdout, SAY_BOLD) : "",
                cell,
                r == 0 ? say_off(stdout) : "",
                last ? 0 : (int)(width - say_width(cell) + 2),
                "");
        }

        putchar('\n');
    }

    vec_each(cell, &t->cells) {
        free(*cell);
    }

    vec_free(&t->cells);
    free(t);
}
