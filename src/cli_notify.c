/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_notify.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#endif

#include "banned.h"

#ifdef HAVE_SYSTEMD

bool
notify_sockets(struct listeners *l, char *err, size_t errlen)
{
	int n = sd_listen_fds(1), i;

	l->n = 0;
	if (n < 0) {
		(void)snprintf(err, errlen,
		    "the sockets that were handed over: %s", strerror(-n));
		return false;
	}
	for (i = 0; i < n; i++) {
		if (!listeners_take(l, SD_LISTEN_FDS_START + i, err, errlen))
			return false;
	}
	return true;
}

void
notify_ready(const char *status)
{
	char line[1024], *c;

	(void)snprintf(line, sizeof(line), "%s", status);
	for (c = line; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ') /* a line end begins a variable */
			*c = '?';
	}
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", line);
}

void
notify_reloading(void)
{
	struct timespec now;

	/* Type=notify-reload wants to know which reload this is about. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void
notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=Waiting for requests under way");
}

#else

bool
notify_sockets(struct listeners *l, char *err, size_t errlen)
{
	(void)err;
	(void)errlen;
	l->n = 0;
	return true;
}

void
notify_ready(const char *status)
{
	(void)status;
}

void
notify_reloading(void)
{
}

void
notify_stopping(void)
{
}

#endif
