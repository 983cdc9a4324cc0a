/* What is around the daemon: a long start told to systemd, a folder watched, a log rotated, linger
 * known. */
#include "daemon/service/linger.h"
#include "daemon/service/names_watch.h"
#include "daemon/service/opening.h"

#include "base/mem.h"
#include "base/str.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/defang-service-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static char *in_folder(const char *name)
{
    return xasprintf("%s/%s", folder, name);
}

static void folder_remove(void)
{
    DIR *dir = opendir(folder);

    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        cleanup_free char *path = in_folder(e->d_name);
        unlink(path); /* the folder itself and the one above stay */
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

/* However long it takes: each word within the time that the one before it gave. */
START_TEST(survive_12_a_long_start_is_told)
{
    folder_make();

    cleanup_free char *path = in_folder("notify");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(addr.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&addr, sizeof addr), 0);

    cleanup_free char *variable = xasprintf("NOTIFY_SOCKET=%s", path);
    char *const all[] = {variable, NULL};
    cleanup_env struct env *env = env_from_process(all);
    struct notify n;

    notify_init(&n, env, getpid());

    struct opening *opening = opening_begin(&n, 20);
    for (int i = 0; i < 3; i++) {
        char text[64] = {0};

        ck_assert_int_gt(recv(manager, text, sizeof text - 1, 0), 0);
        ck_assert_str_eq(text, "EXTEND_TIMEOUT_USEC=60000");
    }
    opening_end(opening);
    notify_done(&n);
    ck_assert_ptr_null(opening_begin(&n, 0)); /* without systemd nobody is told */
    opening_end(NULL);
    close(manager);
    folder_remove();
}
END_TEST

static unsigned looked;

static void look(void *arg)
{
    looked++;
    loop_stop(arg);
}

static void too_late(void *arg)
{
    loop_stop(arg);
}

START_TEST(survive_32_names_that_go_are_looked_at)
{
    static const char *const ways[] = {"unlink", "rename", "folder"};

    folder_make();

    cleanup_free char *file = in_folder("lock"), *other = in_folder("other");
    struct loop *loop = loop_new();

    close(open(file, O_CREAT | O_WRONLY, 0600));
    looked = 0;

    struct names_watch *watch = names_watch_new(loop, folder, look, loop);
    struct loop_timer *limit = loop_timer_start(loop, 8000, 0, too_late, loop); /* < its round */

    if (text_eq(ways[_i], "unlink"))
        ck_assert_int_eq(unlink(file), 0);
    else if (text_eq(ways[_i], "rename"))
        ck_assert_int_eq(rename(file, other), 0);
    else
        folder_remove();
    loop_run(loop);
    ck_assert_uint_eq(looked, 1);
    names_watch_free(watch);
    loop_timer_stop(limit);
    loop_free(loop);
    folder_remove();
}
END_TEST

START_TEST(fresh_12_linger_is_known)
{
    folder_make();

    const struct passwd *user = getpwuid(getuid());
    ck_assert(linger_is_off(folder) == (user != NULL));
    if (user) {
        cleanup_free char *path = in_folder(user->pw_name);

        close(open(path, O_CREAT | O_WRONLY, 0600));
        ck_assert(!linger_is_off(folder));
    }
    folder_remove();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("daemon/service");
    TCase *tc = tcase_create("all");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, survive_12_a_long_start_is_told);
    tcase_add_loop_test(tc, survive_32_names_that_go_are_looked_at, 0, 3);
    tcase_add_test(tc, fresh_12_linger_is_known);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);

    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);

    return failed != 0;
}
