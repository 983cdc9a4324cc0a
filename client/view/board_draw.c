/* A picture of the board.
 *
 * It is drawn into one buffer and written at once, over the one before: the cursor goes up by as
 * many lines as that one had, and what stood below is cleared. No line is wider than the window, or
 * it would wrap and the count be wrong; no picture is higher, or its top could not be reached any
 * more. When space is short, what needs a look stays: active and failed rows before waiting ones,
 * and finished ones in one line. The last picture stays in the scroll-back, whole. */
#include "client/view/board.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/view/say.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NOTES_KEPT    4
#define TITLE_COLUMNS 12

/* Asked for at each picture; where nobody knows it, the usual 80 by 24. Smaller ones than a row
 * fits in are drawn as if they were larger. */
static void window_size(size_t *columns, size_t *lines)
{
    struct winsize w = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0 || w.ws_row == 0)
        w = (struct winsize){.ws_col = 80, .ws_row = 24};
    *columns = MAX((size_t)w.ws_col, (size_t)20);
    *lines = MAX((size_t)w.ws_row, (size_t)6);
}

/* Done or skipped: nothing more comes of it. */
static bool folded(const struct row *r)
{
    return r->state == DEFANG__ROW_STATE__ROW_DONE || r->state == DEFANG__ROW_STATE__ROW_SKIPPED;
}

/* The sign carries the meaning; the colour only repeats it. */
static const char *symbol(const struct board *b, const struct row *r, enum say_style *style)
{
    static const char *const spinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    switch (r->state) {
    case DEFANG__ROW_STATE__ROW_DONE:
        *style = SAY_GOOD;
        return "✔";
    case DEFANG__ROW_STATE__ROW_SKIPPED:
        *style = SAY_GOOD;
        return "✔";
    case DEFANG__ROW_STATE__ROW_FAILED:
        *style = SAY_BAD;
        return "✘";
    case DEFANG__ROW_STATE__ROW_CANCELED:
        *style = SAY_WARN;
        return "⊘";
    case DEFANG__ROW_STATE__ROW_ACTIVE:
        *style = SAY_BOLD;
        return spinner[b->spin % ARRAY_LEN(spinner)];
    default:
        *style = SAY_DIM;
        return "·";
    }
}

/* " ✔ title        what                                   12.3 s" in exactly `columns` */
static void draw_row(const struct board *b, const struct row *r, size_t columns, struct str *out)
{
    char time[32] = "";

    if (r->elapsed_ms > 0)
        say_elapsed(r->elapsed_ms, time, sizeof time);
    else if (r->state == DEFANG__ROW_STATE__ROW_ACTIVE && r->since_ms > 0)
        say_elapsed(clock_wall_ms() - r->since_ms, time, sizeof time);

    enum say_style style = SAY_PLAIN;
    const char *mark = symbol(b, r, &style);
    cleanup_free char *title = say_fit(r->title, TITLE_COLUMNS);
    cleanup_str struct str what = STR_INIT;

    str_append(&what, r->what);
    if (!text_empty(r->usual) && r->state == DEFANG__ROW_STATE__ROW_ACTIVE)
        str_appendf(&what, " (%s)", r->usual);

    size_t fixed = 3 + TITLE_COLUMNS + 1, time_width = strlen(time);
    if (columns < fixed + time_width + 10) {
        time[0] = '\0'; /* the text says more than the clock */
        time_width = 0;
    }

    size_t room = columns > fixed + time_width + 2 ? columns - fixed - time_width - 2 : 0;
    cleanup_free char *cut = say_fit(str_get(&what), room);

    str_appendf(
        out,
        " %s%s%s %s%*s %s%*s %s%s%s\n",
        say_on(stderr, style),
        mark,
        say_off(stderr),
        title,
        (int)(TITLE_COLUMNS - say_width(title)),
        "",
        cut,
        (int)(room - say_width(cut)),
        "",
        say_on(stderr, SAY_DIM),
        time,
        say_off(stderr));
}

/* The order that the daemon gave; equal ones by name, so that rows never trade places. */
static int by_order(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->order != y->order ? (x->order < y->order ? -1 : 1) : strcmp(x->id, y->id);
}

enum rank { RANK_URGENT, RANK_OTHER, RANK_FOLDED, RANKS };

/* What needs a look stays when space is short. */
static enum rank rank_of(const struct row *r)
{
    if (r->state == DEFANG__ROW_STATE__ROW_ACTIVE || r->state == DEFANG__ROW_STATE__ROW_FAILED)
        return RANK_URGENT;
    return folded(r) ? RANK_FOLDED : RANK_OTHER;
}

/* One column is left free, so that no terminal wraps. */
static void draw_line(const char *text, enum say_style style, size_t columns, struct str *out)
{
    cleanup_free char *cut = say_fit(text, columns - 1);
    str_appendf(out, "%s%s%s\n", say_on(stderr, style), cut, say_off(stderr));
}

/* How many are not shown, and why. */
static void draw_folded(size_t done, size_t hidden, size_t columns, struct str *out)
{
    cleanup_str struct str text = STR_INIT;

    if (done > 0)
        str_appendf(&text, " ✔ %zu finished", done);
    if (hidden > 0)
        str_appendf(&text, "%s%zu more", done > 0 ? ", " : "   ", hidden);
    draw_line(str_get(&text), SAY_DIM, columns, out);
}

/* Which rows fit, in their order: active and failed ones before waiting ones; finished ones are
 * folded into one line. */
static size_t draw_rows(struct board *b, size_t columns, size_t room, struct str *out)
{
    size_t count[RANKS] = {0}, lines = 0;

    vec_each(r, &b->rows) {
        count[rank_of(r)]++;
    }

    bool fold = b->rows.len > room;
    size_t left = fold ? room - 1 : room, hidden = 0;
    size_t may[RANKS] = {MIN(count[RANK_URGENT], left), 0, 0};

    may[RANK_OTHER] = MIN(count[RANK_OTHER], left - may[RANK_URGENT]);
    may[RANK_FOLDED] = fold ? 0 : count[RANK_FOLDED];

    vec_each(r, &b->rows) {
        enum rank rank = rank_of(r);
        if (may[rank] == 0) {
            hidden += rank != RANK_FOLDED;
            continue;
        }

        may[rank]--;
        draw_row(b, r, columns, out);
        lines++;
    }

    if (fold) {
        draw_folded(count[RANK_FOLDED], hidden, columns, out);
        lines++;
    }

    return lines;
}

/* The newest ones. */
static size_t draw_notes(struct board *b, size_t count, size_t columns, struct str *out)
{
    for (size_t i = b->notes.len - count; i < b->notes.len; i++)
        draw_line(b->notes.items[i], SAY_WARN, columns, out);
    return count;
}

/* What to do is always in sight while it goes on. */
static size_t draw_foot(struct board *b, size_t columns, struct str *out)
{
    cleanup_free char *ways = view_ways_back(b->deployment, b->kind);
    cleanup_free char *foot = xasprintf(" Ctrl-C leaves it running: %s", ways);

    draw_line(foot, SAY_DIM, columns, out);
    return 1;
}

void board_draw(struct board *b, bool final)
{
    size_t columns, window;
    cleanup_str struct str out = STR_INIT;

    window_size(&columns, &window);

    if (b->lines > 0)
        str_appendf(&out, "\033[%zuA\r\033[J", b->lines);
    else
        str_append(&out, "\r\033[J");

    size_t most_notes = MIN((size_t)NOTES_KEPT, window / 4);
    size_t notes = MIN(b->notes.len, most_notes);

    /* What the rows may take: the header, the notes, the foot and the cursor's own line are there
     * too. The last picture stays in the scroll-back: there it may be as long as it is. */
    size_t fixed = 1 + notes + (final ? 0 : 1) + 1;
    size_t room = window > fixed ? window - fixed : 1;

    if (final)
        room = b->rows.len;
    if (b->rows.len)
        qsort(b->rows.items, b->rows.len, sizeof *b->rows.items, by_order);

    size_t lines = 1;
    draw_line(b->header, SAY_BOLD, columns, &out);
    lines += draw_rows(b, columns, room, &out);
    lines += draw_notes(b, notes, columns, &out);
    if (!final)
        lines += draw_foot(b, columns, &out);
    fwrite(str_get(&out), 1, out.len, stderr);
    fflush(stderr);
    b->lines = final ? 0 : lines;
    b->dirty = false;
    b->drawn_ms = clock_mono_ms();
}
