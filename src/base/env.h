/* An environment as a value: the caller's, never the process's own, and the folder that the caller
 * stands in. Sorted by name, so that two equal environments are equal byte for byte. Values may be
 * secrets: env_free() wipes them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct env;

struct env *env_new(void);
struct env *env_from_process(char *const *envp); /* for main() only */
struct env *env_dup(const struct env *env);
void env_free(struct env *env);
void env_free_ptr(struct env **env);
void env_set(struct env *env, const char *name, const char *value); /* NULL value removes */
/* NULL when unset; "" when set and empty. Borrowed until the next env_set(). */
const char *env_get(const struct env *env, const char *name);
const char *env_get_nonempty(const struct env *env, const char *name);
/* The caller's real working folder, where its relative paths begin; absolute, NULL when not known.
 * Never $PWD: that is only what some program said, and `make -C` leaves it behind. */
void env_set_cwd(struct env *env, const char *cwd); /* copied */
const char *env_cwd(const struct env *env);         /* borrowed until the next env_set_cwd() */
/* The caller's process, whose /dev/fd and /proc/self its paths mean; 0 = this one, -1 = none any
 * more. */
void env_set_process(struct env *env, long pid);
long env_process(const struct env *env);
size_t env_count(const struct env *env);
const char *env_name(const struct env *env, size_t i);
const char *env_value(const struct env *env, size_t i);
/* Copies the variables that a request carries to the daemon: AWS_*, DEFANG_*, COMPOSE_*, *_proxy,
 * HOME, PATH, USER … (list in env.c), and the folder. */
struct env *env_select_for_request(const struct env *env);
/* One of those. */
bool env_name_in_request(const char *name);
/* AWS_SECRET_ACCESS_KEY, *TOKEN*, *PASSWORD* …: kept in memory only, never stored in clear. */
bool env_name_is_secret(const char *name);

#define cleanup_env __attribute__((cleanup(env_free_ptr)))
