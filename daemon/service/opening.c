/* A thread, because the one that opens the database waits in SQLite and the kernel, where nobody
 * can say a word. It knows the socket of the manager and nothing else. It does not know whether the
 * disk makes progress either; so it speaks for an hour at most, and whatever takes longer is ended
 * by systemd as before. */
#include "daemon/service/opening.h"

#include "base/mem.h"
#include "loop/loop.h"

#define EVERY_MS 10000
#define ROUNDS   360 /* an hour: whatever hangs longer than that is not a disk at work */

struct opening {
    struct notify *notify;
    int64_t every_ms;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t cond;
    bool over;
};

/* Each word reaches beyond the next one twice over. */
static void tell(void *arg)
{
    struct opening *o = arg;

    uv_mutex_lock(&o->mutex);
    for (int i = 0; i < ROUNDS && !o->over; i++) {
        notify_extend(o->notify, o->every_ms * 3);
        uv_cond_timedwait(&o->cond, &o->mutex, (uint64_t)o->every_ms * 1000000);
    }
    uv_mutex_unlock(&o->mutex);
}

struct opening *opening_begin(struct notify *n, int64_t every_ms)
{
    if (!notify_enabled(n))
        return NULL;

    struct opening *o = xcalloc(1, sizeof *o);

    o->notify = n;
    o->every_ms = every_ms ? every_ms : EVERY_MS;
    uv_mutex_init(&o->mutex);
    uv_cond_init(&o->cond);
    if (uv_thread_create(&o->thread, tell, o) == 0)
        return o;

    uv_cond_destroy(&o->cond);
    uv_mutex_destroy(&o->mutex);
    free(o);
    return NULL;
}

void opening_end(struct opening *o)
{
    if (!o)
        return;

    uv_mutex_lock(&o->mutex);
    o->over = true;
    uv_cond_signal(&o->cond);
    uv_mutex_unlock(&o->mutex);
    uv_thread_join(&o->thread);
    uv_cond_destroy(&o->cond);
    uv_mutex_destroy(&o->mutex);
    free(o);
}
