/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proc_tree.h"

#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef CCP_LINUX
#include <sys/prctl.h>
#endif
#ifdef __APPLE__
#include <libproc.h>
#endif

#include "cleanup.h"
#include "io.h"
#include "limits.h"

#include "banned.h"

struct proc {
	pid_t pid, parent;
};

struct proc_table {
	struct proc *rows;
	size_t n, room;
};

static void
table_free(struct proc_table *t)
{
	free(t->rows);
}

static bool
table_add(struct proc_table *t, pid_t pid, pid_t parent)
{
	struct proc *rows;
	size_t room;

	if (t->n == t->room) {
		room = t->room == 0 ? 512 : t->room * 2;
		rows = realloc(t->rows, room * sizeof(*rows));
		if (rows == NULL)
			return false;
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->n].pid = pid;
	t->rows[t->n].parent = parent;
	t->n++;
	return true;
}

static bool
listed(pid_t pid, const pid_t *pids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

static bool
become_subreaper(void)
{
#ifdef CCP_LINUX
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
#else
	return false;
#endif
}

#ifdef __linux__

/* The fourth field of /proc/PID/stat.  The second, the name, stands in
 * parentheses and may hold anything, so count from the last one. */
static pid_t
parent_of(const char *pid)
{
	char path[64], stat[512];
	const char *end;

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (io_read_start(path, stat, sizeof(stat)) <= 0)
		return -1;
	end = strrchr(stat, ')');
	if (end == NULL || strlen(end) < 5)
		return -1;
	return (pid_t)strtol(end + 4, NULL, 10);
}

static void
table_read_all(struct proc_table *t)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	pid_t parent;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		parent = parent_of(entry->d_name);
		if (parent >= 0 &&
		    !table_add(
			t, (pid_t)strtol(entry->d_name, NULL, 10), parent))
			break;
	}
	(void)closedir(dir);
}

static int
open_children(pid_t pid, const char *thread)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/children",
	    (long)pid, thread);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Adds the children that a thread has, "12 345 ", but for the spared ones. */
static void
table_add_children(struct proc_table *t, pid_t parent, const char *thread,
    const pid_t *spare, size_t n)
{
	CLEANUP_CLOSE int fd = open_children(parent, thread);
	char some[1024];
	pid_t pid = 0;
	ssize_t got, i;

	while (fd != -1 && (got = read(fd, some, sizeof(some))) > 0) {
		for (i = 0; i < got; i++) {
			if (isdigit((unsigned char)some[i])) {
				pid = 10 * pid + (some[i] - '0');
				continue;
			}
			if (pid > 0 && !listed(pid, spare, n) &&
			    !table_add(t, pid, parent))
				return;
			pid = 0;
		}
	}
}

static void
table_add_below(struct proc_table *t, pid_t pid, const pid_t *spare, size_t n)
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			table_add_children(t, pid, entry->d_name, spare, n);
	}
	(void)closedir(dir);
}

/* Does the kernel keep lists of children?  Not every one does: the portable
 * build, too, reads of all processes. */
static bool
lists_children(void)
{
	bool there = false;
#ifdef CCP_LINUX
	char self[24];
	int fd;

	(void)snprintf(self, sizeof(self), "%ld", (long)getpid());
	fd = open_children(getpid(), self);
	there = fd != -1;
	if (there)
		(void)close(fd);
#endif
	return there;
}

/* Those below root, generation by generation: with a thousand handlers it is
 * no small matter whether each of them reads of all the others.  A list may
 * miss one while another of it ends; whoever sweeps does so again. */
static void
table_read(struct proc_table *t, pid_t root, const pid_t *spare, size_t n)
{
	size_t i;

	if (!lists_children()) {
		table_read_all(t);
		return;
	}
	table_add_below(t, root, spare, n);
	for (i = 0; i < t->n && t->n < LIMIT_PROCESSES; i++)
		table_add_below(t, t->rows[i].pid, spare, n);
}

#elif defined(__APPLE__)

static void
table_read(struct proc_table *t, pid_t root, const pid_t *spare, size_t n_spare)
{
	int bytes = proc_listallpids(NULL, 0) * (int)sizeof(pid_t) * 2, n, i;
	CLEANUP_FREE pid_t *pids = bytes > 0 ? malloc((size_t)bytes) : NULL;
	struct proc_bsdinfo info;

	(void)root;
	(void)spare;
	(void)n_spare;
	n = pids == NULL ? 0 : proc_listallpids(pids, bytes);
	for (i = 0; i < n; i++) {
		/* 1: zombies, too, as /proc has them */
		if (proc_pidinfo(pids[i], PROC_PIDTBSDINFO, 1, &info,
			sizeof(info)) != (int)sizeof(info))
			continue;
		if (!table_add(t, pids[i], (pid_t)info.pbi_ppid))
			return;
	}
}

#else /* no process table known: only the process group is reached */

static void
table_read(struct proc_table *t, pid_t root, const pid_t *spare, size_t n)
{
	(void)t;
	(void)root;
	(void)spare;
	(void)n;
}

#endif

/* Saves reading the whole table in the common case; needs no descriptor. */
static bool
no_children(void)
{
	siginfo_t ignored;

	return waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == -1 &&
	       errno == ECHILD;
}

static bool subreaper;

bool
proc_subreaper(void)
{
	subreaper = become_subreaper();
	return subreaper;
}

bool
proc_orphans_come_here(void)
{
	return subreaper;
}

static pid_t
table_parent(const struct proc_table *t, pid_t pid)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->rows[i].pid == pid)
			return t->rows[i].parent;
	}
	return 0;
}

/* Is pid below root, with none of the spared ones on the way or itself? */
static bool
below(const struct proc_table *t, pid_t pid, pid_t root, const pid_t *spare,
    size_t n)
{
	size_t steps;

	/* The table was read while processes came and went: bound the walk. */
	for (steps = 0; steps < t->n && pid > 0; steps++) {
		if (listed(pid, spare, n))
			return false;
		pid = table_parent(t, pid);
		if (pid == root)
			return true;
	}
	return false;
}

size_t
proc_descendants(pid_t root, pid_t *pids, size_t max)
{
	__attribute__((cleanup(table_free))) struct proc_table t = {0};
	size_t i, n = 0;

	table_read(&t, root, NULL, 0);
	for (i = 0; i < t.n && n < max; i++) {
		if (below(&t, t.rows[i].pid, root, NULL, 0))
			pids[n++] = t.rows[i].pid;
	}
	return n;
}

size_t
proc_sweep(const pid_t *spare, size_t n)
{
	__attribute__((cleanup(table_free))) struct proc_table t = {0};
	pid_t self = getpid();
	size_t i, found = 0, left = 0;

	if (no_children())
		return 0;
	table_read(&t, self, spare, n);
	for (i = 0; i < t.n; i++) {
		if (!below(&t, t.rows[i].pid, self, spare, n))
			continue;
		found++;
		(void)kill(t.rows[i].pid, SIGKILL);
		if (waitpid(t.rows[i].pid, NULL, WNOHANG) != t.rows[i].pid)
			left++;
	}
	/* One that is gone now may have forked after the table was read; or it
	 * could not be read, or not all of it. */
	return left == 0 && (found > 0 || n == 0) && !no_children() ? 1 : left;
}
