/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a handler asks of its system, answered by the stage (stage.h).  All that
 * those headers of src declare is defined here, so the linker takes none of
 * their modules out of the archive.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "clock.h"
#include "json_text.h"
#include "log.h"
#include "proc_tree.h"
#include "random.h"
#include "require.h"
#include "signals.h"
#include "stage.h"
#include "stand_ins.h"

/* --- clock.h, random.h ---------------------------------------------------- */

int64_t
clock_ms(void)
{
	return stage_now();
}

static uint64_t seed;

void
stand_ins_reset(void)
{
	seed = 1;
}

/* The same numbers each time. */
void
random_bytes(void *to, size_t len)
{
	unsigned char *at = to;

	for (; len > 0; len--) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		*at++ = (unsigned char)(seed >> 56);
	}
}

void
random_hex(char *to, size_t bytes)
{
	unsigned char byte;

	for (; bytes > 0; bytes--, to += 2) {
		random_bytes(&byte, 1);
		(void)snprintf(to, 3, "%02x", byte);
	}
}

void
random_uuid(char to[37])
{
	char hex[33];

	random_hex(hex, 16);
	(void)snprintf(to, 37, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8,
	    hex + 13, hex + 17, hex + 20);
}

/* --- child.h, proc_tree.h, signals.h -------------------------------------- */

pid_t
child_spawn(const struct child_spec *spec, struct child_error *ret)
{
	return stage_start(spec, ret);
}

enum child_state
child_reap(pid_t pid, int *ret_status)
{
	return stage_reap(pid, ret_status) ? CHILD_ENDED : CHILD_RUNS;
}

void
child_signal(pid_t pid, int sig)
{
	stage_signal(pid, sig);
}

void
child_status_text(int status, char *to, size_t len)
{
	(void)snprintf(to, len, "status %d", status);
}

bool
proc_subreaper(void)
{
	return true;
}

bool
proc_orphans_come_here(void)
{
	return true;
}

size_t
proc_descendants(pid_t root, pid_t *pids, size_t max)
{
	(void)root;
	(void)pids;
	(void)max;
	return 0;
}

size_t
proc_sweep(const pid_t *spare, size_t n)
{
	(void)spare;
	(void)n;
	return stage_sweep();
}

int
signals_open(void)
{
	return 0;
}

int
signals_fd(void)
{
	return -1;
}

struct signals_seen
signals_take(void)
{
	struct signals_seen seen = {0};

	stage_take_signals(&seen.stop, &seen.hup);
	return seen;
}

unsigned
signals_woken(void)
{
	return 0;
}

unsigned
signals_children(void)
{
	static unsigned looks;

	return ++looks;
}

void
signals_reset(void)
{
}

/* --- log.h ---------------------------------------------------------------- */

/* All of it is written, to nowhere. */
static void __attribute__((format(printf, 1, 0)))
write_log(const char *fmt, va_list ap)
{
	static char line[8192];

	REQUIRE(vsnprintf(line, sizeof(line), fmt, ap) >= 0);
	stage_logged(line);
}

#define LOG_FUNCTION(name)                                                     \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		write_log(fmt, ap);                                            \
		va_end(ap);                                                    \
	}

LOG_FUNCTION(log_error)
LOG_FUNCTION(log_warn)
LOG_FUNCTION(log_info)

/* Claude's own words, in which may be what was asked. */
void
log_debug(const char *fmt, ...)
{
	static char line[8192];
	va_list ap;

	va_start(ap, fmt);
	REQUIRE(vsnprintf(line, sizeof(line), fmt, ap) >= 0);
	va_end(ap);
}

void
log_both(enum log_level level, const char *text, const char *members)
{
	struct json_text_error e;
	struct buf object = BUF_INIT(1u << 20);

	(void)level;
	stage_logged(text);
	REQUIRE(strpbrk(text, "\r\n") == NULL);
	buf_addf(&object, "{%s}", members);
	REQUIRE(buf_ok(&object));
	REQUIRE(json_text_check(buf_str(&object), object.len, &e));
	buf_free(&object);
}

void
log_open(const char *name, enum log_level level)
{
	(void)name;
	(void)level;
}

void
log_set_level(enum log_level level)
{
	(void)level;
}

void
log_set_level_name(const char *name)
{
	(void)name;
}

void
log_set_json(bool json)
{
	(void)json;
}

void
log_set_file(const char *path, long max_size, long max_files)
{
	(void)path;
	(void)max_size;
	(void)max_files;
}

int
log_severity(const char *level)
{
	(void)level;
	return -1;
}

const char *
log_level_name(int severity)
{
	(void)severity;
	return NULL;
}
