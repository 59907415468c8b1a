/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole handler, from the bytes of a client to what Claude says and back, in
 * one process (stage.h).  Whatever happens in whatever order: each answer is
 * valid HTTP and belongs to a request that may have it, none comes twice, the
 * handler ends in time and without spinning, it leaves no process, descriptor or
 * memory behind, and the key is nowhere but where it belongs.
 *
 * The first three bytes of an input choose the configuration and how Claude
 * behaves, by their six lower bits; the rest is the script.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answers.h"
#include "api_error.h"
#include "require.h"
#include "serve.h"
#include "settings.h"
#include "stage.h"
#include "stand_ins.h"

#define FLAG_BYTES 3
#define FDS        48
#define CHOICES    5
#define PLACES     256 /* as many cores as there may be */
#define TIMEOUT_MS 60000
/* From the last thing that happens to the end: a place in the queue, Claude's
 * time, stopping it, and the connection's, with each request of a pipeline. */
#define SILENT_MS (60000 + TIMEOUT_MS + 10000 + 60000)

static char top[128]; /* where it may write; "": not made yet */

static void
remove_file(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/run%s", top, name);
	if (unlink(path) == -1)
		(void)rmdir(path);
}

static void
remove_top(void)
{
	static const char *const names[] = {"/ccp/sessions.db",
	    "/ccp/sessions.db.lock", "/ccp/sessions.db.bad",
	    "/ccp/sessions.db.claims", "/ccp/running.lock",
	    "/ccp/starting.lock", "/ccp/empty", "/ccp", ""};
	char name[64];
	size_t i;

	for (i = 0; i < PLACES; i++) {
		(void)snprintf(name, sizeof(name), "/ccp/running.%zu", i);
		remove_file(name);
		(void)snprintf(name, sizeof(name), "/ccp/starting.%zu", i);
		remove_file(name);
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove_file(names[i]);
	(void)rmdir(top);
}

/* In memory where there is such a place: the store of sessions waits for the
 * disk. */
static const char *
base(void)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp != NULL && tmp[0] == '/' && strlen(tmp) < sizeof(top) / 2)
		return tmp;
	return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

static void
make_top(void)
{
	char path[256];

	if (top[0] != '\0')
		return;
	(void)snprintf(top, sizeof(top), "%s/ccp-fuzz-handler-XXXXXX", base());
	REQUIRE(mkdtemp(top) != NULL);
	REQUIRE(atexit(remove_top) == 0);
	(void)snprintf(path, sizeof(path), "%s/run", top);
	REQUIRE(mkdir(path, 0700) == 0);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* What is remembered of one input is nothing to the next. */
static void
forget_sessions(void)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/run/ccp/sessions.db", top);
	(void)unlink(path);
}

/* --- configuration -------------------------------------------------------- */

struct flags {
	unsigned client, config, claude;
};

static void
choose(struct settings *s, const struct flags *f)
{
	static const struct {
		unsigned bit;
		const char *set, *unset;
	} choices[CHOICES] = {
	    {1, "CLAUDE_MODE=model", "CLAUDE_MODE=agent"},
	    {2, "ASK_WORKING_DIR=auto", "ASK_WORKING_DIR=never"},
	    {4, "SYSTEM_PROMPT_MODE=append", "SYSTEM_PROMPT_MODE=replace"},
	    {8, "CLAUDE_MAX_PROCESSES=1", "CLAUDE_MAX_PROCESSES=8"},
	    {16, "CORS_ORIGIN=https://page.example", "CORS_ORIGIN=*"},
	};
	static char key[] = "API_KEY=" STAGE_KEY,
		    path[] = "CLAUDE_PATH=/bin/sh";
	static char timeout[] = "CLAUDE_TIMEOUT_MS=60000";
	static char idle[] = "CLAUDE_IDLE_TIMEOUT_MS=30000";
	static char more[] = "CLAUDE_ENV=API_KEY"; /* in vain */
	static char work[] = "CLAUDE_WORKING_DIR=/tmp", words[CHOICES][64];
	char *env[CHOICES + 7] = {key, path, timeout, idle, more, work};
	char err[256];
	size_t i;

	for (i = 0; i < CHOICES; i++) {
		(void)snprintf(words[i], sizeof(words[i]), "%s",
		    f->config & choices[i].bit ? choices[i].set
					       : choices[i].unset);
		env[6 + i] = words[i];
	}
	REQUIRE(settings_load(s, NULL, env, err, sizeof(err)) == 0);
	s->usage_ledger = "off";
}

/* --- the run -------------------------------------------------------------- */

static void
open_fds(bool open[FDS])
{
	int fd;

	for (fd = 0; fd < FDS; fd++)
		open[fd] = fcntl(fd, F_GETFD) != -1;
}

static void
serve(const struct flags *f, int in, int out)
{
	static char home[160], run[160];
	static char key[] = "API_KEY=" STAGE_KEY; /* which is for ccp alone */
	static char *env[] = {home, run, key, NULL};
	struct settings settings;
	struct api_error why;

	(void)snprintf(home, sizeof(home), "HOME=%s", top);
	(void)snprintf(run, sizeof(run), "XDG_RUNTIME_DIR=%s/run", top);
	if ((f->client & 6) == 6) {
		api_error_set(&why, 503, "server_error", "too_many_connections",
		    "Too many.");
		REQUIRE(serve_refusal(in, out, &why) == 0);
	} else if (f->client & 4) {
		REQUIRE(serve_connection(in, out, NULL, env, NULL) == 0);
	} else {
		choose(&settings, f);
		REQUIRE(serve_connection(in, out, &settings, env, NULL) == 0);
		settings_free(&settings);
	}
}

/* For who looks into an input. */
static void
show(const struct stage_result *got)
{
	if (getenv("CCP_FUZZ_SHOW") == NULL)
		return;
	(void)fprintf(stderr,
	    "--- the client sent\n%s\n--- and got\n%s\n"
	    "--- %zu processes, %lld ms of silence%s%s\n",
	    buf_str(got->sent), buf_str(got->got), got->started,
	    (long long)got->silent, got->left ? ", the client left" : "",
	    got->stopped ? ", a signal came" : "");
}

static void
check(const struct stage_result *got)
{
	static struct requests asked;

	show(got);
	requests_read(&asked, buf_str(got->sent), got->sent->len, STAGE_KEY);
	if (!asked.more)
		answers_check(&asked, buf_str(got->got), got->got->len,
		    got->left || got->stopped);
	REQUIRE(got->silent <= SILENT_MS * (int64_t)(asked.n + 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stage_options options;
	struct stage_result result;
	bool before[FDS], after[FDS];
	struct flags f;
	int in, out;

	if (size < FLAG_BYTES)
		return 0;
	f = (struct flags){data[0] & 63, data[1] & 63, data[2] & 63};
	options = (struct stage_options){
	    .pipes = f.client & 1,
	    .no_start = f.claude & 1,
	    .lingers = f.claude & 2,
	    .stubborn = f.claude & 4,
	    .deaf = f.claude & 8,
	    .left_child = f.claude & 16,
	};
	make_top();
	forget_sessions();
	stand_ins_reset();
	open_fds(before);
	stage_open(data + FLAG_BYTES, size - FLAG_BYTES, &options, &in, &out);
	serve(&f, in, out);
	stage_result(&result);
	check(&result);
	stage_close();
	open_fds(after);
	REQUIRE(memcmp(before, after, sizeof(before)) == 0);
	return 0;
}
