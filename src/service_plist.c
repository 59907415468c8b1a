/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service_plist.h"

#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "io.h"

#include "banned.h"

#define N(rows)       (sizeof(rows) / sizeof((rows)[0]))
#define LISTENERS_KEY "<key>Listeners</key>\n"

char *
plist_path(const struct service *s)
{
	return service_text("%s/Library/LaunchAgents/ccp.plist", s->home);
}

char *
plist_log_path(const struct service *s)
{
	return service_text("%s/.ccp/logs/ccp.log", s->home);
}

/* --- writing ----------------------------------------------------------- */

static void
add_string(struct buf *to, const char *text)
{
	buf_addstr(to, "<string>");
	for (; *text != '\0'; text++) {
		if (*text == '&')
			buf_addstr(to, "&amp;");
		else if (*text == '<')
			buf_addstr(to, "&lt;");
		else if (*text == '>')
			buf_addstr(to, "&gt;");
		else
			buf_addch(to, *text);
	}
	buf_addstr(to, "</string>\n");
}

static void
add_key(struct buf *to, const char *key, const char *value)
{
	buf_addf(to, "\t\t\t<key>%s</key>\n\t\t\t", key);
	add_string(to, value);
}

static void
add_address(
    struct buf *to, const struct service *s, const struct service_address *a)
{
	char port[16];

	buf_addstr(to, "\t\t<dict>\n");
	if (a->family == AF_UNIX) {
		add_key(to, "SockPathName", a->text);
		buf_addf(to,
		    "\t\t\t<key>SockPathMode</key>\n"
		    "\t\t\t<integer>%d</integer>\n",
		    0600);
	} else {
		(void)snprintf(port, sizeof(port), "%ld", s->settings.port);
		add_key(to, "SockNodeName", a->text);
		add_key(to, "SockServiceName", port);
		add_key(
		    to, "SockFamily", a->family == AF_INET6 ? "IPv6" : "IPv4");
	}
	buf_addstr(to, "\t\t</dict>\n");
}

static void
add_addresses(struct buf *to, const struct service *s)
{
	size_t i;

	buf_addstr(to, "\t\t<array>\n");
	for (i = 0; i < s->naddresses; i++)
		add_address(to, s, &s->addresses[i]);
	buf_addstr(to, "\t\t</array>\n");
}

/* What the template leaves open, each with the beginning of its line. */
enum part { LISTENERS, HANDLER, LOG, HOME, ENVIRONMENT, PARTS };

static const char *const begins[PARTS] = {
    [LISTENERS] = "<!-- @LISTENERS@ -->",
    [HANDLER] = "<string>@HANDLER@",
    [LOG] = "<string>@LOG@",
    [HOME] = "<string>@HOME@",
    [ENVIRONMENT] = "<!-- @ENVIRONMENT@ -->",
};

static void
make_parts(struct service *s, const char *log, struct buf parts[PARTS])
{
	add_addresses(&parts[LISTENERS], s);
	buf_addstr(&parts[HANDLER], "\t\t");
	add_string(&parts[HANDLER], s->handler);
	buf_addch(&parts[LOG], '\t');
	add_string(&parts[LOG], log);
	buf_addch(&parts[HOME], '\t');
	add_string(&parts[HOME], s->home);
	buf_addstr(&parts[ENVIRONMENT], "\t\t<key>PATH</key>\n\t\t");
	add_string(&parts[ENVIRONMENT], s->path);
	if (s->claude_path == NULL)
		return;
	buf_addstr(&parts[ENVIRONMENT], "\t\t<key>CLAUDE_PATH</key>\n\t\t");
	add_string(&parts[ENVIRONMENT],
	    strcmp(s->claude_path, "demo") == 0 ? "demo" : s->claude);
}

bool
plist_write(struct service *s)
{
	CLEANUP_FREE char *template = service_template(s, "launchd/ccp.plist");
	CLEANUP_FREE char *path = plist_path(s), *log = plist_log_path(s);
	CLEANUP_BUF struct buf text = BUF_INIT(2 * LIMIT_UNIT_BYTES);
	struct service_row rows[PARTS];
	struct buf parts[PARTS];
	bool ok;
	size_t i;

	if (template == NULL)
		return false;
	if (path == NULL || log == NULL)
		return service_fail(s, "out of memory");
	for (i = 0; i < PARTS; i++)
		buf_init(&parts[i], LIMIT_UNIT_BYTES);
	make_parts(s, log, parts);
	for (i = 0; i < PARTS; i++)
		rows[i] = (struct service_row){begins[i], buf_str(&parts[i])};
	ok = service_fill(&text, template, rows, PARTS);
	for (i = 0; i < PARTS; i++)
		buf_free(&parts[i]);
	if (!ok)
		return service_fail(
		    s, "the template of ccp.plist has not the lines it needs");
	return service_write(s, path, buf_str(&text));
}

/* --- reading ----------------------------------------------------------- */

static const struct {
	const char *escaped;
	char c;
} escapes[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};

/* The first string in text, into to; where it ends, NULL: there is none. */
static const char *
next_string(const char *text, struct buf *to)
{
	size_t i;

	buf_clear(to);
	text = strstr(text, "<string>");
	if (text == NULL)
		return NULL;
	for (text += strlen("<string>"); *text != '\0' && *text != '<';) {
		for (i = 0; i < N(escapes); i++) {
			if (strncmp(text, escapes[i].escaped,
				strlen(escapes[i].escaped)) == 0)
				break;
		}
		buf_addch(to, i < N(escapes) ? escapes[i].c : *text);
		text += i < N(escapes) ? strlen(escapes[i].escaped) : 1;
	}
	return text;
}

static char *
read_installed(const struct service *s)
{
	CLEANUP_FREE char *path = plist_path(s);
	size_t len;

	return path == NULL ? NULL : io_read_file(path, LIMIT_UNIT_BYTES, &len);
}

char *
plist_read(struct service *s, const char *behind)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *text = read_installed(s);
	const char *p = text == NULL ? NULL : strstr(text, behind);

	if (p == NULL || next_string(p, &value) == NULL)
		return NULL;
	return buf_steal(&value);
}

static void
put_url(
    char to[SERVICE_URL_BYTES], bool local, const char *host, const char *port)
{
	if (local)
		(void)snprintf(to, SERVICE_URL_BYTES, "unix:%s", host);
	else if (strchr(host, ':') != NULL)
		(void)snprintf(
		    to, SERVICE_URL_BYTES, "http://[%s]:%.8s/v1", host, port);
	else
		(void)snprintf(
		    to, SERVICE_URL_BYTES, "http://%s:%.8s/v1", host, port);
}

bool
plist_move(struct service *s)
{
	static const char end[] = "\t\t</array>\n";
	CLEANUP_BUF struct buf to = BUF_INIT(2 * LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *text = read_installed(s), *path = plist_path(s);
	char *from = text == NULL ? NULL : strstr(text, LISTENERS_KEY);
	const char *rest = from == NULL ? NULL : strstr(from, end);

	if (rest == NULL || path == NULL)
		return service_fail(s,
		    "ccp.plist is not as it was written: ccp service install "
		    "writes it anew");
	*from = '\0';
	buf_addf(&to, "%s" LISTENERS_KEY, text);
	add_addresses(&to, s);
	buf_addstr(&to, rest + strlen(end));
	if (!buf_ok(&to))
		return service_fail(s, "out of memory");
	return service_write(s, path, buf_str(&to));
}

/* As add_address() writes them. */
void
plist_read_addresses(struct service *s, struct service_state *ret)
{
	CLEANUP_BUF struct buf value = BUF_INIT(LIMIT_UNIT_BYTES);
	CLEANUP_FREE char *text = read_installed(s);
	const char *p = text == NULL ? "" : text;
	char host[SERVICE_PLACE_BYTES];
	bool local;

	while ((p = strstr(p, "<key>Sock")) != NULL && ret->n < LISTENER_MAX) {
		local = strncmp(p, "<key>SockPathName", 17) == 0;
		if (!local && strncmp(p, "<key>SockNodeName", 17) != 0) {
			p++;
			continue;
		}
		p = next_string(p, &value);
		(void)snprintf(host, sizeof(host), "%s", buf_str(&value));
		if (p != NULL && !local)
			p = next_string(p, &value);
		if (p == NULL)
			break;
		put_url(ret->where[ret->n++], local, host, buf_str(&value));
	}
}

bool
plist_is_original(const char *path)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;

	text = io_read_file(path, LIMIT_UNIT_BYTES, &len);
	return text != NULL && strstr(text, "ccp") != NULL &&
	       strstr(text, "<string>start</string>") != NULL &&
	       strstr(text, "inetdCompatibility") == NULL;
}
