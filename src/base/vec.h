/* VEC(T): a growing array. `VEC(char *) names = {0}; vec_push(&names, x); vec_free(&names);` Items
 * are owned by the caller. */
#pragma once

#include "base/mem.h"

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *items;                                                                                  \
        size_t len, cap;                                                                           \
    }

#define vec_push(v, ...)                                                                           \
    do {                                                                                           \
        if ((v)->len == (v)->cap) {                                                                \
            (v)->cap = (v)->cap ? (v)->cap * 2 : 8;                                                \
            (v)->items = xreallocarray((v)->items, (v)->cap, sizeof *(v)->items);                  \
        }                                                                                          \
        (v)->items[(v)->len++] = (__VA_ARGS__);                                                    \
    } while (0)
#define vec_pop(v)   ((v)->items[--(v)->len])
#define vec_last(v)  (&(v)->items[(v)->len - 1])
#define vec_clear(v) ((v)->len = 0)
#define vec_free(v)                                                                                \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->len = (v)->cap = 0;                                                                   \
    } while (0)
#define vec_each(it, v)                                                                            \
    for (__typeof__((v)->items + 0) it = (v)->items; it && it < (v)->items + (v)->len; it++)
