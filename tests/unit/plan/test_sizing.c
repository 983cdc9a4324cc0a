/* Fargate's table: the vectors of defang.md 7.3, but for a request beyond the table, which is an
 * error here. */
#include "plan/plan.h"
#include <check.h>
#include <errno.h>

struct row {
    double vcpus, mib;
    int rc;
    unsigned cpu, memory;
};

static const struct row ROWS[] = {
    {0, 0, 0, 256, 512},           {.25, 0, 0, 256, 512},         {0, 1024, 0, 256, 1024},
    {.26, 0, 0, 512, 1024},        {.26, 1024, 0, 512, 1024},     {0, 512, 0, 256, 512},
    {0, 513, 0, 256, 1024},        {0, 1023, 0, 256, 1024},       {0, 1025, 0, 256, 2048},
    {0, 2049, 0, 512, 3072},       {0, 4097, 0, 1024, 5120},      {1, 0, 0, 1024, 2048},
    {1.5, 0, 0, 2048, 4096},       {4, 30720, 0, 4096, 30720},    {4, 30721, 0, 8192, 32768},
    {8, 60000, 0, 8192, 61440},    {16, 0, 0, 16384, 32768},      {16, 32769, 0, 16384, 40960},
    {0, 122880, 0, 16384, 122880}, {16.01, 0, -ERANGE, 0, 0},     {111, 1024, -ERANGE, 0, 0},
    {0, 122881, -ERANGE, 0, 0},    {0.0 / 0.0, 0, -ERANGE, 0, 0},
};

START_TEST(sizes)
{
    const struct row *r = &ROWS[_i];
    unsigned cpu = 0, memory = 0;

    ck_assert_int_eq(plan_fargate_size(r->vcpus, r->mib, &cpu, &memory), r->rc);
    ck_assert_uint_eq(cpu, r->cpu);
    ck_assert_uint_eq(memory, r->memory);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sizing");
    TCase *t = tcase_create("fargate");
    tcase_add_loop_test(t, sizes, 0, (int)(sizeof ROWS / sizeof *ROWS));
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
