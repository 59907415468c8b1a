/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp as a service: the listening socket in the hands of systemd or launchd.
 * What both have in common is here and in service_*.c; each of the two is a
 * struct service_manager.
 *
 * Functions that return bool set s->err to a sentence for a person when they
 * are false.
 */
#ifndef CCP_SERVICE_H
#define CCP_SERVICE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "limits.h"
#include "listener.h"
#include "settings.h"

#define SERVICE_PLACE_BYTES 256
#define SERVICE_URL_BYTES   (SERVICE_PLACE_BYTES + 32)

struct service_address {
	char text[SERVICE_PLACE_BYTES]; /* numeric, or the path of a socket */
	int family;                     /* AF_INET, AF_INET6, AF_UNIX */
	bool reachable;                 /* from other machines */
};

/* The files of one change, so that it can be taken back. */
struct service_saved {
	char *path;
	char *content; /* or, of a symbolic link, its target; NULL: none */
	char *moved;   /* it was renamed to this */
	size_t len;
	mode_t mode;
	bool link;
};

struct service_files {
	struct service_saved all[8];
	size_t n;
	char *made[8]; /* directories */
	size_t nmade;
};

struct service {
	bool system;   /* units of the system, for one user */
	bool replace;  /* the Node.js version's unit may be set aside */
	char user[64]; /* whose Claude answers */
	bool named;    /* that is known, and not only who runs this */
	uid_t uid;
	char *home; /* of that user */
	char **env; /* what the service's handlers will see of ours */
	struct settings settings; /* as they will see them */
	bool hidden; /* the defaults: config.json is another user's alone */
	struct service_address addresses[LISTENER_MAX];
	size_t naddresses;
	char *handler;           /* absolute paths */
	char *claude;            /* NULL: not found */
	char *path;              /* PATH for the unit */
	const char *claude_path; /* CLAUDE_PATH of our environment, or NULL */
	struct service_files files;
	struct buf said; /* lines for a person, each with its end */
	struct buf out;  /* what the last program printed */
	char err[2048];
};

/* What a manager knows; -1: it does not tell. */
struct service_state {
	bool installed, enabled, listening;
	long connections, accepted;
	int linger; /* 0: it stops at the last logout */
	char where[LISTENER_MAX][SERVICE_URL_BYTES]; /* base URLs */
	size_t n;
	char problem[256]; /* why it does not listen, or "" */
};

#define SERVICE_LINE_CHARACTERS 255

/* Of the log: valid UTF-8 without control characters, for a terminal. */
struct service_line {
	time_t when;
	char text[4 * SERVICE_LINE_CHARACTERS + 1];
};

struct service_log {
	struct service_line last;      /* request; text "": none known */
	struct service_line errors[3]; /* the newest first */
	size_t nerrors;
};

struct service_manager {
	const char *name;
	/* Is it there for this user? */
	bool (*answers)(struct service *s);
	/* The path of the unit of the Node.js version, malloc'ed, or NULL. */
	char *(*old)(struct service *s);
	/* How a person sets that aside: lines. */
	void (*explain)(struct service *s, const char *old);
	/* A failed one leaves everything as it was. */
	bool (*install)(struct service *s, const char *old);
	bool (*uninstall)(struct service *s);
	bool (*start)(struct service *s);
	bool (*stop)(struct service *s); /* and all that is being answered */
	/* Other addresses for what is installed. */
	bool (*move)(struct service *s);
	bool (*state)(struct service *s, struct service_state *ret);
	void (*log)(struct service *s, struct service_log *ret);
	/* A variable that was written down for the handlers, malloc'ed, or
	 * NULL. */
	char *(*variable)(struct service *s, const char *name);
	/* One that all its services have, malloc'ed, or NULL. */
	char *(*inherited)(struct service *s, const char *name);
	/* What it starts for a connection, malloc'ed, or NULL. */
	char *(*program)(struct service *s);
};

extern const struct service_manager service_systemd, service_launchd;

/* The one of this machine, whether it answers or not.  CCP_SERVICE in the
 * environment names one, for tests. */
const struct service_manager *service_manager_here(void);

/* The same where it answers; NULL sets s->err. */
const struct service_manager *service_manager(struct service *s);

/* --- service_job.c ----------------------------------------------------- */

/* user NULL: who runs this; of a system service, whom it was installed for or
 * who used sudo; that one's config.json may be hidden.  service_close() in any
 * case. */
bool service_open(struct service *s, bool system, const char *user);
void service_close(struct service *s);

/* From now on env and settings are as an installed service sees them. */
bool service_as_installed(struct service *s, const struct service_manager *m);

/* Finds the programs and PATH, and checks what would fail later or be
 * dangerous. */
bool service_plan(struct service *s);

/* Adds a line for each key that only this shell's environment sets. */
void service_tell_unseen(struct service *s);

/* --- service_addresses.c ----------------------------------------------- */

/* HOST and PORT as addresses; refuses what the default key must not open. */
bool service_addresses(struct service *s);

/* Can they be listened on?  Not while the service itself does. */
bool service_addresses_free(struct service *s);

/* "http://127.0.0.1:8888/v1", or "unix:/path". */
void service_url(const struct service *s, const struct service_address *a,
    char *to, size_t len);

/* Adds the line "systemd listens on ...". */
void service_tell_where(struct service *s, const char *manager);

/* --- service_files.c --------------------------------------------------- */

/* A line of a template that begins so, white space before it apart, becomes
 * text; further ones go away. */
struct service_row {
	const char *begins;
	const char *text; /* whole lines; NULL: the line stays */
};

/* False: a row was not found. */
bool service_fill(struct buf *to, const char *template,
    const struct service_row *rows, size_t n);

/* DIR/NAME beside this program (the build tree), or else installed; malloc'ed
 * content, NULL sets s->err. */
char *service_template(struct service *s, const char *name);

/* Replaces or creates it in one step, with the directories above. */
bool service_write(struct service *s, const char *path, const char *text);
bool service_rename(struct service *s, const char *from, const char *to);
bool service_remove(struct service *s, const char *path);
bool service_mkdir(struct service *s, const char *path);

/* What a file that is set aside can be renamed to: PATH.bak, or PATH.bak.1 and
 * so on where there is one; malloc'ed, NULL: out of memory. */
char *service_aside(const char *path);

/* Takes back, or forgets how to. */
void service_undo(struct service *s);
void service_commit(struct service *s);

/* --- service_run.c ----------------------------------------------------- */

/* Runs a program of PATH, words ended by NULL, its output in s->out.  False
 * if it fails. */
bool service_run(struct service *s, const char *const *words);
#define SERVICE_RUN(s, ...)                                                    \
	service_run(s, (const char *const[]){__VA_ARGS__, NULL})

/* Waits a moment, between two looks. */
void service_pause(void);

/* malloc'ed text, as of printf; NULL: out of memory. */
char *service_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What stands before its last slash, malloc'ed; NULL: nothing does. */
char *service_directory_of(const char *path);

/* s->err; always false. */
bool service_fail(struct service *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* --- service_log.c ----------------------------------------------------- */

/* Looks at a line of the log, the newest first.  severity as of syslog(3), or
 * -1: the line says itself, and when. */
void service_log_line(
    struct service_log *log, const char *line, time_t when, int severity);

#endif
