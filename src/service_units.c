/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service_units.h"

#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

#include "banned.h"

extern char **environ;

#define SYSTEM_UNITS "/etc/systemd/system"
#define LISTEN       "ListenStream="

#define N(rows)      (sizeof(rows) / sizeof((rows)[0]))

static const char user_mark[] =
    "# Written by \"ccp service install\"; \"ccp config set\" of HOST or PORT "
    "changes\n# the addresses.\n";
static const char system_mark[] =
    "# Written by \"ccp service install --system\": run it again after a "
    "change of\n# HOST or PORT.\n";

static const char *
mark(const struct service *s)
{
	return s->system ? system_mark : user_mark;
}

char *
unit_path(const struct service *s, const char *name)
{
	const char *config = settings_getenv(environ, "XDG_CONFIG_HOME");

	if (s->system)
		return service_text("%s/%s", SYSTEM_UNITS, name);
	if (config != NULL && config[0] == '/')
		return service_text("%s/systemd/user/%s", config, name);
	return service_text("%s/.config/systemd/user/%s", s->home, name);
}

/* --- systemd's syntax -------------------------------------------------- */

/* What stands in a value without quotes: only % has a meaning. */
static void
add_plain(struct buf *to, const char *text)
{
	for (; *text != '\0'; text++)
		buf_addf(to, *text == '%' ? "%%%c" : "%c", *text);
}

/* Within double quotes, or as a word of ExecStart= with them around. */
static void
add_quoted(struct buf *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_addch(to, '\\');
		else if (*text == '%')
			buf_addch(to, '%');
		buf_addch(to, *text);
	}
}

/* The interface of a link-local one stands at the end: [fe80::1]:8888%eth0 */
static void
add_ipv6(struct buf *to, const char *text, long port)
{
	size_t len = strcspn(text, "%");

	buf_addf(to, "[%.*s]:%ld", (int)len, text, port);
	add_plain(to, text + len);
}

static void
add_addresses(struct buf *to, const struct service *s)
{
	const struct service_address *a;
	size_t i;

	for (i = 0; i < s->naddresses; i++) {
		a = &s->addresses[i];
		buf_addstr(to, LISTEN);
		if (a->family == AF_UNIX)
			add_plain(to, a->text);
		else if (a->family == AF_INET6)
			add_ipv6(to, a->text, s->settings.port);
		else
			buf_addf(to, "%s:%ld", a->text, s->settings.port);
		buf_addch(to, '\n');
	}
}

static void
add_environment(struct buf *to, const char *name, const char *value)
{
	buf_addf(to, "Environment=\"%s=", name);
	add_quoted(to, value);
	buf_addstr(to, "\"\n");
}

static void
add_place(struct buf *to, const struct service *s)
{
	buf_addstr(to, "WorkingDirectory=");
	if (s->system)
		add_plain(to, s->home);
	else
		buf_addstr(to, "%h");
	buf_addstr(to, "\n\n# As it was at the installation: systemd's own has "
		       "no place where claude and node\n# are installed.\n");
	add_environment(to, "PATH", s->path);
	if (s->claude_path != NULL)
		add_environment(to, "CLAUDE_PATH",
		    strcmp(s->claude_path, "demo") == 0 ? "demo" : s->claude);
	if (s->system)
		buf_addf(to, "User=%s\n", s->user);
}

/* --- writing ----------------------------------------------------------- */

static bool
write_unit(struct service *s, const char *name, const char *template,
    const struct service_row *rows, size_t n)
{
	CLEANUP_BUF struct buf text = BUF_INIT(2 * LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *path = unit_path(s, name);

	if (path == NULL)
		return service_fail(s, "out of memory");
	if (!service_fill(&text, template, rows, n))
		return service_fail(
		    s, "the template of %s has not the lines it needs", name);
	return service_write(s, path, buf_str(&text));
}

/* whole: the rest of what a template leaves open, too. */
static bool
write_socket(struct service *s, const char *template, bool whole)
{
	CLEANUP_BUF struct buf listen = BUF_INIT(LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *owner =
	    service_text("SocketMode=0600\nSocketUser=%s\n", s->user);

	add_addresses(&listen, s);
	if (owner == NULL || !buf_ok(&listen))
		return service_fail(s, "out of memory");
	{
		const struct service_row rows[] = {
		    {LISTEN, buf_str(&listen)},
		    {"# Template:", mark(s)},
		    {"SocketMode=", s->system ? owner : NULL},
		};

		return write_unit(
		    s, UNIT_SOCKET, template, rows, whole ? N(rows) : 1);
	}
}

static bool
write_service(struct service *s, const char *template)
{
	CLEANUP_BUF struct buf exec = BUF_INIT(LIMIT_UNIT_BYTES);
	CLEANUP_BUF struct buf place = BUF_INIT(LIMIT_UNIT_BYTES);

	buf_addstr(&exec, "ExecStart=\"");
	add_quoted(&exec, s->handler);
	buf_addstr(&exec, "\"\n");
	add_place(&place, s);
	if (!buf_ok(&exec) || !buf_ok(&place))
		return service_fail(s, "out of memory");
	{
		const struct service_row rows[] = {
		    {"ExecStart=", buf_str(&exec)},
		    {"WorkingDirectory=", buf_str(&place)},
		    {"# Template:", mark(s)},
		};

		return write_unit(s, UNIT_SERVICE, template, rows, N(rows));
	}
}

bool
units_write(struct service *s)
{
	CLEANUP_FREE char *socket = service_template(s, "systemd/" UNIT_SOCKET);
	CLEANUP_FREE char *service =
	    service_template(s, "systemd/" UNIT_SERVICE);

	return socket != NULL && service != NULL &&
	       write_socket(s, socket, true) && write_service(s, service);
}

bool
units_move(struct service *s)
{
	CLEANUP_FREE char *path = NULL, *text = NULL;
	size_t len;

	if (!SYSTEMCTL(s, "show", "-p", "FragmentPath", "--value", UNIT_SOCKET))
		return false;
	path = service_text(
	    "%.*s", (int)strcspn(buf_str(&s->out), "\n"), buf_str(&s->out));
	text = path == NULL ? NULL : io_read_file(path, LIMIT_UNIT_BYTES, &len);
	if (text == NULL)
		return service_fail(s, "%s cannot be read",
		    path == NULL || path[0] == '\0' ? UNIT_SOCKET : path);
	return write_socket(s, text, false);
}

bool
units_remove(struct service *s)
{
	CLEANUP_FREE char *socket = unit_path(s, UNIT_SOCKET);
	CLEANUP_FREE char *service = unit_path(s, UNIT_SERVICE);
	char *slash;
	int i;

	if (socket == NULL || service == NULL)
		return service_fail(s, "out of memory");
	if (!service_remove(s, socket) || !service_remove(s, service))
		return false;
	/* user and systemd, where nothing else is in them. */
	for (i = 0; !s->system && i < 2; i++) {
		slash = strrchr(socket, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
		(void)rmdir(socket);
	}
	return true;
}

/* --- reading ----------------------------------------------------------- */

void
units_tell_overrides(struct service *s)
{
	static const char *const names[] = {UNIT_SOCKET, UNIT_SERVICE};
	size_t i;

	for (i = 0; i < N(names); i++) {
		CLEANUP_FREE char *path = unit_path(s, names[i]);
		CLEANUP_FREE char *dir =
		    path == NULL ? NULL : service_text("%s.d", path);

		if (dir != NULL && access(dir, F_OK) == 0)
			buf_addf(&s->said,
			    "%s is yours, counts beside it and is left "
			    "alone.\n",
			    dir);
	}
}

char *
unit_variable(struct service *s, const char *name)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *begin = service_text("\nEnvironment=\"%s=", name);
	CLEANUP_FREE char *path = unit_path(s, UNIT_SERVICE);
	CLEANUP_FREE char *text = NULL;
	const char *p;
	size_t len;

	text = path == NULL ? NULL : io_read_file(path, LIMIT_UNIT_BYTES, &len);
	p = text == NULL || begin == NULL ? NULL : strstr(text, begin);
	if (p == NULL)
		return NULL;
	for (p += strlen(begin); *p != '\0' && *p != '"'; p++) {
		if ((*p == '\\' || *p == '%') && p[1] != '\0')
			p++;
		buf_addch(&value, *p);
	}
	return buf_steal(&value);
}

char *
unit_inherited(struct service *s, const char *name)
{
	size_t len = strlen(name), n;
	const char *line;

	if (!SYSTEMCTL(s, "show-environment"))
		return NULL;
	for (line = buf_str(&s->out); *line != '\0';
	     line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (strncmp(line, name, len) == 0 && line[len] == '=' &&
		    n > len + 1)
			return service_text(
			    "%.*s", (int)(n - len - 1), line + len + 1);
	}
	return NULL;
}

/* "{ path=/usr/libexec/ccp/ccp-handler ; argv[]=... }" */
char *
unit_program(struct service *s)
{
	static const char begin[] = "path=";
	const char *path, *end;

	if (!SYSTEMCTL(
		s, "show", "-p", "ExecStart", "--value", "ccp@status.service"))
		return NULL;
	path = strstr(buf_str(&s->out), begin);
	end = path == NULL ? NULL : strstr(path, " ; ");
	if (end == NULL)
		return NULL;
	path += strlen(begin);
	return service_text("%.*s", (int)(end - path), path);
}
