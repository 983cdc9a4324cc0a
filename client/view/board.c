/* The live board: a row per image, resource group and service, redrawn in place, never longer or
 * wider than the window (board_draw.c). Log lines are not shown (they are in `defangctl logs` and
 * shown when something fails); notes stay under the board.
 *
 * Nothing else may write to the terminal meanwhile, which is why notes and defangctl's own words
 * are part of the picture. Events redraw at most every REDRAW_MS, or a busy deployment would
 * flicker; a tick redraws anyway, since times move. After a resize the terminal has wrapped what
 * stood there, and nobody knows how high it is now: the board starts anew below it. */
#include "client/view/board.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/view/say.h"

#include <string.h>

#define REDRAW_MS 100

/* Not more often than the eye can use; the next tick draws what is left out now. */
static void redraw_soon(struct board *b)
{
    b->dirty = true;
    if (clock_mono_ms() - b->drawn_ms >= REDRAW_MS)
        board_draw(b, false);
}

/* The row of that id, made when an event names it for the first time. */
static struct row *row_get(struct board *b, const Defang__Row *from)
{
    vec_each(r, &b->rows) {
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
    board_draw(b, false);
}

static void board_resize(struct view *v)
{
    struct board *b = (struct board *)v;

    b->lines = 0; /* the terminal rewrapped what stood there: start below it */
    board_draw(b, false);
}

/* Part of the picture, so that the next one does not write over it. */
static void board_say(struct view *v, const char *text)
{
    struct board *b = (struct board *)v;

    vec_push(&b->notes, xasprintf(" %s", text));
    board_draw(b, false);
}

/* The whole board once more, to stay in the scroll-back, and the result below it. */
static void board_finish(struct view *v)
{
    struct board *b = (struct board *)v;

    board_draw(b, true);
    if (b->result && view_state_is_terminal(b->state))
        view_result(b->result, b->state, b->deployment, b->kind);
}

/* NULL-safe for a result that never came. */
static void board_free(struct view *v)
{
    struct board *b = (struct board *)v;

    vec_each(r, &b->rows) {
        row_drop(r);
        free(r->id);
    }

    vec_each(note, &b->notes) {
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
    board_draw(b, false);

    return &b->view;
}
