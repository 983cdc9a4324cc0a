/* The live board: a row per image, resource group and service, redrawn in place, never longer or
 * wider than the window. Finished rows fold when space is short. Log lines are not shown (they are
 * in `defangctl logs` and shown when something fails); notes stay under the board.
 *
 * A picture is drawn into one buffer and written at once, over the one before: the cursor goes up
 * by as many lines as that one had. Nothing else may write to the terminal meanwhile, which is why
 * notes and defangctl's own words are part of the picture. Events redraw at most every REDRAW_MS,
 * or a busy deployment would flicker; a tick redraws anyway, since times move.
 *
 * After a resize the terminal has wrapped what stood there, and nobody knows how high it is now:
 * the board starts anew below it. The last picture stays in the scroll-back, whole. */
#include "client/view/view.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "client/view/say.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_MS     100
#define NOTES_KEPT    4
#define TITLE_COLUMNS 12

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
    int64_t drawn_ms, clock_offset_ms; /* the daemon's clock is ours: same machine */
    size_t lines;                      /* drawn, to go up by */
    bool dirty;
    unsigned spin;
};

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

    vec_each(r, &b->rows)
    {
        count[rank_of(r)]++;
    }

    bool fold = b->rows.len > room;
    size_t left = fold ? room - 1 : room, hidden = 0;
    size_t may[RANKS] = {MIN(count[RANK_URGENT], left), 0, 0};

    may[RANK_OTHER] = MIN(count[RANK_OTHER], left - may[RANK_URGENT]);
    may[RANK_FOLDED] = fold ? 0 : count[RANK_FOLDED];

    vec_each(r, &b->rows)
    {
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
    cleanup_free char *foot = xasprintf(
        " Ctrl-C leaves it running: defangctl watch %s · defangctl cancel %s",
        b->deployment,
        b->deployment);

    draw_line(foot, SAY_DIM, columns, out);
    return 1;
}

static void draw(struct board *b, bool final)
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

/* Not more often than the eye can use; the next tick draws what is left out now. */
static void redraw_soon(struct board *b)
{
    b->dirty = true;
    if (clock_mono_ms() - b->drawn_ms >= REDRAW_MS)
        draw(b, false);
}

/* The row of that id, made when an event names it for the first time. */
static struct row *row_get(struct board *b, const Defang__Row *from)
{
    vec_each(r, &b->rows)
    {
        if (text_eq(r->id, from->id))
            return r;
    }

    vec_push(&b->rows, (struct row){.id = xstrdup(from->id)});
    return vec_last(&b->rows);
}

/* Its texts, for new ones to come. */
static void row_drop(struct row *r)
{
    free(r->title);
    free(r->what);
    free(r->usual);
}

/* An event of a row says all of it, so the last one is the truth. */
static void take_row(struct board *b, const Defang__Row *from)
{
    struct row *r = row_get(b, from);

    row_drop(r);
    r->title = say_clean(from->title);
    r->what = say_clean(from->what);
    r->usual = say_clean(from->usual);
    r->state = from->state;
    r->kind = from->kind;
    r->since_ms = from->since_ms;
    r->elapsed_ms = from->elapsed_ms;
    r->order = from->order;
}

/* The hint below its note, since it is about it. */
static void take_note(struct board *b, const Defang__Event *e)
{
    static const char *const words[] = {"error", "warning", "note"};
    cleanup_free char *text = say_clean(e->message);

    vec_push(
        &b->notes,
        xasprintf(" %s: %s", e->severity < ARRAY_LEN(words) ? words[e->severity] : "note", text));

    if (!text_empty(e->hint)) {
        cleanup_free char *hint = say_clean(e->hint);
        vec_push(&b->notes, xasprintf("   %s", hint));
    }
}

/* Resources and log lines are not for the board: its rows sum them up. */
static void board_event(struct view *v, const Defang__Event *e)
{
    struct board *b = (struct board *)v;
    if (e->kind == DEFANG__EVENT_KIND__EVENT_ROW && e->row)
        take_row(b, e->row);
    else if (e->kind == DEFANG__EVENT_KIND__EVENT_NOTE)
        take_note(b, e);
    else if (e->kind == DEFANG__EVENT_KIND__EVENT_STATE)
        b->state = e->state;
    else if (e->kind == DEFANG__EVENT_KIND__EVENT_RESULT && e->result)
        view_result_take(&b->result, e->result);
    else
        return;

    redraw_soon(b);
}

/* The spinner turns and times grow, also when no event comes. */
static void board_tick(struct view *v)
{
    struct board *b = (struct board *)v;

    b->spin++;
    draw(b, false);
}

static void board_resize(struct view *v)
{
    struct board *b = (struct board *)v;

    b->lines = 0; /* the terminal rewrapped what stood there: start below it */
    draw(b, false);
}

/* Part of the picture, so that the next one does not write over it. */
static void board_say(struct view *v, const char *text)
{
    struct board *b = (struct board *)v;

    vec_push(&b->notes, xasprintf(" %s", text));
    draw(b, false);
}

/* The whole board once more, to stay in the scroll-back, and the result below it. */
static void board_finish(struct view *v)
{
    struct board *b = (struct board *)v;

    draw(b, true);
    if (b->result && view_state_is_terminal(b->state))
        view_result(b->result, b->state, b->deployment, b->kind);
}

/* NULL-safe for a result that never came. */
static void board_free(struct view *v)
{
    struct board *b = (struct board *)v;

    vec_each(r, &b->rows)
    {
        row_drop(r);
        free(r->id);
    }

    vec_each(note, &b->notes)
    {
        free(*note);
    }

    vec_free(&b->rows);
    vec_free(&b->notes);
    defang__result__free_unpacked(b->result, NULL);
    free(b->header);
    free(b->deployment);
    free(b->kind);
    free(b);
}

/* The first picture at once: something is seen before the first event. */
struct view *view_board_new(struct client *c, const Defang__DeploymentInfo *info)
{
    struct board *b = xcalloc(1, sizeof *b);

    b->client = c;
    b->deployment = xstrdup(info ? info->id : "");
    b->kind = xstrdup(info ? info->kind : "");
    b->header = info ? xasprintf(
                           "%s%s%s · %s · %s   %s %s",
                           info->project,
                           *info->project ? " · " : "",
                           info->stack,
                           info->region,
                           info->account,
                           text_eq(info->kind, "up") ? "deployment" : info->kind,
                           info->id)
                     : xstrdup("deployment");
    b->view = (struct view){
        .event = board_event,
        .tick = board_tick,
        .resize = board_resize,
        .say = board_say,
        .finish = board_finish,
        .free = board_free};
    draw(b, false);

    return &b->view;
}
