#include "base/arena.h"
#include "unit/lib/suite.h"
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

START_TEST(memory_is_zero_aligned_and_apart)
{
    cleanup_arena struct arena *a = arena_new();
    unsigned char *last = NULL;
    for (size_t i = 0; i < 5000; i++) {
        size_t n = i * 7 % 3000;
        unsigned char *p = arena_alloc(a, n);
        ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
        unsigned seen = 0;
        for (size_t k = 0; k < n; k++)
            seen |= p[k];
        ck_assert_uint_eq(seen, 0);
        memset(p, 0xa5, n);
        ck_assert_ptr_ne(p, last);
        last = p;
    }
}
END_TEST

START_TEST(large_ones_do_not_waste_the_open_block)
{
    cleanup_arena struct arena *a = arena_new();
    char *small = arena_alloc(a, 16);
    memset(arena_alloc(a, 1 << 20), 1, 1 << 20);
    char *next = arena_alloc(a, 16);
    ck_assert_ptr_eq(next, small + 16);
}
END_TEST

START_TEST(text)
{
    cleanup_arena struct arena *a = arena_new();
    ck_assert_ptr_null(arena_strdup(a, NULL));
    ck_assert_str_eq(arena_strdup(a, "abc"), "abc");
    ck_assert_str_eq(arena_strndup(a, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_strndup(a, "ab", 10), "ab");
    ck_assert_str_eq(arena_printf(a, "%s-%d", "x", 42), "x-42");
    int *numbers = arena_array(a, int, 1000);
    ck_assert_int_eq(numbers[999], 0);
    arena_free(NULL);
}
END_TEST

SUITE("base/arena", memory_is_zero_aligned_and_apart, large_ones_do_not_waste_the_open_block, text)
