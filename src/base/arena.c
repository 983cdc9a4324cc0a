/* Memory for what is built once and dropped whole: a chain of blocks, the first of which is being
 * filled. An object that is large beside the block gets a block of its own behind it, so that the
 * room that is left in the current one is not lost.
 *
 * Blocks double up to BLOCK_MAX_BYTES. An arena that has grown past HUGE_FROM_BYTES goes on in
 * blocks of 2 MiB that the kernel is asked to keep as huge pages. Under the address sanitizer it
 * does not: there every block is malloc's, whose ends it watches.
 *
 * Everything handed out is aligned for any type and zeroed; a block is never moved, so pointers
 * hold until arena_free(). */
#include "base/arena.h"

#include "base/mem.h"
#include "base/secret.h"
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_MIN_BYTES 4096u
#define BLOCK_MAX_BYTES (256u * 1024u)
#define HUGE_BYTES      (2u * 1024u * 1024u)
/* Behind so much, blocks are huge pages: a fault for each page of a large project costs more than
 * filling it. */
#define HUGE_FROM_BYTES (256u * 1024u)

#if defined(__SANITIZE_ADDRESS__)
#define HUGE_PAGES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HUGE_PAGES 0
#endif
#endif
#ifndef HUGE_PAGES
#define HUGE_PAGES 1
#endif

struct block {
    struct block *next;
    size_t used, size;
    bool mapped; /* HUGE_BYTES of its own mapping, header included */
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    /* The block that is being filled; large ones of their own stand behind it. */
    struct block *head;
    size_t next_size, total_bytes;
};

struct arena *arena_new(void)
{
    struct arena *a = xcalloc(1, sizeof *a);
    a->next_size = BLOCK_MIN_BYTES;
    return a;
}

static void block_free(struct block *b)
{
    if (b->mapped)
        munmap(b, HUGE_BYTES);
    else
        free(b);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->head, *next; b; b = next) {
        next = b->next;
        block_free(b);
    }

    free(a);
}

void arena_wipe_ptr(struct arena **a)
{
    for (struct block *b = *a ? (*a)->head : NULL; b; b = b->next)
        secret_wipe(b->data, b->used);
    arena_free_ptr(a);
}

void arena_free_ptr(struct arena **a)
{
    arena_free(*a);
    *a = NULL;
}

static struct block *block_new(size_t size)
{
    struct block *b = xcalloc(1, sizeof *b + size);
    b->size = size;
    return b;
}

/* NULL where the kernel gives none. Aligned, or no huge page could lie there. */
static struct block *block_map(void)
{
    unsigned char *at = mmap(
        NULL,
        HUGE_BYTES * 2,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);

    if (at == MAP_FAILED)
        return NULL;

    size_t before = (HUGE_BYTES - (uintptr_t)at % HUGE_BYTES) % HUGE_BYTES;
    if (before)
        munmap(at, before);
    munmap(at + before + HUGE_BYTES, HUGE_BYTES - before);
    struct block *b = (void *)(at + before);
    madvise(b, HUGE_BYTES, MADV_HUGEPAGE); /* a wish: without it the pages are small */
    b->size = HUGE_BYTES - sizeof *b;
    b->mapped = true;

    return b;
}

static struct block *block_next(struct arena *a)
{
    struct block *b = HUGE_PAGES && a->total_bytes >= HUGE_FROM_BYTES ? block_map() : NULL;

    if (!b)
        b = block_new(a->next_size);
    if (a->next_size < BLOCK_MAX_BYTES)
        a->next_size *= 2;
    a->total_bytes += b->size;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t align = alignof(max_align_t);

    if (size > SIZE_MAX / 2)
        xreallocarray(NULL, SIZE_MAX, 2); /* aborts like any impossible size */
    size = ((size ? size : 1) + align - 1) & ~(align - 1);
    struct block *b = a->head;
    if (b && b->size - b->used >= size) {
        void *p = b->data + b->used;
        b->used += size;
        return p;
    }

    /* A large one gets a block of its own, and the current one stays in use. */
    if (size > a->next_size / 4) {
        struct block *own = block_new(size);
        own->used = size;
        own->next = b ? b->next : NULL;
        if (b)
            b->next = own;
        else
            a->head = own;
        return own->data;
    }

    struct block *fresh = block_next(a);
    fresh->next = b;
    fresh->used = size;
    a->head = fresh;

    return fresh->data;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    if (!s)
        return NULL;
    size_t len = strnlen(s, n);
    char *p = arena_alloc(a, len + 1);
    memcpy(p, s, len);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;

    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    char *p = arena_strndup(a, text, (size_t)n);
    free(text);
    return p;
}
