/* The typed model: config parts, defaults, what is not said. */
#include "unit/compose/kit.h"

static const struct compose_env *find_env(const struct compose_service *s, const char *name)
{
    for (size_t i = 0; i < s->environment_count; i++)
        if (strcmp(s->environment[i].name, name) == 0)
            return &s->environment[i];
    ck_abort_msg("no %s", name);
    return NULL;
}

/* literal, <CONFIG> */
static char *flatten(const struct compose_text *t)
{
    struct str out = STR_INIT;
    for (const struct compose_part *p = t->first; p; p = p->next)
        str_appendf(&out, p->is_config ? "<%s>" : "%s", p->text);
    return str_take(&out);
}

/* What a job freezes keeps the order of the file: of two services that publish the same port the
 * first has it. */
START_TEST(services_stay_in_order)
{
    cleanup_kit struct kit k;
    cleanup_str struct str text = STR_INIT;

    kit_load_text(&k, "services:\n  z: {image: x}\n  a: {image: x}\n  m: {image: x}\n");
    kit_check_round_trip(k.project, "order");
    compose_print_yaml(k.project, &text);
    const char *z = strstr(str_get(&text), "\n  z:"), *a = strstr(str_get(&text), "\n  a:"),
               *m = strstr(str_get(&text), "\n  m:");
    ck_assert(z && a && m && z < a && a < m);
}
END_TEST

START_TEST(config_parts)
{
    static const char *const rows[][2] = {
        {"NULL_VALUE", "<NULL_VALUE>"},
        {"BARE", "<KEY>"},
        {"SHORT", "<KEY>"},
        {"MIXED", "postgres://u:<PW>@db/<DB>"},
        {"DOLLAR", "${KEY} costs $5"},
        {"DEFAULT", "x"},
        {"NESTED", "<KEY>"},
        {"ALTERNATIVE", ""},
        {"DEFINED", "from-shell"},
        {"CALLER", "from-shell"},
        {"EMPTY", ""},
        {"RENAMED", "<OTHER>"},
    };
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "services:\n  a:\n    image: x\n    build: {context: ., args: {ARG: '${BUILD_KEY}', UNSET: "
        "}}\n"
        "    command: [run, '--key=${CMD_KEY}', '$${LITERAL}']\n    secrets: [tok]\n    "
        "environment:\n"
        "      NULL_VALUE:\n      BARE: ${KEY}\n      SHORT: $KEY\n      MIXED: "
        "postgres://u:${PW}@db/$DB\n"
        "      DOLLAR: $${KEY} costs $$5\n      DEFAULT: ${KEY:-x}\n      NESTED: ${NOPE:-${KEY}}\n"
        "      ALTERNATIVE: ${KEY:+set}\n      DEFINED: ${CALLER}\n      CALLER:\n      EMPTY: "
        "''\n      "
        "RENAMED: ${OTHER}\n"
        "configs: {c: {content: '${CONTENT}'}}\nx-a: '${NOT_COUNTED}'\nsecrets: {tok: {external: "
        "true}}\n");
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    const struct compose_service *s = compose_service_get(k.project, "a");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct compose_env *e = find_env(s, rows[i][0]);
        cleanup_free char *flat = flatten(&e->value);
        ck_assert_str_eq(flat, rows[i][1]);
        ck_assert_int_eq(e->is_null, strcmp(rows[i][0], "NULL_VALUE") == 0);
    }
    ck_assert_str_eq(compose_text_bare_config(&find_env(s, "RENAMED")->value), "OTHER");
    ck_assert_ptr_null(compose_text_bare_config(&find_env(s, "MIXED")->value));
    ck_assert_ptr_null(compose_text_literal(k.project->arena, &find_env(s, "MIXED")->value));
    ck_assert_str_eq(compose_text_literal(k.project->arena, &find_env(s, "EMPTY")->value), "");
    ck_assert_str_eq(s->command[1], "--key=${CMD_KEY}");
    ck_assert_str_eq(s->command[2], "${LITERAL}");
    ck_assert_ptr_null(compose_text_literal(k.project->arena, &s->command_texts[1]));
    ck_assert_str_eq(compose_text_literal(k.project->arena, &s->command_texts[2]), "${LITERAL}");

    static const char *const wanted[] = {
        "BUILD_KEY", "CMD_KEY", "CONTENT", "DB", "KEY", "NULL_VALUE", "OTHER", "PW", "tok"};
    const char **names;
    size_t count;
    compose_config_names(k.project, &names, &count);
    ck_assert_uint_eq(count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(names[i], wanted[i]);
    kit_check_round_trip(k.project, "config_parts");
}
END_TEST

/* The frozen text gives the same parts, not only the same text. */
START_TEST(frozen)
{
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "name: fz\nservices:\n  a:\n    image: x\n    environment: {A: 'x${K}y$$z', B: , C: "
        "'$$5'}\n"
        "    command: ['$$$$', 'a ${K}']\n    ports: ['53:53/udp', {target: 80, mode: host}]\n");
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    cleanup_str struct str text = STR_INIT;
    compose_print_yaml(k.project, &text);
    struct compose_project *p;
    ck_assert_int_eq(compose_load_canonical(str_get(&text), text.len, &p, NULL), 0);
    const struct compose_service *s = compose_service_get(p, "a");
    cleanup_free char *a = flatten(&s->environment[0].value),
                      *b = flatten(&s->environment[1].value);
    cleanup_free char *c = flatten(&s->environment[2].value);
    ck_assert_str_eq(a, "x<K>y$z");
    ck_assert_str_eq(b, "<B>");
    ck_assert(s->environment[1].is_null);
    ck_assert_str_eq(c, "$5");
    ck_assert_str_eq(s->command[0], "$$");
    ck_assert_str_eq(p->name, "fz");
    ck_assert_ptr_null(s->ports[0].mode);
    ck_assert_str_eq(s->ports[0].protocol, "udp");
    ck_assert_str_eq(s->ports[1].mode, "host");
    compose_project_free(p);
}
END_TEST

START_TEST(fields)
{
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "services:\n  web:\n    build: {context: ./src, target: prod, shm_size: 1g, no_cache: "
        "true}\n"
        "    ports: [80, '8080:8081/udp', {target: 90, published: '91', mode: host, app_protocol: "
        "grpc, "
        "x-defang-listener: http}]\n"
        "    depends_on: {db: {condition: service_healthy, restart: true}}\n"
        "    healthcheck: {test: curl localhost, interval: 1m30s, retries: 3}\n"
        "    deploy: {replicas: 2, resources: {reservations: {cpus: '0.5', memory: 1.5g, devices: "
        "[{capabilities: [gpu], count: 2}]}, limits: {memory: 2g}}}\n"
        "    networks: {back: {aliases: [w, x]}}\n    entrypoint: ''\n    command: sh -c \"echo 'a "
        "b'\"\n"
        "    stop_grace_period: 1m\n    ulimits: {nofile: 5, nproc: {soft: 1, hard: 2}}\n    "
        "tmpfs: "
        "/run:size=1m\n"
        "    volumes: ['data:/data:ro']\n    secrets: [{source: s, target: t, mode: 0400}]\n    "
        "x-defang-llm: true\n"
        "  db: {image: 'postgres:16', x-defang-postgres: {allow-downtime: true}, healthcheck: "
        "{test: [NONE]}}\n"
        "  r1: {image: r, x-defang-redis: }\n  r2: {image: r, x-defang-redis: 'true'}\n  r3: "
        "{image: r, "
        "x-defang-redis: false}\n"
        "networks: {back: {internal: true}}\nvolumes: {data: }\nsecrets: {s: {file: "
        "./s.txt}}\nx-top: 1\n");
    ck_assert_msg(k.rc == 0, "%u: %s", k.err.line, k.err.message);
    const struct compose_project *p = k.project;
    const struct compose_service *s = compose_service_get(p, "web"),
                                 *db = compose_service_get(p, "db");
    ck_assert_uint_eq(p->service_count, 5);
    ck_assert_str_eq(p->services[0].name, "db");
    ck_assert_str_eq(p->name, "project");
    ck_assert(s->has_build && !s->image);
    ck_assert_str_eq(s->build.context, "/project/src");
    ck_assert_str_eq(s->build.dockerfile, "Dockerfile");
    ck_assert_str_eq(s->build.target, "prod");
    ck_assert_int_eq(s->build.shm_size_bytes, 1 << 30);
    ck_assert_uint_eq(s->port_count, 3);
    ck_assert(s->ports[0].short_syntax && !s->ports[0].published && !s->ports[0].mode);
    ck_assert_uint_eq(s->ports[1].target, 8081);
    ck_assert_str_eq(s->ports[1].published, "8080");
    ck_assert_str_eq(s->ports[1].protocol, "udp");
    ck_assert(!s->ports[2].short_syntax);
    ck_assert_str_eq(s->ports[2].mode, "host");
    ck_assert_str_eq(s->ports[2].app_protocol, "grpc");
    ck_assert_str_eq(s->ports[2].listener, "http");
    ck_assert_str_eq(s->ports[2].protocol, "tcp");
    ck_assert_int_eq(s->depends_on[0].condition, COMPOSE_HEALTHY);
    ck_assert(s->depends_on[0].required && s->depends_on[0].restart);
    ck_assert_str_eq(s->healthcheck.test[0], "CMD-SHELL");
    ck_assert_int_eq(s->healthcheck.interval_ms, 90000);
    ck_assert_int_eq(s->healthcheck.timeout_ms, -1);
    ck_assert_int_eq(s->deploy.replicas, 2);
    ck_assert_double_eq(s->deploy.reservations.cpus, 0.5);
    ck_assert_int_eq(s->deploy.reservations.memory_bytes, 3LL << 29);
    ck_assert_int_eq(s->deploy.reservations.gpu_count, 2);
    ck_assert_int_eq(s->deploy.limits.memory_bytes, 2LL << 30);
    ck_assert_uint_eq(s->network_count, 1);
    ck_assert_uint_eq(s->networks[0].alias_count, 2);
    ck_assert(s->has_entrypoint && s->entrypoint_count == 0);
    ck_assert_uint_eq(s->command_count, 3);
    ck_assert_str_eq(s->command[2], "echo 'a b'");
    ck_assert_int_eq(s->stop_grace_period_ms, 60000);
    ck_assert_int_eq(db->stop_grace_period_ms, -1);
    ck_assert_int_eq(s->ulimits[0].soft, 5);
    ck_assert_int_eq(s->ulimits[1].hard, 2);
    ck_assert_uint_eq(s->volume_count, 2);
    ck_assert_str_eq(s->volumes[0].type, "volume");
    ck_assert(s->volumes[0].read_only);
    ck_assert_str_eq(s->volumes[1].target, "/run");
    ck_assert_int_eq(s->secrets[0].mode, 0400);
    ck_assert_str_eq(p->secrets[0].file, "/project/s.txt");
    ck_assert_ptr_nonnull(yaml_get(s->extensions, "x-defang-llm"));
    ck_assert_ptr_nonnull(yaml_get(p->extensions, "x-top"));
    ck_assert(db->postgres.enabled && db->postgres.allow_downtime && !db->redis.enabled);
    ck_assert(db->healthcheck.disabled);
    ck_assert(
        compose_service_get(p, "r1")->redis.enabled && compose_service_get(p, "r2")->redis.enabled);
    ck_assert(!compose_service_get(p, "r3")->redis.enabled);
    ck_assert(compose_network_get(p, "back")->internal);
    ck_assert_ptr_nonnull(compose_network_get(p, "default"));
    ck_assert_ptr_null(compose_service_get(p, "nobody"));
    ck_assert_uint_eq(s->pos.line, 2);
    ck_assert_str_eq(s->pos.file, "<stdin>");
}
END_TEST

START_TEST(no_interpolate)
{
    cleanup_kit struct kit k;
    static const char *const files[] = {"-", NULL};
    kit_init(&k, "/project");
    k.options.files = files;
    k.options.no_interpolate = true;
    k.options.stdin_text =
        "services:\n  a:\n    image: x:${TAG}\n    ports: ['${P}:80']\n    read_only: "
        "${RO}\n    environment: {A: '$$x ${Y:-z}'}\n";
    kit_load(&k);
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    cleanup_str struct str out = STR_INIT;
    compose_print_yaml(k.project, &out);
    ck_assert_ptr_nonnull(strstr(str_get(&out), "image: \"x:${TAG}\""));
    ck_assert_ptr_nonnull(strstr(str_get(&out), "\"${P}:80\""));
    ck_assert_ptr_nonnull(strstr(str_get(&out), "\"$$x ${Y:-z}\""));
}
END_TEST

/* compose.md 28: what an image says counts where the files say nothing, and a job that comes back
 * from its frozen project has it too. */
START_TEST(image_says)
{
    static const char *test[] = {"CMD-SHELL", "curl -f localhost:$PORT || exit 1"};
    static const uint16_t ports[] = {3000, 9000};
    const struct yaml_pos pos = {"web/Dockerfile", 7, 1};
    const struct compose_image_health health = {
        .pos = pos,
        .test = test,
        .test_count = 2,
        .interval_ms = 10500,
        .timeout_ms = -1,
        .start_period_ms = 60000,
        .start_interval_ms = -1,
        .retries = 4};
    static const struct {
        const char *name;
        bool takes;
        int64_t interval_ms;
        size_t ports;
    } rows[] = {
        {"bare", true, 10500, 2},
        {"off", false, -1, 2},
        {"own", false, -1, 1},
        {"times", true, 30000, 0}, /* its port is published */
    };
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "services:\n  bare: {build: .}\n  off: {build: ., healthcheck: {disable: true}}\n"
        "  own: {build: ., expose: [80], healthcheck: {test: [CMD, x]}}\n"
        "  times: {build: ., ports: ['80:3000'], healthcheck: {interval: 30s}}\n");
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct compose_service *s = compose_service_get(k.project, rows[i].name);

        ck_assert_int_eq(compose_take_health(k.project, s, &health), rows[i].takes);
        ck_assert_int_eq(
            compose_take_expose(k.project, s, pos, ports, ARRAY_LEN(ports)), rows[i].ports == 2);
    }
    kit_check_round_trip(k.project, "image_says");

    cleanup_str struct str text = STR_INIT;
    struct compose_project *again = NULL;
    compose_print_yaml(k.project, &text);
    ck_assert_int_eq(compose_load_canonical(str_get(&text), text.len, &again, &k.err), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct compose_service *s = compose_service_get(again, rows[i].name);

        ck_assert_int_eq(s->healthcheck.interval_ms, rows[i].interval_ms);
        ck_assert_uint_eq(s->expose_count, rows[i].ports);
        if (rows[i].takes) {
            ck_assert_str_eq(s->healthcheck.test[1], test[1]);
            ck_assert_int_eq(s->healthcheck.retries, 4);
            ck_assert_int_eq(s->healthcheck.start_period_ms, 60000);
        }
    }
    compose_project_free(again);
}
END_TEST

START_TEST(blank_places)
{
    cleanup_kit struct kit k;
    kit_load_text(&k, "services:\n  a:\n    image: x\n    labels: {l: 'v${NOPE}'}\n");
    ck_assert_int_eq(k.rc, 0);
    ck_assert_uint_eq(k.diags.len, 1);
    ck_assert_int_eq(k.diags.items[0].severity, COMPOSE_WARNING);
    ck_assert_uint_eq(k.diags.items[0].pos.line, 4);
    ck_assert_str_eq(compose_service_get(k.project, "a")->labels[0].value, "v");
}
END_TEST

/* The very text that Docker Compose v5 (with compose-go v2.14.0) takes the hash of; its fields are
 * not in the order of compose-go's newest version. */
START_TEST(hashed)
{
    cleanup_kit struct kit k;
    kit_load_text(
        &k,
        "services:\n  web:\n    image: nginx:1\n    container_name: ww\n    labels: {a: b}\n"
        "    deploy: {resources: {limits: {memory: 1G}}}\n    restart: always\n"
        "    ports: ['80:8080']\n    expose: [9]\n    healthcheck: {test: [CMD, x], interval: "
        "10s}\n    tty: true\n    environment: {B: '1', A: x}\n    command: a b\n    links: [db]\n"
        "    stdin_open: true\n    working_dir: /x\n  db: {image: postgres, scale: 2}\n");
    ck_assert_msg(k.rc == 0, "%s", k.err.message);
    cleanup_str struct str text = STR_INIT;
    compose_show_hashed(compose_service_get(k.project, "web"), &text);
    ck_assert_str_eq(
        str_get(&text),
        "{\"command\":[\"a\",\"b\"],\"container_name\":\"ww\",\"deploy\":{\"resources\":{"
        "\"limits\":{\"memory\":\"1073741824\"}},\"placement\":{}},\"entrypoint\":null,"
        "\"environment\":{\"A\":\"x\",\"B\":\"1\"},\"expose\":[\"9\"],\"healthcheck\":{"
        "\"test\":[\"CMD\",\"x\"],\"interval\":\"10s\"},\"image\":\"nginx:1\",\"labels\":{"
        "\"a\":\"b\"},\"links\":[\"db\"],\"networks\":{\"default\":null},\"ports\":[{\"mode\":"
        "\"ingress\",\"target\":8080,\"published\":\"80\",\"protocol\":\"tcp\"}],\"restart\":"
        "\"always\",\"stdin_open\":true,\"tty\":true,\"working_dir\":\"/x\"}");
}
END_TEST

SUITE(
    "compose/model",
    services_stay_in_order,
    config_parts,
    frozen,
    fields,
    no_interpolate,
    image_says,
    blank_places,
    hashed)
