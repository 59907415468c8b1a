/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ENV(...)     ((char *const[]){__VA_ARGS__, NULL})
#define VAR(text)    ((char[]){text})

static struct settings settings;
static struct chat_request request;
static struct claude_launch launch;
static struct claude_origin from;

static void
set_up(void)
{
	char err[256];

	ck_assert_int_eq(
	    settings_load(&settings, NULL, ENV(NULL), err, sizeof err), 0);
	memset(&request, 0, sizeof request);
	memset(&launch, 0, sizeof launch);
	memset(&from, 0, sizeof from);
}

static void
tear_down(void)
{
	claude_launch_clear(&launch);
	settings_free(&settings);
}

static void
make(char *const *env)
{
	claude_launch_clear(&launch);
	ck_assert_int_eq(claude_launch_make(&launch, "/opt/bin/claude", &from,
			     &settings, &request, env),
	    0);
}

/* The value of the only variable of that name, or NULL. */
static const char *
value(const char *name)
{
	const char *found = NULL;
	size_t len = strlen(name);
	char **v;

	for (v = launch.envp; *v != NULL; v++) {
		if (strncmp(*v, name, len) == 0 && (*v)[len] == '=') {
			ck_assert_msg(found == NULL, "%s twice", name);
			found = *v + len + 1;
		}
	}
	return found;
}

/* What follows a flag in argv. */
static const char *
flag(const char *name)
{
	char **v;

	for (v = launch.argv; *v != NULL; v++) {
		if (strcmp(*v, name) == 0)
			return v[1];
	}
	return NULL;
}

START_TEST(argv_is_this)
{
	static const char *const wanted[] = {"claude", "-p", "--input-format",
	    "stream-json", "--output-format", "stream-json", "--verbose",
	    "--include-partial-messages", "--model",
	    "claude-sonnet-4-5-20250929", "--max-turns", "25",
	    "--permission-mode", "default"};
	size_t i;

	make(ENV(NULL));
	ck_assert_str_eq(launch.path, "/opt/bin/claude");
	for (i = 0; i < COUNT(wanted); i++)
		ck_assert_str_eq(launch.argv[i], wanted[i]);
	ck_assert_ptr_null(launch.argv[i]);
	ck_assert_ptr_null(launch.cwd);
}
END_TEST

/* What takes several values is given with "=", or it would swallow the next. */
START_TEST(argv_of_a_model)
{
	static const char *const wanted[] = {"--max-turns", "25",
	    "--permission-mode", "default", "--tools=", "--strict-mcp-config",
	    "--setting-sources=", "--no-session-persistence",
	    "--disable-slash-commands", "--allowedTools=mcp__client__*"};
	size_t i;

	from.model = true;
	settings.claude_permission_mode = "bypassPermissions";
	make(ENV(NULL));
	for (i = 0; i < COUNT(wanted); i++)
		ck_assert_str_eq(launch.argv[10 + i], wanted[i]);
	ck_assert_ptr_null(launch.argv[10 + i]);
}
END_TEST

START_TEST(the_environment_of_a_model)
{
	static const char *const names[] = {"CLAUDE_CODE_DISABLE_ATTACHMENTS",
	    "DISABLE_COMPACT", "DISABLE_AUTO_COMPACT"};
	size_t i;

	settings.claude_env = "DISABLE_COMPACT DISABLE_AUTO_COMPACT";
	make(ENV(NULL));
	for (i = 0; i < COUNT(names); i++)
		ck_assert_ptr_null(value(names[i]));
	from.model = true;
	make(ENV(VAR("CLAUDE_CODE_DISABLE_ATTACHMENTS=0"),
	    VAR("DISABLE_COMPACT=0"), VAR("DISABLE_AUTO_COMPACT=")));
	for (i = 0; i < COUNT(names); i++)
		ck_assert_str_eq(value(names[i]), "1");
}
END_TEST

START_TEST(effort_reaches_argv)
{
	make(ENV(NULL));
	ck_assert_ptr_null(flag("--effort"));
	request.effort = "low";
	make(ENV(NULL));
	ck_assert_str_eq(flag("--effort"), "low");
}
END_TEST

START_TEST(parameters_reach_the_body)
{
	make(ENV(VAR("CLAUDE_CODE_EXTRA_BODY={\"top_k\":5}")));
	ck_assert_str_eq(value("CLAUDE_CODE_EXTRA_BODY"), "{\"top_k\":5}");
	ck_assert_ptr_null(value("CLAUDE_CODE_DISABLE_THINKING"));
	request.temperature = VAR("0.2");
	make(ENV(VAR("CLAUDE_CODE_EXTRA_BODY={\"top_k\":5}")));
	ck_assert_str_eq(value("CLAUDE_CODE_EXTRA_BODY"),
	    "{\"temperature\":0.2,\"thinking\":{\"type\":\"disabled\"},"
	    "\"top_k\":5}");
	ck_assert_str_eq(value("MAX_THINKING_TOKENS"), "0");
	ck_assert_str_eq(value("CLAUDE_CODE_DISABLE_THINKING"), "1");
	ck_assert_ptr_null(value("CLAUDE_CODE_MAX_OUTPUT_TOKENS"));
	request.temperature = NULL;
	make(ENV(NULL));
	ck_assert_ptr_null(value("CLAUDE_CODE_EXTRA_BODY"));
}
END_TEST

static void
resume(const char *session, const char *at, bool fork)
{
	from.session = session;
	from.at = at;
	from.fork = fork;
	make(ENV(NULL));
}

/* Only the session is said there, at the end; and it is no reason to take
 * another process. */
START_TEST(a_session_reaches_argv)
{
	char print[65];
	size_t n;

	make(ENV(NULL));
	ck_assert_ptr_null(flag("--resume"));
	memcpy(print, launch.fingerprint, sizeof(print));
	resume("S", "U", false);
	ck_assert_str_eq(flag("--resume"), "S");
	ck_assert_str_eq(flag("--resume-session-at"), "U");
	for (n = 0; launch.argv[n] != NULL; n++)
		ck_assert_str_ne(launch.argv[n], "--fork-session");
	ck_assert_str_eq(launch.argv[n - 1], "U");
	ck_assert_str_eq(launch.fingerprint, print);
	resume("S", "U", true);
	ck_assert_str_eq(launch.argv[n], "--fork-session");
	ck_assert_ptr_null(launch.argv[n + 1]);
	ck_assert_str_eq(launch.fingerprint, print);
}
END_TEST

START_TEST(settings_and_model_reach_argv)
{
	settings.claude_max_turns = 3;
	settings.claude_permission_mode = "acceptEdits";
	from.cwd = "/srv/project";
	request.model = VAR("haiku");
	make(ENV(NULL));
	ck_assert_str_eq(flag("--model"), "claude-haiku-4-5-20251001");
	ck_assert_str_eq(flag("--max-turns"), "3");
	ck_assert_str_eq(flag("--permission-mode"), "acceptEdits");
	ck_assert_str_eq(launch.cwd, "/srv/project");
	request.model = VAR("my-model[1m]");
	make(ENV(NULL));
	ck_assert_str_eq(flag("--model"), "my-model[1m]");
	request.model = NULL;
	settings.default_model = "opus";
	make(ENV(NULL));
	ck_assert_str_eq(flag("--model"), "claude-opus-4-6");
}
END_TEST

/* Texts travel on stdin. */
START_TEST(no_text_of_a_request_is_in_argv_or_environment)
{
	struct chat_part part = {.kind = CHAT_TEXT, .text = VAR("SECRETWORD")};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = &part, .nparts = 1};
	char **v;

	request.system = VAR("SECRETWORD");
	request.messages = &m;
	request.nmessages = 1;
	make(ENV(VAR("HOME=/home/ann")));
	for (v = launch.argv; *v != NULL; v++)
		ck_assert_ptr_null(strstr(*v, "SECRETWORD"));
	for (v = launch.envp; *v != NULL; v++)
		ck_assert_ptr_null(strstr(*v, "SECRETWORD"));
	memset(&request, 0, sizeof request); /* it points in here */
}
END_TEST

/* The whole list; '*' stands for anything. */
static const char *const allowed[] = {"HOME", "PATH", "USER", "SHELL", "LANG",
    "LC_*", "TZ", "TMPDIR", "XDG_*", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "NODE_EXTRA_CA_CERTS", "SSL_*", "SSH_AUTH_SOCK", "AWS_*", "GOOGLE_*",
    "AZURE_*", "ANTHROPIC_*", "CLAUDE_CODE_*"};

/* Harmless ones besides: who the user is, where the login is kept, in which
 * language and on which terminal. */
static const char *const besides[] = {
    "LOGNAME", "CLAUDE_CONFIG_DIR", "LANGUAGE", "TERM"};

static const char *const strangers[] = {"", "HOM", "HOMES", "home", "Path",
    "PATHS", "LC", "lc_all", "XDG", "SSL", "SSLX", "AWS", "aws_key", "GOOGLEX",
    "ANTHROPIC", "CLAUDE", "CLAUDE_", "CLAUDE_CODE", "CLAUDECODE",
    "CLAUDE_CODEX", "LD_PRELOAD", "LD_LIBRARY_PATH", "NODE_OPTIONS",
    "NODE_PATH", "BUN_OPTIONS", "BASH_ENV", "ENV", "IFS", "SUDO_USER", "PWD",
    "OLDPWD", "SHLVL", "_", "MAIL", "EDITOR", "DISPLAY", "LISTEN_FDS",
    "LISTEN_PID", "NOTIFY_SOCKET", "JOURNAL_STREAM", "INVOCATION_ID",
    "REMOTE_ADDR", "SSH_AGENT_PID", "SSH_CONNECTION", "OPENAI_API_KEY",
    "GITHUB_TOKEN", "NPM_TOKEN", "DISABLE_TELEMETRY", "MAX_THINKING_TOKENS",
    "MCP_TIMEOUT", "CCP_BUILD", "FTP_PROXY"};

/* The description of a process that Claude runs in: what the CLI has set for
 * its Bash tool in some version, and systemd for us. */
static const char *const never[] = {"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_CHILD_NOTES_DIR", "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_SESSION_ATTENDED", "CLAUDE_CODE_SESSION_ID", "CLAUDE_PID",
    "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID",
    "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "JOURNAL_STREAM"};

START_TEST(the_allowed_list)
{
	char name[64];
	size_t i, len;

	for (i = 0; i < COUNT(allowed); i++) {
		(void)snprintf(name, sizeof name, "%s", allowed[i]);
		len = strlen(name);
		if (name[len - 1] == '*')
			(void)snprintf(
			    name + len - 1, sizeof name - len, "SOMETHING");
		ck_assert_msg(claude_env_allowed(name, ""), "%s", name);
	}
	for (i = 0; i < COUNT(besides); i++)
		ck_assert_msg(
		    claude_env_allowed(besides[i], ""), "%s", besides[i]);
}
END_TEST

START_TEST(all_else_stays_behind)
{
	const struct setting *row;
	size_t i;

	for (i = 0; i < COUNT(strangers); i++)
		ck_assert_msg(
		    !claude_env_allowed(strangers[i], ""), "%s", strangers[i]);
	for (i = 0; i < COUNT(never); i++)
		ck_assert_msg(
		    !claude_env_allowed(never[i], ""), "%s", never[i]);
	for (row = settings_table; row->name != NULL; row++)
		ck_assert_msg(
		    !claude_env_allowed(row->name, ""), "%s", row->name);
}
END_TEST

START_TEST(claude_env_adds_names)
{
	ck_assert(claude_env_allowed("MY_VAR", "MY_VAR"));
	ck_assert(claude_env_allowed("MY_VAR", "A,MY_VAR"));
	ck_assert(claude_env_allowed("MY_VAR", " A, MY_VAR ,B"));
	ck_assert(claude_env_allowed("MY_VAR", "A MY_VAR B"));
	ck_assert(!claude_env_allowed("MY_VAR", "MY_VARS"));
	ck_assert(!claude_env_allowed("MY_VAR", "MY_VA"));
	ck_assert(!claude_env_allowed("MY_VAR", "my_var"));
	ck_assert(!claude_env_allowed("MY_VAR", "MY_*"));
	ck_assert(!claude_env_allowed("", ", ,"));
	ck_assert(claude_env_allowed("NODE_OPTIONS", "NODE_OPTIONS"));
	ck_assert(claude_env_allowed("LD_PRELOAD", "LD_PRELOAD"));
	ck_assert(claude_env_allowed("LISTEN_ADDR", "LISTEN_ADDR"));
}
END_TEST

START_TEST(some_pass_not_even_by_claude_env)
{
	const struct setting *row;
	char lower[64];
	size_t i;

	for (i = 0; i < COUNT(never); i++)
		ck_assert_msg(
		    !claude_env_allowed(never[i], never[i]), "%s", never[i]);
	for (row = settings_table; row->name != NULL; row++) {
		ck_assert_msg(
		    !claude_env_allowed(row->name, row->name), "%s", row->name);
		/* A variable of another case is none of ccp's keys. */
		for (i = 0; row->name[i] != '\0'; i++)
			lower[i] = row->name[i] == '_'
			               ? '_'
			               : (char)(row->name[i] + ('a' - 'A'));
		lower[i] = '\0';
		ck_assert_msg(claude_env_allowed(lower, lower), "%s", lower);
	}
}
END_TEST

START_TEST(the_umask_is_that_of_the_settings)
{
	const struct setting *row = settings_find("CLAUDE_UMASK");
	const char *const *c;
	char octal[8];

	make(ENV(NULL));
	ck_assert_uint_eq(launch.umask, 077);
	for (c = row->choices; *c != NULL; c++) {
		settings.claude_umask = *c;
		make(ENV(NULL));
		(void)snprintf(
		    octal, sizeof octal, "%03o", (unsigned)launch.umask);
		ck_assert_str_eq(octal, *c);
	}
}
END_TEST

START_TEST(the_environment_is_filtered)
{
	static char long_name[400];

	memset(long_name, 'A', sizeof long_name - 1);
	memcpy(long_name, "XDG_", 4);
	long_name[300] = '=';
	settings.claude_env = "EXTRA, API_KEY, CLAUDECODE";
	make(ENV(VAR("HOME=/home/ann"), VAR("API_KEY=secret"), VAR("EXTRA=a=b"),
	    VAR("CLAUDECODE=1"), VAR("OTHER=x"), VAR("LC_ALL=C.UTF-8"),
	    VAR("NOVALUE"), VAR("TZ="), VAR("=odd"), VAR(""),
	    VAR("HOME=/second"), long_name, VAR("ANTHROPIC_API_KEY=theirs")));
	ck_assert_str_eq(value("HOME"), "/home/ann");
	ck_assert_str_eq(value("EXTRA"), "a=b");
	ck_assert_str_eq(value("LC_ALL"), "C.UTF-8");
	ck_assert_str_eq(value("TZ"), "");
	ck_assert_str_eq(value("ANTHROPIC_API_KEY"), "theirs");
	ck_assert_ptr_null(value("API_KEY"));
	ck_assert_ptr_null(value("CLAUDECODE"));
	ck_assert_ptr_null(value("OTHER"));
	ck_assert_ptr_null(value("NOVALUE"));
	ck_assert_ptr_null(value(""));
}
END_TEST

START_TEST(presets_yield_to_the_user)
{
	make(ENV(NULL));
	ck_assert_ptr_nonnull(value("CLAUDE_CODE_MAX_RETRIES"));
	ck_assert_str_eq(
	    value("CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK"), "1");
	ck_assert_str_eq(value("DISABLE_AUTOUPDATER"), "1");
	make(ENV(VAR("CLAUDE_CODE_MAX_RETRIES=7"),
	    VAR("CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK=0")));
	ck_assert_str_eq(value("CLAUDE_CODE_MAX_RETRIES"), "7");
	ck_assert_str_eq(
	    value("CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK"), "0");
}
END_TEST

START_TEST(max_tokens_is_the_clients)
{
	char text[32];

	make(ENV(NULL));
	ck_assert_ptr_null(value("CLAUDE_CODE_MAX_OUTPUT_TOKENS"));
	ck_assert_ptr_null(value("MAX_THINKING_TOKENS"));
	make(ENV(VAR("CLAUDE_CODE_MAX_OUTPUT_TOKENS=9")));
	ck_assert_str_eq(value("CLAUDE_CODE_MAX_OUTPUT_TOKENS"), "9");
	request.max_tokens = 77;
	make(ENV(VAR("CLAUDE_CODE_MAX_OUTPUT_TOKENS=9")));
	ck_assert_str_eq(value("CLAUDE_CODE_MAX_OUTPUT_TOKENS"), "77");
	ck_assert_str_eq(value("MAX_THINKING_TOKENS"), "0");
	request.max_tokens = LIMIT_THINKING_TOKENS;
	make(ENV(NULL));
	ck_assert_str_eq(value("MAX_THINKING_TOKENS"), "0");
	request.max_tokens = LIMIT_THINKING_TOKENS + 1;
	make(ENV(NULL));
	(void)snprintf(
	    text, sizeof text, "%ld", (long)LIMIT_THINKING_TOKENS + 1);
	ck_assert_str_eq(value("CLAUDE_CODE_MAX_OUTPUT_TOKENS"), text);
	ck_assert_ptr_null(value("MAX_THINKING_TOKENS"));
}
END_TEST

START_TEST(small_max_tokens_beat_the_users_thinking)
{
	settings.claude_env = "MAX_THINKING_TOKENS";
	make(ENV(VAR("MAX_THINKING_TOKENS=5000")));
	ck_assert_str_eq(value("MAX_THINKING_TOKENS"), "5000");
	request.max_tokens = 100;
	make(ENV(VAR("MAX_THINKING_TOKENS=5000")));
	ck_assert_str_eq(value("MAX_THINKING_TOKENS"), "0");
}
END_TEST

/* A fingerprint of what is set now, with HOME=/h and more. */
static const char *
print(const char *path, char *more)
{
	static char prints[16][65];
	static size_t n;
	char *to = prints[n++ % COUNT(prints)];
	struct claude_launch l;

	ck_assert_int_eq(claude_launch_make(&l, path, &from, &settings,
			     &request, ENV(VAR("HOME=/h"), more)),
	    0);
	memcpy(to, l.fingerprint, sizeof prints[0]);
	claude_launch_clear(&l);
	ck_assert_uint_eq(strlen(to), 64);
	ck_assert_uint_eq(strspn(to, "0123456789abcdef"), 64);
	return to;
}

START_TEST(every_launch_parameter_is_in_the_fingerprint)
{
	const char *seen[14];
	size_t n = 0, i, k;

	seen[n++] = print("/bin/claude", NULL);
	seen[n++] = print("/bin/claud", NULL);
	seen[n++] = print("/bin/claude", VAR("TZ=UTC"));
	seen[n++] = print("/bin/claude", VAR("TZ="));
	from.cwd = "/tmp";
	seen[n++] = print("/bin/claude", NULL);
	from.cwd = NULL;
	settings.claude_max_turns = 26;
	seen[n++] = print("/bin/claude", NULL);
	settings.claude_max_turns = 25;
	settings.claude_permission_mode = "plan";
	seen[n++] = print("/bin/claude", NULL);
	settings.claude_permission_mode = "default";
	request.model = VAR("opus");
	seen[n++] = print("/bin/claude", NULL);
	request.model = NULL;
	request.max_tokens = 100;
	seen[n++] = print("/bin/claude", NULL);
	request.max_tokens = 0;
	request.temperature = VAR("0.1");
	seen[n++] = print("/bin/claude", NULL);
	request.temperature = VAR("0.2");
	seen[n++] = print("/bin/claude", NULL);
	request.temperature = NULL;
	request.effort = "low";
	seen[n++] = print("/bin/claude", NULL);
	request.effort = NULL;
	settings.claude_umask = "022";
	seen[n++] = print("/bin/claude", NULL);
	settings.claude_umask = "077";
	from.model = true;
	seen[n++] = print("/bin/claude", NULL);
	from.model = false;
	ck_assert_uint_eq(n, COUNT(seen));
	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			ck_assert_msg(
			    strcmp(seen[i], seen[k]) != 0, "%zu and %zu", i, k);
	}
}
END_TEST

START_TEST(nothing_else_is_in_the_fingerprint)
{
	const char *before = print("/bin/claude", NULL);
	struct chat_part part = {.kind = CHAT_TEXT, .text = VAR("text")};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = &part, .nparts = 1};

	request.system = VAR("another system prompt");
	request.messages = &m;
	request.nmessages = 1;
	request.stream = true;
	request.include_usage = true;
	settings.api_key = "another";
	settings.port = 1;
	settings.claude_timeout_ms = 1;
	settings.log_level = "debug";
	settings.claude_path = "elsewhere";
	ck_assert_str_eq(print("/bin/claude", NULL), before);
	ck_assert_str_eq(print("/bin/claude", VAR("OTHER=1")), before);
	/* The same model by its alias and by its name. */
	request.model = VAR("sonnet");
	ck_assert_str_eq(print("/bin/claude", NULL), before);
	memset(&request, 0, sizeof request); /* it points in here */
}
END_TEST

/* The end of one word and the start of the next are kept apart. */
START_TEST(words_do_not_run_into_each_other)
{
	const char *first;
	char two[65];

	from.cwd = "/ab";
	first = print("/x", NULL);
	from.cwd = "b";
	ck_assert_str_ne(print("/x/a", NULL), first);
	from.cwd = NULL;
	make(ENV(VAR("LC_A=1"), VAR("LC_B=2")));
	(void)snprintf(two, sizeof two, "%s", launch.fingerprint);
	make(ENV(VAR("LC_A=1LC_B=2")));
	ck_assert_str_ne(launch.fingerprint, two);
}
END_TEST

Suite *
suite_claude_args(void)
{
	Suite *s = suite_create("claude_args");
	TCase *t = tcase_create("claude_args");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, argv_is_this);
	tcase_add_test(t, argv_of_a_model);
	tcase_add_test(t, the_environment_of_a_model);
	tcase_add_test(t, effort_reaches_argv);
	tcase_add_test(t, parameters_reach_the_body);
	tcase_add_test(t, a_session_reaches_argv);
	tcase_add_test(t, settings_and_model_reach_argv);
	tcase_add_test(t, no_text_of_a_request_is_in_argv_or_environment);
	tcase_add_test(t, the_allowed_list);
	tcase_add_test(t, all_else_stays_behind);
	tcase_add_test(t, claude_env_adds_names);
	tcase_add_test(t, some_pass_not_even_by_claude_env);
	tcase_add_test(t, the_umask_is_that_of_the_settings);
	tcase_add_test(t, the_environment_is_filtered);
	tcase_add_test(t, presets_yield_to_the_user);
	tcase_add_test(t, max_tokens_is_the_clients);
	tcase_add_test(t, small_max_tokens_beat_the_users_thinking);
	tcase_add_test(t, every_launch_parameter_is_in_the_fingerprint);
	tcase_add_test(t, nothing_else_is_in_the_fingerprint);
	tcase_add_test(t, words_do_not_run_into_each_other);
	suite_add_tcase(s, t);
	return s;
}
