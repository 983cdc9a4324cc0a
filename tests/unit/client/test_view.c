/* The live board on a terminal of a given size: never longer or wider than the window, what matters
 * first. */
#include "client/view/say.h"
#include "client/view/view.h"
#include "unit/lib/fake_clock.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* A terminal: what was drawn, and where that leaves the cursor. */
struct terminal {
    int master, slave, saved;
    unsigned columns, lines;
    VEC(char *) screen; /* every line since the last clear */
};

static struct terminal t;
static struct fake_clock fake;
static struct client client;

static void terminal_open(unsigned columns, unsigned lines)
{
    t = (struct terminal){.columns = columns, .lines = lines};
    fake_clock_install(&fake, FAKE_CLOCK_START_MS);
    t.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    ck_assert_int_ge(t.master, 0);
    ck_assert_int_eq(grantpt(t.master) | unlockpt(t.master), 0);
    t.slave = open(ptsname(t.master), O_RDWR | O_NOCTTY);

    struct winsize w = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)lines};
    ioctl(t.slave, TIOCSWINSZ, &w);

    struct termios raw;
    tcgetattr(t.slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(t.slave, TCSANOW, &raw);
    t.saved = dup(STDERR_FILENO);
    dup2(t.slave, STDERR_FILENO);
}

static void screen_clear(void)
{
    vec_each(line, &t.screen)
        free(*line);
    vec_clear(&t.screen);
}

static void terminal_close(void)
{
    dup2(t.saved, STDERR_FILENO);
    close(t.saved);
    close(t.slave);
    close(t.master);
    screen_clear();
    vec_free(&t.screen);
    fake_clock_remove(&fake);
}

/* Reads what was written and keeps the last picture: "ESC[nA" must go up exactly as far as the
 * picture before was long. */
static void terminal_read(void)
{
    static char buffer[1 << 20];
    size_t len = 0;

    fflush(stderr);
    for (ssize_t n; (n = read(t.master, buffer + len, sizeof buffer - 1 - len)) > 0;)
        len += (size_t)n;
    buffer[len] = '\0';

    char *at = buffer;
    for (char *clear; (clear = strstr(at, "\033[J")) != NULL;) {
        *clear = '\0';

        char *up = strstr(at, "\033[");
        size_t by = 0;

        if (up)
            ck_assert_int_eq(sscanf(up, "\033[%zuA", &by), 1);
        else
            by = 0;

        for (char *line = at, *end; line != clear && (end = strchr(line, '\n')) != NULL;
             line = end + 1) {
            *end = '\0';
            vec_push(&t.screen, xstrdup(line));
        }

        if (up)
            ck_assert_msg(by == t.screen.len, "goes up %zu over %zu lines", by, t.screen.len);
        screen_clear();
        at = clear + 3;
    }

    for (char *line = at, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        vec_push(&t.screen, xstrdup(line));
    }
}

static void assert_fits(void)
{
    ck_assert_msg(t.screen.len < t.lines, "%zu lines in a window of %u", t.screen.len, t.lines);
    vec_each(line, &t.screen)
        ck_assert_msg(
            say_width(*line) < t.columns,
            "%zu columns of %u: %s",
            say_width(*line),
            t.columns,
            *line);
}

static bool shows(const char *part)
{
    vec_each(line, &t.screen)
        if (strstr(*line, part))
            return true;
    return false;
}

static Defang__DeploymentInfo info(void)
{
    Defang__DeploymentInfo i = DEFANG__DEPLOYMENT_INFO__INIT;

    i.id = (char *)"k3j2h4g5f6d7";
    i.project = (char *)"shop";
    i.stack = (char *)"beta";
    i.region = (char *)"us-west-2";
    i.account = (char *)"123456789012";
    i.kind = (char *)"up";

    return i;
}

static void
row(struct view *v, const char *id, Defang__RowState state, unsigned order, const char *what)
{
    Defang__Row r = DEFANG__ROW__INIT;
    const char *slash = strchr(id, '/');

    r.id = (char *)id;
    r.title = (char *)(slash ? slash + 1 : id);
    r.what = (char *)what;
    r.state = state;
    r.order = order;
    r.since_ms = FAKE_CLOCK_START_MS - 131000;
    r.elapsed_ms = state == DEFANG__ROW_STATE__ROW_DONE ? 400 : 0;

    Defang__Event e = DEFANG__EVENT__INIT;
    e.kind = DEFANG__EVENT_KIND__EVENT_ROW;
    e.row = &r;
    v->event(v, &e);
}

static void note(struct view *v, const char *text)
{
    Defang__Event e = DEFANG__EVENT__INIT;

    e.kind = DEFANG__EVENT_KIND__EVENT_NOTE;
    e.severity = 1;
    e.message = (char *)text;
    v->event(v, &e);
}

START_TEST(rows_are_drawn_in_order_and_redrawn_in_place)
{
    terminal_open(80, 24);

    Defang__DeploymentInfo i = info();
    struct view *v = view_board_new(&client, &i);

    row(v, "network", DEFANG__ROW_STATE__ROW_ACTIVE, 30, "EC2 NatGateway: creating");
    row(v, "account", DEFANG__ROW_STATE__ROW_DONE, 1, "CD stack revision 1, up to date");

    for (int k = 0; k < 5; k++) {
        fake_clock_advance(&fake, 1000);
        v->tick(v);
        terminal_read();
        assert_fits();
    }

    ck_assert(text_starts(t.screen.items[0], "shop · beta · us-west-2 · 123456789012"));
    ck_assert_ptr_nonnull(strstr(t.screen.items[1], "account"));
    ck_assert_ptr_nonnull(strstr(t.screen.items[2], "network"));
    ck_assert(shows("2 m 1"));
    ck_assert(shows("Ctrl-C leaves it running: defangctl watch k3j2h4g5f6d7"));
    v->free(v);
    terminal_close();
}
END_TEST

START_TEST(trust_32_a_removal_offers_no_cancel)
{
    static const char *const kinds[] = {"down", "teardown", "bootstrap", "cancel", "up", "refresh"};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        terminal_open(120, 24);

        Defang__DeploymentInfo i = info();
        i.kind = (char *)(uintptr_t)kinds[k];
        struct view *v = view_board_new(&client, &i);

        row(v, "network", DEFANG__ROW_STATE__ROW_ACTIVE, 30, "removing");
        fake_clock_advance(&fake, 1000);
        v->tick(v);
        terminal_read();
        ck_assert(shows("defangctl watch k3j2h4g5f6d7"));
        ck_assert_int_eq(shows("defangctl cancel"), k >= 4);
        v->free(v);
        terminal_close();
    }
}
END_TEST

START_TEST(it_fits_every_window)
{
    static const struct {
        unsigned columns, lines;
    } windows[] = {{20, 6}, {40, 8}, {80, 24}, {200, 50}, {33, 7}};

    for (size_t w = 0; w < ARRAY_LEN(windows); w++) {
        terminal_open(windows[w].columns, windows[w].lines);

        Defang__DeploymentInfo i = info();
        struct view *v = view_board_new(&client, &i);

        for (unsigned k = 0; k < 40; k++) {
            cleanup_free char *id = xasprintf("service/\xe6\x97\xa5-%u-with-a-long-name", k);

            row(v,
                id,
                (Defang__RowState)(k % 6),
                50 + k,
                "\xf0\x9f\x9a\x80 a text that is much longer than forty columns are wide "
                "\033[31m\n");

            if (k % 10 == 0)
                note(
                    v,
                    "a warning that goes on and on and on and on and on and on and on and on and "
                    "on and on");

            fake_clock_advance(&fake, 200);
            v->tick(v);
            terminal_read();
            assert_fits();
        }

        v->free(v);
        terminal_close();
    }
}
END_TEST

/* With too little room, what runs and what failed is shown before what waits or is done. */
START_TEST(what_matters_is_shown_first)
{
    terminal_open(80, 9);

    Defang__DeploymentInfo i = info();
    struct view *v = view_board_new(&client, &i);

    for (unsigned k = 0; k < 10; k++) {
        cleanup_free char *done = xasprintf("done-%u", k), *waiting = xasprintf("wait-%u", k);

        row(v, done, DEFANG__ROW_STATE__ROW_DONE, k, "ready");
        row(v, waiting, DEFANG__ROW_STATE__ROW_WAITING, 20 + k, "waits");
    }

    row(v, "busy", DEFANG__ROW_STATE__ROW_ACTIVE, 50, "creating");
    row(v, "broken", DEFANG__ROW_STATE__ROW_FAILED, 51, "failed");
    fake_clock_advance(&fake, 1000);
    v->tick(v);
    terminal_read();
    assert_fits();
    ck_assert(shows("busy"));
    ck_assert(shows("broken"));
    ck_assert(shows("10 finished"));
    v->free(v);
    terminal_close();
}
END_TEST

START_TEST(an_event_without_its_part_is_survived)
{
    terminal_open(80, 24);

    Defang__DeploymentInfo i = info();
    struct view *views[] = {view_board_new(&client, &i), view_plain_new(&client, &i)};

    for (size_t k = 0; k < ARRAY_LEN(views); k++) {
        for (int kind = 0; kind < 10; kind++) {
            Defang__Event e = DEFANG__EVENT__INIT;

            e.kind = (Defang__EventKind)kind;
            views[k]->event(views[k], &e);
        }

        views[k]->finish(views[k]);
        views[k]->free(views[k]);
    }

    terminal_close();
}
END_TEST

START_TEST(a_result_is_kept_apart_from_its_event)
{
    Defang__Result *kept = NULL;
    char name[] = "api";
    Defang__Result r = DEFANG__RESULT__INIT;

    r.failed_service = name;
    view_result_take(&kept, &r);
    memcpy(name, "xxx", 3);
    ck_assert_str_eq(kept->failed_service, "api");
    view_result_take(&kept, &r); /* in its place */
    ck_assert_str_eq(kept->failed_service, "xxx");
    defang__result__free_unpacked(kept, NULL);
}
END_TEST

SUITE(
    "client/view",
    rows_are_drawn_in_order_and_redrawn_in_place,
    trust_32_a_removal_offers_no_cancel,
    it_fits_every_window,
    what_matters_is_shown_first,
    an_event_without_its_part_is_survived,
    a_result_is_kept_apart_from_its_event)
