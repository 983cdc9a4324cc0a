/* How much room a build gets: by what its files name, the size of its context, the settings. */
#include "base/mem.h"
#include "plan/plan.h"
#include "unit/lib/suite.h"

static const struct plan_settings PLAIN = {.kaniko_cpu = "2048", .kaniko_memory = "8192"};

START_TEST(storage)
{
    static const struct {
        const char *texts[2];
        unsigned long long mib;
        unsigned gib;
    } rows[] = {
        {{"FROM node:20\nRUN npm ci\n", NULL}, 10, 0},
        {{"FROM python:3.12-slim\n", "flask==3\n"}, 900, 0},
        {{"FROM pytorch/pytorch:2.7.0-cuda12.8-cudnn9-runtime\n", NULL}, 1, 80},
        {{"from PyTorch/PyTorch\n", NULL}, 1, 80},
        {{"FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\n", NULL}, 1, 50},
        {{"FROM nvcr.io/nvidia/pytorch:25.03-py3\n", NULL}, 1, 110},
        {{"FROM tensorflow/tensorflow:2.19.0-gpu\n", NULL}, 1, 50},
        {{"FROM python:3.12\nRUN pip install -r requirements.txt\n", "torch==2.7\n"}, 1, 40},
        {{"FROM scratch\n", NULL}, 5000, 30},
        {{"FROM vllm/vllm-openai\n", "torch"}, 60000, 200},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned gib = plan_build_storage(&PLAIN, rows[i].texts, 2, rows[i].mib << 20);
        ck_assert_msg(gib == rows[i].gib, "%s: %u GiB", rows[i].texts[0], gib);
    }

    struct plan_settings said = PLAIN;
    said.build_storage = 33;
    ck_assert_uint_eq(plan_build_storage(&said, rows[2].texts, 2, 1), 33);
    ck_assert_uint_eq(plan_build_more_storage(0), 60);
    ck_assert_uint_eq(plan_build_more_storage(80), 160);
    ck_assert_uint_eq(plan_build_more_storage(160), 200);
    ck_assert_uint_eq(plan_build_more_storage(200), 200);
}
END_TEST

START_TEST(size)
{
    static const struct {
        unsigned said, cpu, memory, more_cpu, more_memory;
        bool more;
    } rows[] = {
        {0, 2048, 8192, 2048, 16384, true},
        {4, 2048, 4096, 2048, 8192, true},
        {16, 2048, 16384, 8192, 32768, true},
        {24, 4096, 24576, 8192, 49152, true},
        {120, 16384, 122880, 16384, 122880, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct plan_settings s = PLAIN;
        unsigned cpu, memory;

        s.build_memory = rows[i].said;
        plan_build_size(&s, &cpu, &memory);
        ck_assert_uint_eq(cpu, rows[i].cpu);
        ck_assert_uint_eq(memory, rows[i].memory);
        ck_assert(plan_build_more_memory(&s, &cpu, &memory) == rows[i].more);
        ck_assert_uint_eq(cpu, rows[i].more_cpu);
        ck_assert_uint_eq(memory, rows[i].more_memory);
    }
}
END_TEST

SUITE("plan/build/room", storage, size)
