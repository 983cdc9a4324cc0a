/* Stacks and switches of fibers. A fiber is entered once by makecontext/setcontext; every later
 * switch is _setjmp/_longjmp, which saves the two system calls of swapcontext (the way of QEMU's
 * coroutine-ucontext). The sanitizers are told of each switch. */

/* glibc's checked longjmp takes a jump to another stack for a smashed one. */
#undef _FORTIFY_SOURCE
#include "loop/internal.h"

#include "base/limits.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(FIBER_ASAN)
#define FIBER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(FIBER_TSAN)
#define FIBER_TSAN 1
#endif

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define FIBER_STACK_BYTES                                                                          \
    (LIMIT_FIBER_STACK_BYTES * 4) /* red zones make frames several times larger */
#else
#define FIBER_STACK_BYTES LIMIT_FIBER_STACK_BYTES
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* save == NULL: the stack that is left will not be entered again. */
static void leaving(void **save, const void *bottom, size_t bytes)
{
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(save, bottom, bytes);
#endif
}

static void arrived(void *saved, const void **old_bottom, size_t *old_bytes)
{
#ifdef FIBER_ASAN
    __sanitizer_finish_switch_fiber(saved, old_bottom, old_bytes);
#endif
}

/* Inlined always: ThreadSanitizer would book the entry of a function on one stack and its exit on
 * the other.
 */
static inline __attribute__((always_inline)) void tsan_switch(void *to)
{
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to, 0);
#endif
}

static void tsan_begin(struct fiber *f)
{
#ifdef FIBER_TSAN
    f->loop->sched.tsan_fiber = __tsan_get_current_fiber();
    if (!f->tsan_fiber)
        f->tsan_fiber = __tsan_create_fiber(0);
#endif
}

static void tsan_end(struct fiber *f)
{
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(f->tsan_fiber);
    f->tsan_fiber = NULL;
#endif
}

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

struct fiber_stack fiber_stack_take(struct fiber_sched *sched)
{
    if (sched->kept_count > 0)
        return sched->kept[--sched->kept_count];

    size_t guard = page_bytes();
    char *map = mmap(
        NULL,
        guard + FIBER_STACK_BYTES,
        PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE,
        -1,
        0);
    if (map == MAP_FAILED || mprotect(map + guard, FIBER_STACK_BYTES, PROT_READ | PROT_WRITE) < 0)
        loop_die("cannot map a fiber's stack: %s", strerror(errno));
    return (struct fiber_stack){map + guard, FIBER_STACK_BYTES};
}

static void stack_unmap(struct fiber_stack stack)
{
    munmap((char *)stack.base - page_bytes(), page_bytes() + stack.bytes);
}

void fiber_stack_give(struct fiber_sched *sched, struct fiber_stack stack)
{
#ifdef FIBER_ASAN
    /* The last frames never returned: their red zones would trip the next fiber, or whoever maps
     * this memory next. */
    __asan_unpoison_memory_region(stack.base, stack.bytes);
#endif
    if (sched->kept_count < FIBER_STACKS_KEPT)
        sched->kept[sched->kept_count++] = stack;
    else
        stack_unmap(stack);
}

void fiber_stacks_unmap(struct fiber_sched *sched)
{
    while (sched->kept_count > 0)
        stack_unmap(sched->kept[--sched->kept_count]);
}

static _Thread_local struct fiber *entering; /* makecontext passes ints only */

static void entry(void)
{
    struct fiber *f = entering;
    arrived(NULL, &f->loop->sched.asan_stack_bottom, &f->loop->sched.asan_stack_bytes);
    fiber_main(f);
}

static void enter(struct fiber *f)
{
    /* Not on the stack: this frame is left by a jump, and AddressSanitizer's red zones around a
     * local would stay behind. */
    ucontext_t *context = &f->loop->sched.entry;
    if (getcontext(context) < 0)
        loop_die("getcontext: %s", strerror(errno));
    context->uc_stack.ss_sp = f->stack.base;
    context->uc_stack.ss_size = f->stack.bytes;
    context->uc_link = NULL;
    makecontext(context, entry, 0);
    entering = f;
    setcontext(context);
    loop_die("setcontext: %s", strerror(errno));
}

static __attribute__((noinline)) void jump_to_fiber(struct fiber *f)
{
    struct fiber_sched *sched = &f->loop->sched;

    tsan_begin(f);
    leaving(&sched->asan_fake_stack, f->stack.base, f->stack.bytes);
    if (_setjmp(sched->context) == 0) {
        tsan_switch(f->tsan_fiber);
        if (f->started)
            _longjmp(f->context, 1);
        f->started = true;
        enter(f);
    }
}

void fiber_context_resume(struct fiber *f)
{
    struct fiber_sched *sched = &f->loop->sched;

    if (!f->started)
        f->stack = fiber_stack_take(sched);
    jump_to_fiber(f);
    arrived(sched->asan_fake_stack, NULL, NULL);
    if (f->finished) {
        tsan_end(f);
        fiber_stack_give(sched, f->stack);
        f->stack = (struct fiber_stack){0};
    }
}

static __attribute__((noinline)) void jump_to_scheduler(struct fiber *f)
{
    if (_setjmp(f->context) == 0) {
        tsan_switch(f->loop->sched.tsan_fiber);
        _longjmp(f->loop->sched.context, 1);
    }
}

void fiber_context_suspend(struct fiber *f)
{
    struct fiber_sched *sched = &f->loop->sched;
    leaving(&f->asan_fake_stack, sched->asan_stack_bottom, sched->asan_stack_bytes);
    jump_to_scheduler(f);
    arrived(f->asan_fake_stack, &sched->asan_stack_bottom, &sched->asan_stack_bytes);
}

void fiber_context_exit(struct fiber *f)
{
    struct fiber_sched *sched = &f->loop->sched;
    leaving(NULL, sched->asan_stack_bottom, sched->asan_stack_bytes);
    tsan_switch(sched->tsan_fiber);
    _longjmp(sched->context, 1);
}
