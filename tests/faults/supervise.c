/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "supervise.h"

#ifdef __linux__

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define GRACE_MS 1500 /* for what was sent KILL as the program ended */

struct run {
	const struct plan *plan;
	struct outcome *out;
	int *shared; /* where the program's side leaves its listener */
	pid_t pid;
	int process, listener;
	bool armed;  /* counting may begin */
	bool begun;  /* has begun */
	bool over;   /* nothing is counted any more */
	pid_t child; /* whose calls are counted, FROM_CHILD; 0: none yet */
	unsigned long long libc[2]; /* where its code is; 0: not known */
};

static long long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- starting ------------------------------------------------------------ */

static int
filter(void)
{
	struct sock_filter all[] = {
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
	struct sock_fprog program = {1, all};
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	/* A signal does not take a call away that is being looked at, so none
	 * is counted twice (Linux 5.19). */
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	    &program);
	if (fd == -1 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return (int)fd;
}

/* From the filter on no call returns before the supervisor is there, so its
 * descriptor goes through memory. */
static _Noreturn void
become(const struct run *r)
{
	int fd = filter();

	__atomic_store_n(r->shared, fd == -1 ? -errno : fd, __ATOMIC_SEQ_CST);
	if (fd != -1)
		(void)execv(r->plan->argv[0], r->plan->argv);
	_exit(127);
}

static bool
take_listener(struct run *r)
{
	const struct timespec moment = {0, 20000};
	int theirs;

	while ((theirs = __atomic_load_n(r->shared, __ATOMIC_SEQ_CST)) == 0)
		(void)nanosleep(&moment, NULL);
	if (theirs < 0) {
		errno = -theirs;
		return false;
	}
	r->process = (int)syscall(SYS_pidfd_open, r->pid, 0);
	if (r->process == -1)
		return false;
	r->listener = (int)syscall(SYS_pidfd_getfd, r->process, theirs, 0);
	return r->listener != -1;
}

/* Whoever waits for the end of the connection must not wait for us. */
static void
let_go_of_std(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;

	for (fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	(void)close(null);
}

static bool
start(struct run *r)
{
	r->shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->shared == MAP_FAILED)
		return false;
	*r->shared = 0;
	/* What loses its parent comes here, and is counted. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	r->pid = fork();
	if (r->pid == 0)
		become(r);
	if (r->pid == -1 || !take_listener(r))
		return false;
	let_go_of_std();
	return true;
}

/* --- which calls count --------------------------------------------------- */

/*
 * A sanitizer's own calls are no business of the program's: it makes them
 * without the C library, and gives up where one fails.
 */
static void
find_libc(struct run *r)
{
	unsigned long long from, to;
	char path[64], line[512];
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)r->pid);
	maps = fopen(path, "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, " r-xp ") == NULL ||
		    (strstr(line, "/libc.so") == NULL &&
			strstr(line, "/libc-") == NULL))
			continue;
		if (sscanf(line, "%llx-%llx", &from, &to) == 2) {
			r->libc[0] = from;
			r->libc[1] = to;
		}
	}
	if (maps != NULL)
		(void)fclose(maps);
}

static bool
own_call(struct run *r, const struct seccomp_notif *call)
{
	unsigned long long at = call->data.instruction_pointer;

	return r->libc[1] == 0 || (at >= r->libc[0] && at < r->libc[1]);
}

static bool
reads_request(const struct seccomp_notif *call)
{
	return (call->data.nr == SYS_recvfrom || call->data.nr == SYS_read) &&
	       call->data.args[0] == 0;
}

static bool
opens_null(const struct seccomp_notif *call)
{
	char path[16];

	if (call->data.nr != SYS_openat)
		return false;
	process_text((int)call->pid, call->data.args[1], path, sizeof(path));
	return strcmp(path, "/dev/null") == 0;
}

static bool
begins(struct run *r, const struct seccomp_notif *call)
{
	bool found;

	if (r->plan->from == FROM_CHILD)
		return (pid_t)call->pid == r->child;
	found =
	    r->plan->from == FROM_MAIN ? opens_null(call) : reads_request(call);
	if (found)
		find_libc(r);
	return found && own_call(r, call);
}

static bool
counts(struct run *r, const struct seccomp_notif *call)
{
	bool own = (pid_t)call->pid == r->pid;

	if (!own && r->child == 0 && r->plan->from == FROM_CHILD && r->armed)
		r->child = (pid_t)call->pid;
	if (r->over || !r->armed || own == (r->plan->from == FROM_CHILD))
		return false;
	if (!r->begun)
		r->begun = begins(r, call);
	if (!r->begun)
		return false;
	if (r->plan->from == FROM_CHILD)
		return (pid_t)call->pid == r->child;
	return own_call(r, call);
}

/* --- one call ------------------------------------------------------------ */

static bool
is_its_turn(const struct run *r)
{
	const struct plan *p = r->plan;

	if (p->fault == NULL || r->out->counted < p->at)
		return false;
	return p->fault->stays || r->out->counted == p->at;
}

static void
note_name(struct run *r, const struct seccomp_notif *call)
{
	const struct call *known = call_find(call->data.nr);

	if (r->out->counted <= MOST_NAMES)
		r->out->names[r->out->counted - 1] =
		    known == NULL ? "?" : known->name;
}

static bool
fails(struct run *r, const struct seccomp_notif *call,
    struct seccomp_notif_resp *ret)
{
	char what[sizeof(r->out->first)];

	if (!counts(r, call))
		return false;
	r->out->counted++;
	note_name(r, call);
	if (!is_its_turn(r))
		return false;
	call_describe(call, what, sizeof(what));
	if (!fault_inject(r->plan->fault, r->listener, call, ret))
		return false;
	if (r->out->injected++ == 0)
		(void)snprintf(
		    r->out->first, sizeof(r->out->first), "%s", what);
	return true;
}

static void
list_fds(struct run *r)
{
	char path[64], name[320];
	const struct dirent *e;
	ssize_t n;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)r->pid);
	dir = opendir(path);
	r->out->nfds = 0;
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || r->out->nfds == MOST_FDS)
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		n = readlink(name, r->out->fds[r->out->nfds],
		    sizeof(r->out->fds[0]) - 1);
		r->out->fds[r->out->nfds++][n > 0 ? n : 0] = '\0';
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* Who closes a number that he has no descriptor of may next time close what
 * somebody else has got with it. */
static void
watch_close(struct run *r, const struct seccomp_notif *call)
{
	char path[64];
	struct stat st;

	if ((pid_t)call->pid != r->pid || call->data.nr != SYS_close)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)r->pid,
	    (int)call->data.args[0]);
	if (lstat(path, &st) == -1 && errno == ENOENT)
		r->out->strays++;
}

static void
watch(struct run *r, const struct seccomp_notif *call)
{
	if ((pid_t)call->pid == r->pid) {
		r->out->calls++;
		if (call->data.nr == SYS_exit_group)
			list_fds(r);
	} else if ((pid_t)call->pid == r->child && call->data.nr == SYS_execve)
		r->over = true; /* it may fail, which was its turn */
}

static void
answer(struct run *r)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp ret;

	memset(&call, 0, sizeof(call));
	memset(&ret, 0, sizeof(ret));
	if (ioctl(r->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == -1)
		return; /* it was killed meanwhile */
	ret.id = call.id;
	watch_close(r, &call);
	if (!fails(r, &call, &ret))
		ret.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	watch(r, &call);
	(void)ioctl(r->listener, SECCOMP_IOCTL_NOTIF_SEND, &ret);
}

/* --- the run ------------------------------------------------------------- */

/* Answers calls until the program has ended (then true), or the time is up. */
static bool
serve(struct run *r, long long until)
{
	struct pollfd fds[3] = {{r->process, POLLIN, 0},
	    {r->listener, POLLIN, 0},
	    {r->armed ? -1 : r->plan->control, POLLIN, 0}};
	long long left = until - now_ms();
	char byte;

	if (left <= 0 || poll(fds, 3, (int)left) <= 0)
		return false;
	/* Before the call that it is sent for: one that is sent behind it
	 * cannot have come before. */
	if (fds[2].revents != 0) {
		(void)!read(r->plan->control, &byte, 1);
		r->armed = true;
	}
	if ((fds[1].revents & POLLIN) != 0)
		answer(r);
	else if (fds[1].revents != 0)
		fds[0].revents = POLLIN; /* nobody is left to make calls */
	return fds[0].revents != 0;
}

static void
run_program(struct run *r)
{
	long long until = now_ms() + r->plan->seconds * 1000LL;

	while (!serve(r, until)) {
		if (now_ms() >= until)
			r->out->end = END_HANGS;
		else if (r->out->calls > r->plan->most)
			r->out->end = END_SPINS;
		else
			continue;
		(void)kill(r->pid, SIGKILL);
		until = now_ms() + GRACE_MS;
		while (!serve(r, until) && now_ms() < until)
			continue;
		break;
	}
	(void)wait4(r->pid, &r->out->status, 0, &r->out->used);
}

/* Kills what is below us; how many there were. */
static long
kill_rest(void)
{
	char path[64];
	FILE *list;
	long n = 0, pid;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	list = fopen(path, "re");
	while (list != NULL && fscanf(list, "%ld", &pid) == 1) {
		n++;
		(void)kill((pid_t)pid, SIGKILL);
	}
	if (list != NULL)
		(void)fclose(list);
	return n;
}

/* A descendant gets a moment, as a KILL is not waited for. */
static void
await_rest(struct run *r)
{
	long long until = now_ms() + GRACE_MS;
	const struct timespec moment = {0, 1000000};
	struct pollfd one = {r->listener, POLLIN, 0};
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) != -1) {
		if (pid > 0)
			continue;
		if (now_ms() > until) {
			r->out->left += kill_rest();
			until = now_ms() + GRACE_MS;
		}
		if (poll(&one, 1, 1) == 1 && (one.revents & POLLIN) != 0)
			answer(r);
		else
			(void)nanosleep(&moment, NULL);
	}
}

bool
supervise(const struct plan *plan, struct outcome *ret)
{
	struct run r = {.plan = plan, .out = ret, .armed = plan->control == -1};

	memset(ret, 0, sizeof(*ret));
	ret->nfds = -1;
	if (!start(&r))
		return false;
	run_program(&r);
	await_rest(&r);
	return true;
}

#endif
