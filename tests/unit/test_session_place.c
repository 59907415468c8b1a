/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session_place.h"

#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "session_original.h"
#include "session_record.h"
#include "store_bed.h"
#include "suites.h"

#include "banned.h"

#define ID     "0d3ae5d0-9b0e-4c0a-8f3b-1c2d3e4f5a6b"
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef"
#define TTL_MS 3600000

static char home[PATH_MAX + 16], run[PATH_MAX + 32];
static char *env[3];
static char err[PATH_MAX + 256];

static void
set_up(void)
{
	const char *dir = aid_make_dir();

	(void)snprintf(home, sizeof(home), "HOME=%s", dir);
	(void)snprintf(run, sizeof(run), "XDG_RUNTIME_DIR=%s", dir);
	env[0] = home;
	env[1] = run;
}

static const char *
in_dir(const char *name)
{
	static char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", aid_dir(), name);
	return path;
}

static bool
find(struct session_place *p, const char *file)
{
	struct settings s = {.session_file = file, .session_ttl_ms = TTL_MS};

	err[0] = '\0';
	return session_place_find(p, &s, env, err, sizeof(err));
}

static void
found(struct session_place *p, const char *file)
{
	ck_assert_msg(find(p, file), "%s: %s", file, err);
}

static bool
there(const char *name)
{
	struct stat st;

	return lstat(in_dir(name), &st) == 0;
}

static enum store_result
try(const struct session_place *p, bool create)
{
	struct session_store *st;
	enum store_result r = session_place_begin(&st, p, NOW, create);

	if (r == STORE_OK)
		store_end(st);
	return r;
}

START_TEST(empty_is_the_runtime_directory)
{
	struct session_place p;
	struct stat st;

	found(&p, "");
	ck_assert_str_eq(p.path, in_dir("ccp/sessions.db"));
	ck_assert_int_eq(try(&p, true), STORE_OK);
	ck_assert_int_eq(stat(in_dir("ccp"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(p.path, &st), 0);
	/* Where others may write nothing is remembered. */
	ck_assert_int_eq(chmod(in_dir("ccp"), 0770), 0);
	ck_assert_int_eq(try(&p, true), STORE_UNUSABLE);
	ck_assert_int_eq(errno, EPERM);
	session_place_clear(&p);
}
END_TEST

START_TEST(a_path_and_its_directory)
{
	struct session_place p;
	struct stat st;

	found(&p, "~/state/sessions");
	ck_assert_str_eq(p.path, in_dir("state/sessions"));
	ck_assert_ptr_null(p.original);
	ck_assert_int_eq(try(&p, false), STORE_ABSENT);
	ck_assert(!there("state"));
	(void)umask(0);
	ck_assert_int_eq(try(&p, true), STORE_OK);
	ck_assert_int_eq(stat(in_dir("state"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	session_place_clear(&p);
	found(&p, in_dir("none/none/x"));
	ck_assert_int_eq(try(&p, true), STORE_UNUSABLE);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!there("none"));
	session_place_clear(&p);
}
END_TEST

static const struct {
	const char *file, *want;
} wrong[] = {
    {"sessions", "absolute path"},
    {"./sessions", "absolute path"},
    {"~", "absolute path"},
    {"~user/x", "absolute path"},
};

START_TEST(wrong_paths)
{
	struct session_place p;

	ck_assert(!find(&p, wrong[_i].file));
	ck_assert_ptr_nonnull(strstr(err, wrong[_i].want));
	session_place_clear(&p);
}
END_TEST

START_TEST(without_a_home)
{
	struct session_place p;

	env[0] = run;
	env[1] = NULL;
	ck_assert(!find(&p, "~/x"));
	ck_assert_ptr_nonnull(strstr(err, "HOME is not set"));
	session_place_clear(&p);
}
END_TEST

/* --- the file of the Node.js version --- */

#define ENTRY(digit, id, created)                                              \
	"\"" DIGEST digit "\":{\"sessionId\":\"" id                            \
	"\",\"createdAt\":" created "}"

/* The first is alive, the second was exactly until now, the third comes from
 * the future. */
static const char original[] = " {" ENTRY("a", ID, "1789999000000") "," ENTRY(
    "b", ID, "1789996400000") "," ENTRY("c", ID, "99990000000000") "}\n";

static size_t
legacy_key(char key[SESSION_KEY_BYTES], int last)
{
	unsigned char digest[SESSION_DIGEST_BYTES];
	size_t i;

	for (i = 0; i < sizeof(digest); i++)
		digest[i] = (unsigned char)(i % 16 * 0x11);
	digest[sizeof(digest) - 1] = (unsigned char)(0xF0 | last);
	return session_legacy_key(key, digest);
}

/* Is the entry there at that time? */
static bool
legacy(struct session_store *st, int last, int64_t now)
{
	char key[SESSION_KEY_BYTES];
	size_t keylen = legacy_key(key, last);
	struct buf b = BUF_INIT(64);
	enum store_result r = store_get(st, key, keylen, now, &b);

	if (r == STORE_OK)
		ck_assert_str_eq(buf_str(&b), ID);
	else
		ck_assert_int_eq(r, STORE_ABSENT);
	buf_free(&b);
	return r == STORE_OK;
}

START_TEST(entries_are_taken_over_once)
{
	struct session_store *st;
	struct session_place p;
	char key[SESSION_KEY_BYTES], *after;
	size_t keylen, len;

	(void)aid_make_file("s.json", original, 0600);
	found(&p, "~/s.json");
	ck_assert_str_eq(p.path, in_dir("s.json.db"));
	ck_assert_int_eq(try(&p, false), STORE_ABSENT);
	ck_assert(!there("s.json.db"));
	ck_assert_int_eq(session_place_begin(&st, &p, NOW, true), STORE_OK);
	ck_assert(legacy(st, 0xA, NOW));
	ck_assert(legacy(st, 0xA, 1789999000 + TTL_MS / 1000 - 1));
	ck_assert(!legacy(st, 0xA, 1789999000 + TTL_MS / 1000));
	ck_assert(!legacy(st, 0xB, NOW));
	ck_assert(legacy(st, 0xC, NOW + TTL_MS / 1000 - 1));
	ck_assert(!legacy(st, 0xC, NOW + TTL_MS / 1000));
	keylen = legacy_key(key, 0xA);
	ck_assert_int_eq(store_delete(st, key, keylen), STORE_OK);
	store_end(st);
	/* What was removed does not come back. */
	ck_assert_int_eq(session_place_begin(&st, &p, NOW, true), STORE_OK);
	ck_assert(!legacy(st, 0xA, NOW));
	ck_assert(legacy(st, 0xC, NOW));
	store_end(st);
	len = bed_read_whole(in_dir("s.json"), &after);
	ck_assert_uint_eq(len, sizeof(original) - 1);
	ck_assert_mem_eq(after, original, len);
	free(after);
	session_place_clear(&p);
}
END_TEST

START_TEST(an_empty_original)
{
	struct session_place p;

	(void)aid_make_file("s.json", "{}", 0600);
	found(&p, "~/s.json");
	ck_assert_int_eq(try(&p, true), STORE_OK);
	ck_assert(there("s.json.db"));
	session_place_clear(&p);
}
END_TEST

static const char *const foreign[] = {
    "",
    "x",
    "[]",
    "{",
    "{\"a\":1}",
    "{} {}",
    "{" ENTRY("a", ID, "-1") "}",
    "{" ENTRY("a", ID, "\"1\"") "}",
    "{" ENTRY("a", ID, "1e300") "}",
    "{" ENTRY("aa", ID, "1") "}",
    "{" ENTRY("", ID, "1") "}",
    "{" ENTRY("g", ID, "1") "}",
    "{" ENTRY("a", "x" ID, "1") "}",
    "{" ENTRY("a", ID, "1") ",\"x\":{}}",
    "{\"" DIGEST "a\":{\"createdAt\":1}}",
    "{\"" DIGEST "a\":[]}",
    "{\"" DIGEST "a\":{\"sessionId\":\"" ID "\\u0000\",\"createdAt\":1}}",
};

START_TEST(a_foreign_file)
{
	struct settings s = {.session_ttl_ms = TTL_MS};
	struct session_place p;
	char *after;
	size_t len;

	(void)aid_make_file("s.json", foreign[_i], 0600);
	found(&p, "~/s.json");
	ck_assert_int_eq(try(&p, true), STORE_FOREIGN);
	ck_assert_int_eq(try(&p, false), STORE_FOREIGN);
	len = bed_read_whole(in_dir("s.json"), &after);
	ck_assert_uint_eq(len, strlen(foreign[_i]));
	ck_assert_mem_eq(after, foreign[_i], len);
	free(after);
	ck_assert(!there("s.json.db"));
	ck_assert(!there("s.json.lock"));
	ck_assert(!there("s.json.db.lock"));
	s.session_file = in_dir("s.json");
	ck_assert(!session_place_check(&s, env, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "s.json is not a file of ccp's"));
	session_place_clear(&p);
}
END_TEST

START_TEST(an_array_is_no_original)
{
	static const char *const texts[] = {"[]", "[{}]", "[\"" DIGEST "a\"]"};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)aid_make_file("s.json", texts[i], 0600);
		ck_assert(!session_original_read(in_dir("s.json"), NULL, NULL));
	}
	ck_assert(!session_original_read(in_dir("none"), NULL, NULL));
}
END_TEST

START_TEST(check_makes_nothing)
{
	struct settings s = {.session_file = "~/new/s"};

	ck_assert(session_place_check(&s, env, err, sizeof(err)));
	ck_assert(!there("new"));
	s.session_file = "relative";
	ck_assert(!session_place_check(&s, env, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "absolute path"));
}
END_TEST

Suite *
suite_session_place(void)
{
	Suite *s = suite_create("session_place");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, aid_remove_dir);
	tcase_add_test(tc, empty_is_the_runtime_directory);
	tcase_add_test(tc, a_path_and_its_directory);
	tcase_add_loop_test(
	    tc, wrong_paths, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, without_a_home);
	tcase_add_test(tc, entries_are_taken_over_once);
	tcase_add_test(tc, an_empty_original);
	tcase_add_loop_test(
	    tc, a_foreign_file, 0, sizeof(foreign) / sizeof(foreign[0]));
	tcase_add_test(tc, an_array_is_no_original);
	tcase_add_test(tc, check_makes_nothing);
	suite_add_tcase(s, tc);
	return s;
}
