/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: each address in HOST, whether it is free, ours, or whose.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cli_client.h"
#include "cli_doctor.h"
#include "clock.h"
#include "limits.h"
#include "listener.h"

#include "banned.h"

#define HOLDER_BYTES 128

/* --- who has a port ---------------------------------------------------- */

#define LISTENS 0x0A /* TCP_LISTEN in /proc/net/tcp */

/* Fields of a line of /proc/net/tcp (proc_pid_net(5)). */
enum { NET_LOCAL = 1, NET_STATE = 3, NET_UID = 7, NET_INODE = 9, NET_FIELDS };

static bool
listens_on(
    char *line, long port, unsigned long *ret_uid, unsigned long *ret_inode)
{
	char *fields[NET_FIELDS], *at = NULL, *local;
	size_t n;

	for (n = 0; n < NET_FIELDS; n++) {
		fields[n] = strtok_r(n == 0 ? line : NULL, " ", &at);
		if (fields[n] == NULL)
			return false;
	}
	local = strchr(fields[NET_LOCAL], ':');
	if (local == NULL || strtol(local + 1, NULL, 16) != port ||
	    strtol(fields[NET_STATE], NULL, 16) != LISTENS)
		return false;
	*ret_uid = strtoul(fields[NET_UID], NULL, 10);
	*ret_inode = strtoul(fields[NET_INODE], NULL, 10);
	return true;
}

/* The inode and owner of a socket that listens on the port; 0: none. */
static unsigned long
listening_inode(const char *table, long port, unsigned long *ret_uid)
{
	FILE *f = fopen(table, "re");
	char line[512];
	unsigned long found = 0;

	while (f != NULL && found == 0 && fgets(line, sizeof(line), f))
		(void)listens_on(line, port, ret_uid, &found);
	if (f != NULL)
		(void)fclose(f);
	return found;
}

static bool
has_socket(const char *pid, const char *socket)
{
	char path[PATH_MAX], link[PATH_MAX], to[64];
	const struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
		(void)snprintf(
		    link, sizeof(link), "/proc/%.20s/fd/%.20s", pid, e->d_name);
		n = readlink(link, to, sizeof(to) - 1);
		if (n > 0)
			to[n] = '\0';
		found = n > 0 && strcmp(to, socket) == 0;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

static void
name_process(const char *pid, char to[HOLDER_BYTES])
{
	char path[64], name[64] = "a program";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f != NULL && fgets(name, sizeof(name), f) != NULL)
		name[strcspn(name, "\n")] = '\0';
	if (f != NULL)
		(void)fclose(f);
	(void)snprintf(to, HOLDER_BYTES, "%s (process %.20s)", name, pid);
}

/* Other users' processes do not show their descriptors. */
static void
name_user(unsigned long uid, char to[HOLDER_BYTES])
{
	const struct passwd *pw = getpwuid((uid_t)uid);

	(void)snprintf(to, HOLDER_BYTES, "a process of the user %.64s",
	    pw == NULL ? "behind another name" : pw->pw_name);
}

/* Where /proc tells: Linux. */
static void
find_holder(long port, char to[HOLDER_BYTES])
{
	unsigned long uid = 0, inode;
	char socket[64];
	const struct dirent *e;
	DIR *proc;

	to[0] = '\0';
	inode = listening_inode("/proc/net/tcp", port, &uid);
	if (inode == 0)
		inode = listening_inode("/proc/net/tcp6", port, &uid);
	if (inode == 0)
		return;
	(void)snprintf(socket, sizeof(socket), "socket:[%lu]", inode);
	proc = opendir("/proc");
	while (proc != NULL && to[0] == '\0' && (e = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)e->d_name[0]) &&
		    has_socket(e->d_name, socket))
			name_process(e->d_name, to);
	}
	if (proc != NULL)
		(void)closedir(proc);
	if (to[0] == '\0')
		name_user(uid, to);
}

/* --- asking ------------------------------------------------------------ */

/* Every answer of ccp has an id, and that of /health is this. */
static bool
is_ours(const struct client *c)
{
	return c->whole && c->status == 200 &&
	       strcmp(buf_str(&c->content), "{\"status\":\"ok\"}") == 0;
}

/* Whether it could be listened on; else err. */
static bool
can_listen(const char *entry, long port, char *err, size_t errlen)
{
	const struct listeners none = {.n = 0};
	struct listeners l = {.n = 0};

	if (!listeners_open(&l, &none, entry, port, err, errlen))
		return false;
	listeners_close(&l, NULL);
	return true;
}

static enum address_state
ask(const char *entry, long port)
{
	struct client c;
	bool there =
	    client_open(&c, entry, port, clock_ms() + LIMIT_CLIENT_PROBE_MS);
	bool ours = false, late = c.failure == CLIENT_TIMEOUT;

	if (there && client_send(&c, "GET /health", entry, "", NULL)) {
		while (client_more(&c))
			continue;
		ours = is_ours(&c);
	}
	client_close(&c);
	if (ours)
		return ADDRESS_OURS;
	return there || late ? ADDRESS_TAKEN : ADDRESS_UNUSABLE;
}

static void
check_entry(struct doctor *d, const char *entry)
{
	char name[CLIENT_HOST_BYTES + 32], why[512] = "";
	char holder[HOLDER_BYTES] = "";
	long port = d->settings.port;
	struct address_facts f = {.name = name, .why = why, .holder = holder};

	client_name(entry, port, name, sizeof(name));
	if (!can_listen(entry, port, why, sizeof(why)))
		f.state = ask(entry, port);
	if (f.state != ADDRESS_FREE && strncmp(entry, "unix:", 5) != 0)
		find_holder(port, holder);
	/* The Node.js version answers /health with the same words. */
	if (f.state == ADDRESS_OURS && strncmp(holder, "node ", 5) == 0)
		f.state = ADDRESS_TAKEN;
	judge_address(&d->report, &f);
}

void
doctor_address(struct doctor *d)
{
	const char *at = d->settings.host;
	char entry[CLIENT_HOST_BYTES];
	bool any = false;

	while (client_next_host(&at, entry)) {
		any = true;
		check_entry(d, entry);
	}
	if (any)
		return;
	doctor_say(&d->report, DOCTOR_FAIL, "HOST has no address in it");
	doctor_fix(&d->report, "ccp config reset HOST");
}
