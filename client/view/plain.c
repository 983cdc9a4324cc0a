/* Plain lines with a timestamp: the same events as the board shows, for pipes and logs.
 *
 * A line an event, in the order in which they were committed; nothing is ever drawn again. Of a
 * resource's two events, its own and its row's, one line is printed. The result comes last, as
 * view_result() has it. */
#include "client/view/view.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/view/say.h"

#include <string.h>

struct plain {
    struct view view;
    struct client *client;
    char *kind, *deployment;
    Defang__Result *result;
    Defang__DeployState state;
    uint64_t resource_sequence; /* of the last resource event */
};

/* One line of text: what came from outside is cleaned, and nothing is cut: a log has no width. */
static void line(const Defang__Event *e, const char *subject, const char *text)
{
    char time[24];

    say_time(e->time_ms, time, sizeof time);

    cleanup_free char *clean = say_clean(text);
    say("%s  %-20s %s", time, subject, clean);
}

/* The state in words: there is no colour in a log file. */
static void show_row(const Defang__Event *e)
{
    static const char *const states[] = {"waiting", "", "done", "FAILED", "skipped", "canceled"};
    const Defang__Row *r = e->row;
    const char *state = (size_t)r->state < ARRAY_LEN(states) ? states[r->state] : "";
    cleanup_str struct str text = STR_INIT;

    str_appendf(&text, "%s%s%s", state, *state ? ": " : "", r->what);
    if (!text_empty(r->usual))
        str_appendf(&text, " (%s)", r->usual);

    if (r->elapsed_ms > 0) {
        char elapsed[32];

        say_elapsed(r->elapsed_ms, elapsed, sizeof elapsed);
        str_appendf(&text, " [%s]", elapsed);
    }

    line(e, r->id, str_get(&text));
}

/* The engine's own words for a resource; why, when it says why. */
static void show_resource(const Defang__Event *e)
{
    const Defang__Resource *r = e->resource;
    cleanup_free char *text = xasprintf(
        "%s %s%s%s", r->logical_id, r->status, text_empty(r->reason) ? "" : ": ", r->reason);

    line(e, e->row ? e->row->id : "", text);
}

/* Which source and service it came from, where other lines have their row. */
static void show_log(const Defang__Event *e)
{
    cleanup_free char *subject = xasprintf("%s/%s", e->log->source, e->log->service);
    line(e, subject, e->log->text);
}

/* Two lines for a note with a hint: both can be searched for. */
static void show_note(const Defang__Event *e)
{
    static const char *const words[] = {"error", "warning", "note"};

    line(e, e->severity < ARRAY_LEN(words) ? words[e->severity] : "note", e->message);
    if (!text_empty(e->hint))
        line(e, "", e->hint);
}

/* An event of a newer daemon may lack what this one looks for. */
static bool is_whole(const Defang__Event *e)
{
    switch (e->kind) {
    case DEFANG__EVENT_KIND__EVENT_ROW:
        return e->row != NULL;
    case DEFANG__EVENT_KIND__EVENT_RESOURCE:
        return e->resource != NULL;
    case DEFANG__EVENT_KIND__EVENT_LOG:
        return e->log != NULL;
    case DEFANG__EVENT_KIND__EVENT_RESULT:
        return e->result != NULL;
    default:
        return true;
    }
}

/* By kind; one that this program does not know is left out. */
static void plain_event(struct view *v, const Defang__Event *e)
{
    struct plain *p = (struct plain *)v;

    if (!is_whole(e))
        return;

    switch (e->kind) {
    case DEFANG__EVENT_KIND__EVENT_ROW:
        /* A resource's own line has just said it. */
        if (e->sequence != p->resource_sequence + 1 ||
            e->row->state != DEFANG__ROW_STATE__ROW_ACTIVE)
            show_row(e);
        break;
    case DEFANG__EVENT_KIND__EVENT_RESOURCE:
        p->resource_sequence = e->sequence;
        show_resource(e);
        break;
    case DEFANG__EVENT_KIND__EVENT_LOG:
        show_log(e);
        break;
    case DEFANG__EVENT_KIND__EVENT_NOTE:
        show_note(e);
        break;
    case DEFANG__EVENT_KIND__EVENT_STATE:
        p->state = e->state;
        line(e, "deployment", view_state_name(e->state));
        break;
    case DEFANG__EVENT_KIND__EVENT_RESULT:
        view_result_take(&p->result, e->result);
        break;
    default:
        break;
    }
}

static void plain_say(struct view *v, const char *text)
{
    say("%s", text);
}

/* Only an outcome has a result: a stream that was left has none. */
static void plain_finish(struct view *v)
{
    struct plain *p = (struct plain *)v;
    if (p->result && view_state_is_terminal(p->state))
        view_result(p->result, p->state, p->deployment, p->kind);
}

static void plain_free(struct view *v)
{
    struct plain *p = (struct plain *)v;

    defang__result__free_unpacked(p->result, NULL);
    free(p->kind);
    free(p->deployment);
    free(p);
}

/* A first line says what is watched, since nothing else of it may come for minutes. */
struct view *view_plain_new(struct client *c, const Defang__DeploymentInfo *info)
{
    struct plain *p = xcalloc(1, sizeof *p);

    p->client = c;
    p->kind = xstrdup(info ? info->kind : "");
    p->deployment = xstrdup(info ? info->id : "");
    p->view = (struct view){
        .event = plain_event, .say = plain_say, .finish = plain_finish, .free = plain_free};

    if (info)
        say("deployment %s: %s %s%s%s in %s, account %s",
            info->id,
            info->kind,
            info->project,
            *info->project && *info->stack ? " · " : "",
            info->stack,
            info->region,
            info->account);

    return &p->view;
}
