/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_place.h"

#include <errno.h>
#include <unistd.h>

#ifdef CCP_LINUX
#include <sched.h>
#endif

#include "clock.h"
#include "limits.h"
#include "runtime_dir.h"

#include "banned.h"

static size_t
cores(void)
{
	long n;
#ifdef CCP_LINUX
	cpu_set_t ours;

	/* sysconf() opens and reads a file of /sys. */
	if (sched_getaffinity(0, sizeof(ours), &ours) == 0 &&
	    CPU_COUNT(&ours) > 0)
		return (size_t)CPU_COUNT(&ours);
#endif
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (size_t)n;
}

void
place_open(struct claude_place *p, const struct settings *s, char *const *env)
{
	size_t most = (size_t)s->claude_max_processes;

	if (most == 0)
		most = 2 * cores();
	p->dir = runtime_dir_open(env);
	p->error = p->dir == -1 ? errno : 0;
	place_wait_on(p);
	slots_open(&p->running, p->dir, "running", most, LIMIT_QUEUE);
	slots_open(&p->starting, p->dir, "starting", cores(), most);
}

static enum place_result
refused(struct api_error *e)
{
	api_error_set(e, 503, "server_error", "busy",
	    "As many Claude processes run as may (CLAUDE_MAX_PROCESSES): try "
	    "again later.");
	e->retry_after = LIMIT_QUEUE_RETRY_S;
	return PLACE_REFUSED;
}

enum place_result
place_try(
    struct claude_place *p, bool starts, struct api_error *e, int *ret_error)
{
	enum slots_result r = p->dir == -1 ? SLOTS_ERROR : SLOTS_TAKEN;

	*ret_error = 0;
	if (r == SLOTS_TAKEN && p->running.place == -1)
		r = slots_try(&p->running);
	if (r == SLOTS_TAKEN && starts && p->starting.place == -1)
		r = slots_try(&p->starting);
	switch (r) {
	case SLOTS_TAKEN:
		return PLACE_TAKEN;
	case SLOTS_WAIT:
		return clock_ms() < p->give_up ? PLACE_WAIT : refused(e);
	case SLOTS_FULL:
		return refused(e);
	case SLOTS_ERROR:
		break;
	}
	*ret_error = p->dir == -1 ? p->error : errno;
	return PLACE_TAKEN;
}

int64_t
place_deadline(const struct claude_place *p)
{
	return clock_earlier(
	    slots_next_try(&p->running), slots_next_try(&p->starting));
}

void
place_wait_on(struct claude_place *p)
{
	p->give_up = clock_ms() + LIMIT_QUEUE_MS;
}

void
place_started(struct claude_place *p)
{
	if (p->dir != -1)
		slots_release(&p->starting);
}

void
place_close(struct claude_place *p)
{
	if (p->dir == -1)
		return;
	slots_release(&p->starting);
	slots_release(&p->running);
	(void)close(p->dir);
	p->dir = -1;
}
