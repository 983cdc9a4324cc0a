/* JSON lines for programs: each event as one object on standard output, as it came. What defangctl
 * has to say itself goes to standard error, so that the lines stay data. */
#include "base/mem.h"
#include "client/view/json_out.h"
#include "client/view/say.h"
#include "client/view/view.h"

#include <stdlib.h>

static void json_event(struct view *v, const Defang__Event *e)
{
    json_out_message(stdout, &e->base);
}

static void json_say(struct view *v, const char *text)
{
    say("%s", text);
}

/* Nothing is kept back, so there is nothing to finish. */
static void json_finish(struct view *v)
{
}

static void json_free(struct view *v)
{
    free(v);
}

struct view *view_json_new(struct client *c)
{
    struct view *v = xcalloc(1, sizeof *v);

    *v = (struct view){
        .event = json_event, .say = json_say, .finish = json_finish, .free = json_free};
    return v;
}
