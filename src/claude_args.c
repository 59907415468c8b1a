/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_args.h"

#include <nettle/sha2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "claude_body.h"
#include "cleanup.h"
#include "limits.h"
#include "model_names.h"
#include "tool_names.h"

#include "banned.h"

#define WORDS_STEP 64

/*
 * The child's environment is an allow-list.  Names ending in '*' are
 * prefixes.  Whatever is not here, ccp's own keys above all, stays behind.
 */
static const char *const allowed[] = {"HOME", "PATH", "USER", "LOGNAME",
    "SHELL", "LANG", "LANGUAGE", "LC_*", "TERM", "TZ", "TMPDIR", "XDG_*",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy",
    "https_proxy", "no_proxy", "all_proxy", "NODE_EXTRA_CA_CERTS", "SSL_*",
    "SSH_AUTH_SOCK", "AWS_*", "GOOGLE_*", "AZURE_*", "ANTHROPIC_*",
    "CLAUDE_CODE_*", "CLAUDE_CONFIG_DIR", NULL};

/* Never, not even by CLAUDE_ENV: they describe the process around us.  Those
 * that Claude Code (2.1.197 to 2.1.330) sets for what it runs would make the
 * child believe that it runs inside another one, and hand it the way into that
 * one (CLAUDE_CODE_MESSAGING_TOKEN).  Those of systemd are about its sockets
 * and our own descriptors, which the child does not have. */
static const char *const refused[] = {"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_CHILD_*", "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_MESSAGING_*", "CLAUDE_CODE_SESSION_*", "CLAUDE_PID",
    "LISTEN_FD*", "LISTEN_PID*", "NOTIFY_SOCKET", "WATCHDOG_PID",
    "WATCHDOG_USEC", "JOURNAL_STREAM", NULL};

/* Set unless the user has set them: bounded retries (the CLI's own default is
 * ten, three minutes), an error instead of a silent second answer when the
 * stream breaks, no update of the program in the middle of a request, no
 * second API request that asks for a title nobody will see (measured, CLI
 * 2.1.197: one for each new process), and the system prompt of this request
 * instead of that which a resumed session began with (measured, CLI 2.1.330;
 * 2.1.197 does not keep one). */
static const char *const preset[] = {"CLAUDE_CODE_MAX_RETRIES=2",
    "CLAUDE_CODE_HOST_PROMPT_SUPERSEDES_RECORD=1",
    "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK=1", "DISABLE_AUTOUPDATER=1",
    "CLAUDE_CODE_DISABLE_TERMINAL_TITLE=1", NULL};

/* A model sees what the client says and nothing else: no file that its text
 * names with "@", no summary in place of a long conversation. */
static const char *const model_env[] = {"CLAUDE_CODE_DISABLE_ATTACHMENTS=1",
    "DISABLE_COMPACT=1", "DISABLE_AUTO_COMPACT=1", NULL};

static const char allowed_tools[] = "--allowedTools=" TOOL_PREFIX "*";

/* Behind --permission-mode.  Those with values take "=": some of them would
 * swallow what follows. */
static const char *const model_argv[] = {"default",
    "--tools=", "--strict-mcp-config",
    "--setting-sources=", "--no-session-persistence",
    "--disable-slash-commands", allowed_tools, NULL};

static bool
matches(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return strncmp(name, pattern, len - 1) == 0;
	return strcmp(name, pattern) == 0;
}

static bool
matches_any(const char *name, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++) {
		if (matches(name, *patterns))
			return true;
	}
	return false;
}

/* Is name a word of a list separated by commas or spaces? */
static bool
in_words(const char *name, const char *list)
{
	size_t len = strlen(name), word;

	while (*list != '\0') {
		list += strspn(list, ", ");
		word = strcspn(list, ", ");
		if (word == len && word > 0 && strncmp(list, name, len) == 0)
			return true;
		list += word;
	}
	return false;
}

/* ccp's own keys never reach the child, not even when asked for. */
static bool
own_key(const char *name)
{
	const struct setting *row = settings_find(name);

	return row != NULL && strcmp(row->name, name) == 0;
}

bool
claude_env_allowed(const char *name, const char *more)
{
	if (own_key(name) || matches_any(name, refused))
		return false;
	return matches_any(name, allowed) || in_words(name, more);
}

/* A growing NULL-terminated vector of malloc'ed strings. */
struct words {
	char **v;
	size_t n, room;
};

/* Takes word over, whatever happens; NULL is out of memory. */
static bool
words_take(struct words *w, char *word)
{
	char **v;

	if (word == NULL)
		return false;
	if (w->n + 2 > w->room) {
		v = realloc(w->v, (w->room + WORDS_STEP) * sizeof(*v));
		if (v == NULL) {
			free(word);
			return false;
		}
		w->v = v;
		w->room += WORDS_STEP;
	}
	w->v[w->n++] = word;
	w->v[w->n] = NULL;
	return true;
}

static bool
words_add(struct words *w, const char *word)
{
	return words_take(w, strdup(word));
}

static void
words_free(char **v)
{
	size_t i;

	for (i = 0; v != NULL && v[i] != NULL; i++)
		free(v[i]);
	free(v);
}

static bool
add_allowed(struct words *w, const char *variable, const char *more)
{
	const char *equals = strchr(variable, '=');
	char name[128];

	if (equals == NULL || (size_t)(equals - variable) >= sizeof(name))
		return true;
	memcpy(name, variable, (size_t)(equals - variable));
	name[equals - variable] = '\0';
	return !claude_env_allowed(name, more) || words_add(w, variable);
}

/* Is the variable of "NAME=value" set in v already? */
static bool
is_set(char *const *v, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;

	for (; v != NULL && *v != NULL; v++) {
		if (strncmp(*v, variable, len) == 0)
			return true;
	}
	return false;
}

static bool
add_all(struct words *w, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (!words_add(w, *list))
			return false;
	}
	return true;
}

/* MAX_THINKING_TOKENS tells models with a budget, but not those that decide for
 * themselves (CLI 2.1.330).  Without thinking the CLI leaves out members of its
 * body that are refused then.  claude_body.h says the same to the API. */
static const char *const thoughtless[] = {
    "MAX_THINKING_TOKENS=0", "CLAUDE_CODE_DISABLE_THINKING=1", NULL};

static bool
add_tokens(struct words *w, const struct chat_request *r)
{
	char text[64];

	if (claude_body_thoughtless(r) && !add_all(w, thoughtless))
		return false;
	if (r->max_tokens == 0)
		return true;
	(void)snprintf(text, sizeof(text), "CLAUDE_CODE_MAX_OUTPUT_TOKENS=%ld",
	    r->max_tokens);
	return words_add(w, text);
}

#define EXTRA_BODY "CLAUDE_CODE_EXTRA_BODY="

static bool
add_body(struct words *w, const struct chat_request *r, char *const *env)
{
	CLEANUP_BUF struct buf body = BUF_INIT(LIMIT_EXTRA_BODY_BYTES);
	const char *users = NULL;

	for (; users == NULL && *env != NULL; env++) {
		if (strncmp(*env, EXTRA_BODY, strlen(EXTRA_BODY)) == 0)
			users = *env + strlen(EXTRA_BODY);
	}
	buf_addstr(&body, EXTRA_BODY);
	if (!claude_body_make(&body, r, users) || !buf_ok(&body))
		return false;
	return body.len == strlen(EXTRA_BODY) || words_add(w, buf_str(&body));
}

static char **
make_env(const struct settings *s, const struct chat_request *r, bool model,
    char *const *env)
{
	struct words w = {NULL, 0, 0};
	const char *const *p;
	bool ok = add_tokens(&w, r) && add_body(&w, r, env) &&
	          (!model || add_all(&w, model_env));

	/* What is set here comes first and is not set again. */
	for (; ok && *env != NULL; env++) {
		if (!is_set(w.v, *env))
			ok = add_allowed(&w, *env, s->claude_env);
	}
	for (p = preset; ok && *p != NULL; p++) {
		if (!is_set(w.v, *p))
			ok = words_add(&w, *p);
	}
	if (ok)
		return w.v;
	words_free(w.v);
	return NULL;
}

/* As a model Claude has nothing to permit: the client's tools are allowed. */
static bool
add_mode(struct words *w, const struct settings *s, bool model)
{
	return words_add(w, "--permission-mode") &&
	       (model ? add_all(w, model_argv)
		      : words_add(w, s->claude_permission_mode));
}

static bool
add_effort(struct words *w, const struct chat_request *r)
{
	return r->effort == NULL ||
	       (words_add(w, "--effort") && words_add(w, r->effort));
}

static char **
make_argv(const struct settings *s, const struct chat_request *r, bool as_model)
{
	static const char *const fixed[] = {"claude", "-p", "--input-format",
	    "stream-json", "--output-format", "stream-json", "--verbose",
	    "--include-partial-messages", NULL};
	const char *model = r->model == NULL ? s->default_model : r->model;
	struct words w = {NULL, 0, 0};
	CLEANUP_FREE char *chosen = model_chosen(s->models, model);
	char turns[32];
	bool ok;

	(void)snprintf(turns, sizeof(turns), "%ld", s->claude_max_turns);
	ok = chosen != NULL && add_all(&w, fixed) && words_add(&w, "--model") &&
	     words_add(&w, chosen) && words_add(&w, "--max-turns") &&
	     words_add(&w, turns) && add_effort(&w, r) &&
	     add_mode(&w, s, as_model);
	if (ok)
		return w.v;
	words_free(w.v);
	return NULL;
}

static bool
add_session(struct claude_launch *l, const struct claude_origin *from)
{
	struct words w = {NULL, 0, 0};
	char **p;
	bool ok = true;

	if (from->session == NULL)
		return true;
	for (p = l->argv; *p != NULL; p++)
		ok = ok && words_add(&w, *p);
	ok = ok && words_add(&w, "--resume") && words_add(&w, from->session) &&
	     words_add(&w, "--resume-session-at") && words_add(&w, from->at) &&
	     (!from->fork || words_add(&w, "--fork-session"));
	words_free(l->argv);
	l->argv = w.v;
	return ok;
}

static void
hash_words(struct sha256_ctx *sha, char *const *v)
{
	for (; *v != NULL; v++)
		sha256_update(sha, strlen(*v) + 1, (const uint8_t *)*v);
	sha256_update(sha, 1, (const uint8_t *)"");
}

static void
make_fingerprint(struct claude_launch *l)
{
	const char *cwd = l->cwd == NULL ? "" : l->cwd;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	size_t i;

	sha256_init(&sha);
	sha256_update(&sha, strlen(l->path) + 1, (const uint8_t *)l->path);
	sha256_update(&sha, strlen(cwd) + 1, (const uint8_t *)cwd);
	sha256_update(&sha, sizeof(l->umask), (const uint8_t *)&l->umask);
	hash_words(&sha, l->argv);
	hash_words(&sha, l->envp);
	sha256_digest(&sha, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(l->fingerprint + 2 * i, 3, "%02x", digest[i]);
}

int
claude_launch_make(struct claude_launch *ret, const char *path,
    const struct claude_origin *from, const struct settings *s,
    const struct chat_request *r, char *const *env)
{
	struct claude_launch l = {
	    .path = strdup(path),
	    .argv = make_argv(s, r, from->model),
	    .envp = make_env(s, r, from->model, env),
	    .umask = (mode_t)strtol(s->claude_umask, NULL, 8),
	};
	bool ok = l.path != NULL && l.argv != NULL && l.envp != NULL;

	if (from->cwd != NULL) {
		l.cwd = strdup(from->cwd);
		ok = ok && l.cwd != NULL;
	}
	if (!ok) {
		claude_launch_clear(&l);
		return -1;
	}
	make_fingerprint(&l);
	if (!add_session(&l, from)) {
		claude_launch_clear(&l);
		return -1;
	}
	*ret = l;
	return 0;
}

void
claude_launch_clear(struct claude_launch *l)
{
	free(l->path);
	words_free(l->argv);
	words_free(l->envp);
	free(l->cwd);
	memset(l, 0, sizeof(*l));
}
