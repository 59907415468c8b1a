/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli_doctor.h"

#include <stdio.h>
#include <string.h>

#include "claude_version.h"
#include "cli_client.h"
#include "suites.h"

static struct doctor_report report;
static struct settings settings;
static char own_key[] = "a key of one's own";

static void
set_up(void)
{
	memset(&report, 0, sizeof report);
	report.check = "the check";
	settings = (struct settings){.api_key = own_key,
	    .api_keys = "",
	    .port = 8888,
	    .host = "127.0.0.1",
	    .cors_origin = "*",
	    .claude_permission_mode = "default"};
}

/* The only finding; forgets it. */
static void
expect(enum doctor_level level, const char *text, const char *fix)
{
	const struct doctor_finding *f = &report.all[0];

	ck_assert_uint_eq(report.n, 1);
	ck_assert_int_eq(f->level, level);
	ck_assert_str_eq(f->check, "the check");
	ck_assert_msg(strstr(f->text, text) != NULL, "%s: %s", text, f->text);
	if (fix[0] == '\0')
		ck_assert_str_eq(f->fix, "");
	ck_assert_msg(strstr(f->fix, fix) != NULL, "%s: %s", fix, f->fix);
	report.n = 0;
}

START_TEST(more_findings_than_fit_are_lost)
{
	int i;

	for (i = 0; i < DOCTOR_FINDINGS + 5; i++) {
		doctor_say(&report, DOCTOR_OK, "%d", i);
		doctor_fix(&report, "fix %d", i);
	}
	ck_assert_uint_eq(report.n, DOCTOR_FINDINGS);
	ck_assert_str_eq(report.all[0].fix, "fix 0");
	ck_assert_str_eq(report.all[DOCTOR_FINDINGS - 1].text, "63");
}
END_TEST

START_TEST(claudes)
{
	static char path[] = "/bin/claude";
	struct claude_facts f = {.why = "it is not there"};

	judge_claude(&report, &f, false);
	expect(DOCTOR_FAIL, "it is not there", "CLAUDE_PATH");
	f.path = path;
	judge_claude(&report, &f, false);
	expect(DOCTOR_FAIL, "it is not there", "install Claude Code");
	judge_claude(&report, &f, true);
	expect(DOCTOR_WARN, "stand-in", "reset CLAUDE_PATH");
	(void)memcpy(f.version, "1.2.3", sizeof "1.2.3");
	(void)memcpy(f.account, "me", sizeof "me");
	f.login = CLAUDE_LOGIN_YES;
	judge_claude(&report, &f, false);
	ck_assert_uint_eq(report.n, 2);
	ck_assert_str_eq(report.all[0].text, "/bin/claude, version 1.2.3");
	ck_assert_str_eq(report.all[1].text, "logged in: me");
	report.n = 0;
	f.too_old = true;
	judge_claude(&report, &f, false);
	report.n = 1;
	expect(
	    DOCTOR_FAIL, "older than " CLAUDE_VERSION_LEAST, "claude update");
}
END_TEST

START_TEST(keys)
{
	judge_key(&report, &settings, true);
	expect(DOCTOR_OK, "one of your own", "");
	settings.api_key = "0123456789abcde";
	judge_key(&report, &settings, false);
	expect(DOCTOR_WARN, "only 15 characters", "API_KEY");
	settings.api_keys = "00 other \n";
	judge_key(&report, &settings, false);
	expect(DOCTOR_WARN, "only 15 characters", "API_KEY");
	settings.api_key = SETTINGS_DEFAULT_KEY;
	judge_key(&report, &settings, false);
	expect(DOCTOR_OK, "one of your own", "");
	settings.api_keys = "00 good \n01 !poor ~\n02 !other \n";
	judge_key(&report, &settings, false);
	expect(DOCTOR_WARN, "called poor has fewer than 16", "API_KEYS");
	settings.api_keys = "";
	settings.api_key = SETTINGS_DEFAULT_KEY;
	judge_key(&report, &settings, false);
	expect(DOCTOR_WARN, "default one", "API_KEY");
	judge_key(&report, &settings, true);
	expect(DOCTOR_FAIL, "other machines can reach", "API_KEY");
	settings.api_keys = "00 other \n";
	judge_key(&report, &settings, true);
	expect(DOCTOR_OK, "one of your own", "");
}
END_TEST

START_TEST(origins)
{
	judge_browsers(&report, &settings, false);
	expect(DOCTOR_OK, "any origin", "");
	judge_browsers(&report, &settings, true);
	expect(DOCTOR_WARN, "any origin", "CORS_ORIGIN");
	settings.cors_origin = "";
	judge_browsers(&report, &settings, true);
	expect(DOCTOR_OK, "no page of another origin", "");
	settings.cors_origin = "*";
	settings.api_key = SETTINGS_DEFAULT_KEY;
	judge_browsers(&report, &settings, true);
	expect(DOCTOR_OK, "only pages of this machine", "");
}
END_TEST

START_TEST(modes_of_the_configuration)
{
	judge_config_mode(&report, "/c", 0100600, true, false);
	ck_assert_uint_eq(report.n, 0);
	judge_config_mode(&report, "/c", 0100644, true, false);
	ck_assert_uint_eq(report.n, 0);
	judge_config_mode(&report, "/c", 0100640, true, true);
	expect(DOCTOR_WARN, "read by others", "chmod 600 /c");
	judge_config_mode(&report, "/c", 0100602, true, false);
	expect(DOCTOR_FAIL, "written by others", "chmod 600 /c");
	judge_config_mode(&report, "/c", 0100600, false, false);
	expect(DOCTOR_FAIL, "not your own", "chown");
}
END_TEST

START_TEST(what_is_reachable)
{
	ck_assert(!client_hosts_reachable("127.0.0.1"));
	ck_assert(!client_hosts_reachable("localhost, [::1] unix:/a.b"));
	ck_assert(client_hosts_reachable("127.0.0.1,0.0.0.0"));
	ck_assert(client_hosts_reachable("::"));
	ck_assert(client_hosts_reachable("my.host"));
}
END_TEST

static const struct {
	const char *where, *url;
	bool fits;
} fits[] = {
    {"http://127.0.0.1:8888/v1", "http://127.0.0.1:8888/v1", true},
    {"http://127.0.0.1:8888/v1", "http://127.0.0.1:888/v1", false},
    {"http://127.0.0.1:8888/v1", "http://127.0.0.2:8888/v1", false},
    {"http://[::]:8888/v1", "http://0.0.0.0:8888/v1", true},
    {"http://[::]:8888/v1", "http://0.0.0.0:8889/v1", false},
    {"http://[::]:8888/v1", "http://127.0.0.1:8888/v1", false},
    {"http://0.0.0.0:8888/v1", "http://[::]:8888/v1", false},
    {"unix:/run/ccp.sock", "unix:/run/ccp.sock", true},
    {"unix:/run/ccp.sock", "unix:/run/other", false},
};

START_TEST(where_a_service_listens)
{
	static struct service_state state;

	state.n = 2;
	(void)snprintf(state.where[0], sizeof(state.where[0]), "unix:/x");
	(void)snprintf(
	    state.where[1], sizeof(state.where[1]), "%s", fits[_i].where);
	ck_assert_msg(doctor_listens(&state, fits[_i].url) == fits[_i].fits,
	    "%s for %s", fits[_i].where, fits[_i].url);
}
END_TEST

START_TEST(services)
{
	static struct service_state state;
	struct service_facts f = {.manager = "systemd",
	    .state = &state,
	    .missing = "",
	    .program = "/x",
	    .executable = true,
	    .claude = ""};

	state.listening = state.enabled = true;
	judge_service(&report, &f);
	expect(DOCTOR_OK, "systemd listens on nothing", "");
	f.missing = "http://127.0.0.1:8888/v1";
	f.system = true;
	judge_service(&report, &f);
	expect(DOCTOR_FAIL,
	    "of the system: systemd listens on nothing, but HOST and PORT say "
	    "http://127.0.0.1:8888/v1",
	    "sudo ccp service install --system");
}
END_TEST

START_TEST(an_old_service)
{
	judge_old(&report, "/u", "  one a\n  two b\n", false);
	expect(DOCTOR_WARN, "likely its Node.js version: /u",
	    "without one: one a; two b");
	judge_old(&report, "/u", "", true);
	expect(DOCTOR_WARN,
	    "of the system: ", "sudo ccp service install --replace --system");
}
END_TEST

static void
expect_host(const char **at, const char *want)
{
	char entry[CLIENT_HOST_BYTES];

	ck_assert(client_next_host(at, entry));
	ck_assert_str_eq(entry, want);
}

START_TEST(the_entries_of_host)
{
	const char *at = " 127.0.0.1,[::1] ,, unix:/x ::";
	char name[300], entry[CLIENT_HOST_BYTES];

	expect_host(&at, "127.0.0.1");
	expect_host(&at, "::1");
	expect_host(&at, "unix:/x");
	expect_host(&at, "::");
	ck_assert(!client_next_host(&at, entry));
	client_name("::", 80, name, sizeof name);
	ck_assert_str_eq(name, "http://[::1]:80");
	client_name("0.0.0.0", 80, name, sizeof name);
	ck_assert_str_eq(name, "http://127.0.0.1:80");
	client_name("unix:/x", 80, name, sizeof name);
	ck_assert_str_eq(name, "unix:/x");
}
END_TEST

Suite *
suite_doctor_judge(void)
{
	Suite *s = suite_create("doctor_judge");
	TCase *t = tcase_create("doctor_judge");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, more_findings_than_fit_are_lost);
	tcase_add_test(t, claudes);
	tcase_add_test(t, keys);
	tcase_add_test(t, origins);
	tcase_add_test(t, modes_of_the_configuration);
	tcase_add_test(t, what_is_reachable);
	tcase_add_loop_test(t, where_a_service_listens, 0,
	    (int)(sizeof(fits) / sizeof(fits[0])));
	tcase_add_test(t, services);
	tcase_add_test(t, an_old_service);
	tcase_add_test(t, the_entries_of_host);
	suite_add_tcase(s, t);
	return s;
}
