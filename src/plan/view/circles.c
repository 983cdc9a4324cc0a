/* The view: which tasks wait for each other in a circle.
 *
 * Tasks and what they wait for are a graph, a sidecar's being its service's; two tasks are in one
 * circle when each is reached from the other. All circles are found in one walk (Tarjan's, over the
 * strongly connected parts), because asking for each dependency whether it leads back costs the
 * square of what a file can hold. The walk keeps its place in a list of its own and not on the
 * stack: a chain is as long as the file makes it. */
#include "base/mem.h"
#include "plan/view/view.h"

#define NEW 0

/* A task on the way down, and which dependency of which of its containers comes next. */
struct step {
    size_t task, member, next;
};

struct walk {
    const struct plan_view *v;
    size_t *found;  /* the order in which it was met, from 1; NEW */
    size_t *lowest; /* the first met that it leads back to */
    size_t *circle; /* the answer; NEW while it is open */
    size_t *open;
    struct step *way;
    size_t open_count, depth, met, circles;
};

static void enter(struct walk *w, size_t task)
{
    w->found[task] = w->lowest[task] = ++w->met;
    w->open[w->open_count++] = task;
    w->way[w->depth++] = (struct step){.task = task};
}

/* The next task that this one waits for; false: there is none any more. */
static bool next_waited(const struct walk *w, struct step *at, size_t *out)
{
    const struct plan_service *task = &w->v->services[at->task];
    const struct plan_service *member;

    for (; (member = plan_task_member(w->v, task, at->member)); at->member++, at->next = 0)
        while (at->next < member->s->depends_on_count) {
            const struct plan_service *on =
                plan_waited(w->v, task, &member->s->depends_on[at->next++]);

            if (on) {
                *out = (size_t)(on - w->v->services);
                return true;
            }
        }
    return false;
}

/* What was met since, and is open still, is one circle with the task. */
static void leave(struct walk *w, size_t task)
{
    w->depth--;
    if (w->lowest[task] == w->found[task]) {
        size_t last;

        w->circles++;
        do {
            last = w->open[--w->open_count];
            w->circle[last] = w->circles;
        } while (last != task);
    }
    if (w->depth) {
        size_t before = w->way[w->depth - 1].task;

        w->lowest[before] = MIN(w->lowest[before], w->lowest[task]);
    }
}

static void walk_from(struct walk *w, size_t from)
{
    enter(w, from);
    while (w->depth) {
        struct step *at = &w->way[w->depth - 1];
        size_t task = at->task, on;

        if (!next_waited(w, at, &on))
            leave(w, task);
        else if (w->found[on] == NEW)
            enter(w, on);
        else if (w->circle[on] == NEW)
            w->lowest[task] = MIN(w->lowest[task], w->found[on]);
    }
}

const size_t *plan_view_circles(struct arena *a, const struct plan_view *v)
{
    size_t n = v->count + 1;
    struct walk w = {
        .v = v,
        .found = arena_array(a, size_t, n),
        .lowest = arena_array(a, size_t, n),
        .circle = arena_array(a, size_t, n),
        .open = arena_array(a, size_t, n),
        .way = arena_array(a, struct step, n)};

    for (size_t i = 0; i < v->count; i++)
        if (w.found[i] == NEW)
            walk_from(&w, i);

    /* A sidecar is where its task is. */
    for (size_t i = 0; i < v->count; i++)
        w.circle[i] = w.circle[plan_task_of(&v->services[i]) - v->services];
    return w.circle;
}
