/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aid.h"
#include "clock.h"
#include "limits.h"
#include "suites.h"
#include "talk.h"

#include "banned.h"

#define S1 "aaaaaaaa-0000-4000-8000-000000000001"
#define S2 "bbbbbbbb-0000-4000-8000-000000000002"
#define U1 "00000000-0000-4000-8000-0000000000a1"
#define U2 "00000000-0000-4000-8000-0000000000a2"
#define U3 "00000000-0000-4000-8000-0000000000a3"

static char store[PATH_MAX];
static struct settings settings;
static struct session_place place;
static struct session_frame frame;

static void
set_up(void)
{
	static char *const none[] = {NULL};
	char why[256];

	(void)snprintf(store, sizeof(store), "%s/sessions.db", aid_make_dir());
	settings =
	    (struct settings){.session_file = store, .session_ttl_ms = 3600000};
	ck_assert(
	    session_place_find(&place, &settings, none, why, sizeof(why)));
	frame = (struct session_frame){.cwd = "/home/user", .key_name = ""};
}

static void
tear_down(void)
{
	session_place_clear(&place);
	aid_remove_dir();
}

static void
open_for(struct session *s, const struct chat_request *r)
{
	session_open(s, place.path == NULL ? NULL : &place, &frame, r);
}

/* A request comes, and its plan is made. */
static struct session
come(struct chat_request *r)
{
	struct session s;

	open_for(&s, r);
	chat_request_free(r);
	ck_assert(session_find(&s));
	return s;
}

/* Its turn begins in the session, and is left without an answer. */
static void
begin(struct session *s)
{
	enum session_plan plan = s->plan;

	session_start(s);
	ck_assert_int_eq(s->plan, plan);
}

static void
expect(const struct session *s, enum session_plan plan, const char *id,
    const char *at, size_t first)
{
	ck_assert_str_eq(s->trouble, "");
	ck_assert_int_eq(s->plan, plan);
	ck_assert_uint_eq(s->first, first);
	if (id == NULL)
		return;
	ck_assert_str_eq(s->id, id);
	ck_assert_str_eq(s->at, at);
}

/* Claude answers it, and ends. */
static void
answer(struct session *s, const char *id, const char *uuid, const char *text)
{
	begin(s);
	session_answered(s, id, uuid, text);
	session_ended(s);
}

/* hello, good day: in S1 at U1. */
static void
first_turn(void)
{
	struct session s = come(TALK("hello"));

	expect(&s, SESSION_NEW, NULL, NULL, 0);
	ck_assert_str_eq(session_outcome(&s), "new");
	answer(&s, S1, U1, "good day");
}

START_TEST(a_follow_up_goes_on)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_RESUME, S1, U1, 2);
	ck_assert_str_eq(session_outcome(&s), "resumed");
	answer(&s, S1, U2, "yes");
	s = come(TALK("hello", "good day ", "on", "yes\n", "more"));
	expect(&s, SESSION_RESUME, S1, U2, 4);
	session_close(&s);
}
END_TEST

START_TEST(an_earlier_answer_is_a_fork)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	answer(&s, S1, U2, "yes");
	s = come(TALK("hello", "good day", "back"));
	expect(&s, SESSION_FORK, S1, U1, 2);
	ck_assert_str_eq(session_outcome(&s), "forked");
	answer(&s, S2, U3, "no");
	s = come(TALK("hello", "good day", "back", "no", "on"));
	expect(&s, SESSION_RESUME, S2, U3, 4);
	session_close(&s);
	s = come(TALK("hello", "good day", "on", "yes", "more"));
	expect(&s, SESSION_RESUME, S1, U2, 4);
	session_close(&s);
}
END_TEST

START_TEST(of_two_at_once_one_forks)
{
	struct session a, b, c;

	first_turn();
	a = come(TALK("hello", "good day", "on"));
	b = come(TALK("hello", "good day", "on"));
	expect(&a, SESSION_RESUME, S1, U1, 2);
	expect(&b, SESSION_FORK, S1, U1, 2);
	/* The first comes to nothing: its session is free again. */
	session_close(&a);
	c = come(TALK("hello", "good day", "on"));
	expect(&c, SESSION_RESUME, S1, U1, 2);
	session_close(&b);
	session_close(&c);
}
END_TEST

/* Whoever was killed may have left half a line behind. */
START_TEST(a_turn_that_was_cut_off_leads_to_a_copy)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	begin(&s);
	session_close(&s);
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_FORK, S1, U1, 2);
	answer(&s, S2, U2, "yes");
	s = come(TALK("hello", "good day", "on", "yes", "more"));
	expect(&s, SESSION_RESUME, S2, U2, 4);
	session_close(&s);
}
END_TEST

START_TEST(a_turn_that_came_to_nothing_does_no_harm)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	begin(&s);
	session_ended(&s);
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_RESUME, S1, U1, 2);
	session_close(&s);
}
END_TEST

/* Then nobody would know that a turn had begun. */
START_TEST(a_session_that_cannot_be_marked_is_copied)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	ck_assert_int_eq(unlink(store), 0);
	session_start(&s);
	expect(&s, SESSION_FORK, S1, U1, 2);
	session_close(&s);
}
END_TEST

START_TEST(what_is_not_known_is_told)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good night", "on"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	ck_assert_str_eq(session_outcome(&s), "replayed");
	session_close(&s);
	frame.cwd = "/home/other";
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&s);
	frame.cwd = "/home/user";
	frame.key_name = "laptop";
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&s);
}
END_TEST

/* The user has written twice. */
START_TEST(two_messages_behind_the_answer)
{
	struct session s;

	first_turn();
	s = come(talk_json("[{\"role\":\"user\",\"content\":\"hello\"},"
			   "{\"role\":\"assistant\",\"content\":\"good day\"},"
			   "{\"role\":\"user\",\"content\":\"on\"},"
			   "{\"role\":\"user\",\"content\":\"and on\"}]"));
	expect(&s, SESSION_RESUME, S1, U1, 2);
	session_close(&s);
}
END_TEST

/* A follow-up with this system text ("": none). */
static void
come_with(struct session *s, const char *system)
{
	struct buf json = BUF_INIT(1024);
	struct chat_request *r;

	buf_addf(&json,
	    "[{\"role\":\"system\",\"content\":\"%s\"},"
	    "{\"role\":\"user\",\"content\":\"hello\"},"
	    "{\"role\":\"assistant\",\"content\":\"good day\"},"
	    "{\"role\":\"user\",\"content\":\"on\"}]",
	    system);
	r = talk_json(buf_str(&json));
	buf_free(&json);
	*s = come(r);
}

/* Newer CLIs keep the one that a session was told. */
START_TEST(system_texts)
{
	static const struct {
		bool append;
		const char *first, *second;
		enum session_plan plan;
	} cases[] = {
	    {false, "", "", SESSION_RESUME},
	    {false, "", "be brief", SESSION_RESUME},
	    {false, "be brief", "be long", SESSION_RESUME},
	    {false, "be brief", "", SESSION_REPLAY},
	    {true, "", "", SESSION_RESUME},
	    {true, "", "be brief", SESSION_REPLAY},
	    {true, "be brief", "be brief", SESSION_RESUME},
	    {true, "be brief", "be long", SESSION_REPLAY},
	    {true, "be brief", "", SESSION_REPLAY},
	};
	struct chat_request *r;
	struct buf json = BUF_INIT(1024);
	struct session s;

	frame.append = cases[_i].append;
	buf_addf(&json,
	    "[{\"role\":\"system\",\"content\":\"%s\"},"
	    "{\"role\":\"user\",\"content\":\"hello\"}]",
	    cases[_i].first);
	r = talk_json(buf_str(&json));
	buf_free(&json);
	s = come(r);
	answer(&s, S1, U1, "good day");
	come_with(&s, cases[_i].second);
	expect(&s, cases[_i].plan, NULL, NULL,
	    cases[_i].plan == SESSION_RESUME ? 2 : 0);
	session_close(&s);
}
END_TEST

static enum session_plan
plan_with(const char *system)
{
	struct session s;

	come_with(&s, system);
	session_close(&s);
	return s.plan;
}

/* Whether it is the first turn's or a later one's, and whatever became of
 * that. */
START_TEST(the_system_text_of_a_later_turn)
{
	struct session s;

	first_turn();
	come_with(&s, "be brief");
	expect(&s, SESSION_RESUME, S1, U1, 2);
	begin(&s);
	if (_i == 1)
		session_answered(&s, S1, U2, "yes");
	session_ended(&s);
	ck_assert_int_eq(plan_with(""), SESSION_REPLAY);
	ck_assert_int_eq(
	    plan_with("be long"), _i == 1 ? SESSION_FORK : SESSION_RESUME);
	frame.append = true;
	ck_assert_int_eq(plan_with("be brief"), SESSION_REPLAY);
}
END_TEST

START_TEST(a_lost_session_is_told)
{
	struct session s, other;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	session_lost(&s);
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	other = come(TALK("hello", "good day", "on"));
	expect(&other, SESSION_RESUME, S1, U1, 2); /* its claim is gone */
	session_close(&other);
	answer(&s, S2, U2, "yes");
	s = come(TALK("hello", "good day", "on", "yes", "more"));
	expect(&s, SESSION_RESUME, S2, U2, 4);
	session_close(&s);
}
END_TEST

START_TEST(an_answer_that_is_being_saved_is_waited_for)
{
	struct session a = come(TALK("hello")), b;
	struct chat_request *r = TALK("hello", "good day", "on");

	session_answered(&a, S1, U1, "good day");
	open_for(&b, r);
	ck_assert(!session_find(&b));
	ck_assert(session_deadline(&b) != CLOCK_NEVER);
	ck_assert(!session_find(&b));
	session_ended(&a);
	ck_assert(session_find(&b));
	expect(&b, SESSION_RESUME, S1, U1, 2);
	ck_assert(session_deadline(&b) == CLOCK_NEVER);
	session_close(&b);
	chat_request_free(r);
}
END_TEST

START_TEST(an_answer_that_was_never_saved_is_none)
{
	struct session a = come(TALK("hello")), b;

	session_answered(&a, S1, U1, "good day");
	session_close(&a);
	b = come(TALK("hello", "good day", "on"));
	expect(&b, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&b);
}
END_TEST

/* Its handler was killed behind the answer: the session is known, and what it
 * ends with is not. */
START_TEST(nor_is_one_of_a_session_that_is_known)
{
	struct session s;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	begin(&s);
	session_answered(&s, S1, U2, "yes");
	session_close(&s);
	s = come(TALK("hello", "good day", "on", "yes", "more"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&s);
}
END_TEST

START_TEST(waiting_has_an_end)
{
	struct session a = come(TALK("hello")), b;
	struct chat_request *r = TALK("hello", "good day", "on");

	session_answered(&a, S1, U1, "good day");
	open_for(&b, r);
	ck_assert(!session_find(&b));
	b.wait_until = clock_ms();
	ck_assert(session_find(&b));
	expect(&b, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&a);
	session_close(&b);
	chat_request_free(r);
}
END_TEST

START_TEST(no_id_but_a_uuid_is_remembered)
{
	struct session s = come(TALK("hello"));

	answer(&s, "--resume", U1, "good day");
	s = come(TALK("hello"));
	answer(&s, S1, "", "good day");
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&s);
}
END_TEST

START_TEST(without_a_store_nothing_is_remembered)
{
	struct session s;

	session_place_clear(&place);
	first_turn();
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&s);
}
END_TEST

/* Whatever is wrong with the store, the conversation goes on. */
START_TEST(a_store_that_cannot_be_used)
{
	struct session s;

	ck_assert_ptr_nonnull(aid_make_file("sessions.db", "not ours", 0600));
	s = come(TALK("hello"));
	answer(&s, S1, U1, "good day");
	ck_assert_ptr_nonnull(strstr(s.trouble, "no conversation is"));
	ck_assert_ptr_nonnull(strstr(s.trouble, store));
	session_close(&s);
}
END_TEST

START_TEST(the_time_to_live_is_kept)
{
	struct session s;

	place.ttl_ms = 0;
	first_turn();
	s = come(TALK("hello", "good day", "on"));
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	session_close(&s);
}
END_TEST

/* Warm processes */

static void
saved(const struct session_answer *a, bool going_on)
{
	session_saved(a, &place, "/home/user", "", going_on);
}

/* hello, good day: in S1 at U1, by a process that is kept.  The claim. */
static int
first_turn_kept(struct session_answer *ret)
{
	struct session s = come(TALK("hello"));
	int kept = -1;

	session_start(&s);
	session_answered(&s, S1, U1, "good day");
	ck_assert(session_hand_over(&s, &kept, ret));
	ck_assert_int_ge(kept, 0);
	ck_assert_int_eq(s.claim, -1);
	session_ended(&s); /* too late to change anything */
	return kept;
}

static enum session_plan
plan_of(struct chat_request *r)
{
	struct session s = come(r);

	session_close(&s);
	return s.plan;
}

START_TEST(an_answer_of_a_kept_process)
{
	struct session_answer a;
	int kept = first_turn_kept(&a);
	struct chat_request *r = TALK("hello", "good day", "on");
	struct session s;

	ck_assert_str_eq(a.id, S1);
	ck_assert_str_eq(a.at, U1);
	ck_assert_str_eq(a.title, "hello");
	ck_assert_uint_eq(a.turns, 1);
	open_for(&s, r);
	ck_assert(!session_find(&s)); /* it is being saved */
	saved(&a, false);
	ck_assert(session_find(&s));
	/* Its process has the session: others copy it. */
	expect(&s, SESSION_FORK, S1, U1, 2);
	session_close(&s);
	ck_assert_int_eq(close(kept), 0);
	ck_assert_int_eq(
	    plan_of(TALK("hello", "good day", "on")), SESSION_RESUME);
	chat_request_free(r);
}
END_TEST

START_TEST(one_that_dies_before_it_has_saved)
{
	struct session_answer a;
	int kept = first_turn_kept(&a);

	ck_assert_int_eq(close(kept), 0);
	ck_assert_int_eq(
	    plan_of(TALK("hello", "good day", "on")), SESSION_REPLAY);
}
END_TEST

/* The turn of a process that holds S1 at U1. */
static struct session
live_turn(void)
{
	struct session s;
	struct chat_request *r = TALK("hello", "good day", "on");

	open_for(&s, r);
	chat_request_free(r);
	session_live(&s, S1, U1);
	expect(&s, SESSION_LIVE, S1, U1, 2);
	ck_assert_str_eq(session_outcome(&s), "warm");
	session_start(&s);
	expect(&s, SESSION_LIVE, S1, U1, 2);
	return s;
}

START_TEST(a_turn_in_a_live_process)
{
	struct session_answer a;
	int kept = first_turn_kept(&a), none;
	struct session s;

	saved(&a, false);
	s = live_turn();
	ck_assert(s.marked);
	session_answered(&s, S1, U2, "yes");
	ck_assert_int_eq(s.claim, -1); /* its keeper has it */
	ck_assert(session_hand_over(&s, &none, &a));
	ck_assert_int_eq(none, -1);
	ck_assert_uint_eq(a.turns, 2);
	saved(&a, false);
	ck_assert_int_eq(close(kept), 0);
	s = come(TALK("hello", "good day", "on", "yes", "more"));
	expect(&s, SESSION_RESUME, S1, U2, 4);
	session_close(&s);
}
END_TEST

/* It is killed in the middle of it: half a line may be left. */
START_TEST(a_live_turn_that_was_cut_off)
{
	struct session_answer a;
	int kept = first_turn_kept(&a);
	struct session s;

	saved(&a, false);
	s = live_turn();
	session_close(&s);
	ck_assert_int_eq(close(kept), 0);
	ck_assert_int_eq(
	    plan_of(TALK("hello", "good day", "on")), SESSION_FORK);
}
END_TEST

/* A turn may have begun before the answer before it is saved, the first one
 * even before there is anything to mark. */
START_TEST(the_mark_of_the_turn_behind_stays)
{
	struct session_answer a;
	int kept = first_turn_kept(&a);
	struct session s;

	if (_i == 1)
		saved(&a, false);
	s = live_turn();
	ck_assert(s.marked);
	saved(&a, true);
	session_close(&s);
	ck_assert_int_eq(close(kept), 0);
	ck_assert_int_eq(
	    plan_of(TALK("hello", "good day", "on")), SESSION_FORK);
}
END_TEST

START_TEST(and_goes_with_its_own_answer)
{
	struct session_answer a, b;
	int kept = first_turn_kept(&a), none;
	struct session s = live_turn();

	saved(&a, true);
	session_answered(&s, S1, U2, "yes");
	ck_assert(session_hand_over(&s, &none, &b));
	saved(&b, false);
	ck_assert_int_eq(close(kept), 0);
	ck_assert_int_eq(
	    plan_of(TALK("hello", "good day", "on", "yes", "more")),
	    SESSION_RESUME);
}
END_TEST

/* What did not begin in it goes the way of all others; what did left a mark,
 * as nobody knows what became of it. */
START_TEST(a_live_process_of_no_use)
{
	struct session_answer a;
	int kept = first_turn_kept(&a);
	struct chat_request *r = TALK("hello", "good day", "on");
	struct session s;

	saved(&a, false);
	ck_assert_int_eq(close(kept), 0);
	open_for(&s, r);
	session_live(&s, S1, U1);
	if (_i == 1)
		session_start(&s);
	session_not_live(&s);
	expect(&s, SESSION_REPLAY, NULL, NULL, 0);
	ck_assert(!s.lent);
	ck_assert(session_find(&s));
	expect(&s, _i == 1 ? SESSION_FORK : SESSION_RESUME, S1, U1, 2);
	session_close(&s);
	chat_request_free(r);
}
END_TEST

/* A turn of a resumed session comes to nothing, and its process is kept: what
 * was marked is left so. */
START_TEST(nothing_to_save_is_handed_over)
{
	struct session_answer a;
	struct session s;
	int kept = -1;

	first_turn();
	s = come(TALK("hello", "good day", "on"));
	begin(&s);
	ck_assert(!session_hand_over(&s, &kept, &a));
	ck_assert_int_ge(kept, 0);
	ck_assert_int_eq(
	    plan_of(TALK("hello", "good day", "on")), SESSION_FORK);
	ck_assert_int_eq(close(kept), 0);
}
END_TEST

/* As a model it is in no session; without a store nothing is handed over. */
START_TEST(a_live_process_without_a_session)
{
	struct session_answer a;
	int kept = 7;
	struct session s;
	struct chat_request *r = TALK("hello", "good day", "on");

	session_place_clear(&place);
	open_for(&s, r);
	chat_request_free(r);
	session_live(&s, "", "");
	expect(&s, SESSION_LIVE, "", "", 2);
	session_start(&s);
	expect(&s, SESSION_LIVE, "", "", 2);
	session_answered(&s, S1, U2, "yes");
	ck_assert(!session_hand_over(&s, &kept, &a));
	ck_assert_int_eq(kept, -1);
}
END_TEST

#define CALLS                                                                  \
	"[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":"    \
	"\"see\",\"arguments\":\"{ \\\"x\\\" : 1}\"}},"                        \
	"{\"id\":\"call_2\",\"type\":\"function\",\"function\":{\"name\":"     \
	"\"hear\",\"arguments\":\"{}\"}}]"

/* What the client will send back of it is what it is known by. */
START_TEST(an_answer_of_calls)
{
	static char text[] = "I look.", see[] = "see", hear[] = "hear",
		    x[] = "{\"x\":1}", none[] = "{}";
	const struct chat_part parts[] = {{.kind = CHAT_TEXT, .text = text},
	    {.kind = CHAT_TOOL_USE, .name = see, .text = x},
	    {.kind = CHAT_TOOL_USE, .name = hear, .text = none}};
	struct session s = come(TALK("hello")), next;
	struct chat_request *r;

	session_called(&s, parts + (_i == 1), 3 - (_i == 1) - (_i == 2));
	r = talk_json(
	    _i == 1 ? "[{\"role\":\"user\",\"content\":\"hello\"},"
		      "{\"role\":\"assistant\",\"tool_calls\":" CALLS
		      "},{\"role\":\"tool\",\"tool_call_id\":\"call_1\","
		      "\"content\":\"1\"},{\"role\":\"tool\",\"tool_call_id\":"
		      "\"call_2\",\"content\":\"2\"}]"
		    : "[{\"role\":\"user\",\"content\":\"hello\"},"
		      "{\"role\":\"assistant\",\"content\":\"I look.\","
		      "\"tool_calls\":" CALLS
		      "},{\"role\":\"tool\",\"tool_call_id\":\"call_1\","
		      "\"content\":\"1\"},{\"role\":\"tool\",\"tool_call_id\":"
		      "\"call_2\",\"content\":\"2\"}]");
	open_for(&next, r);
	chat_request_free(r);
	ck_assert_int_eq(
	    memcmp(next.context, s.answer, sizeof(s.answer)) == 0, _i != 2);
	session_close(&next);
	session_close(&s);
}
END_TEST

static TCase *
warm(void)
{
	TCase *tc = tcase_create("warm");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, an_answer_of_a_kept_process);
	tcase_add_test(tc, one_that_dies_before_it_has_saved);
	tcase_add_test(tc, a_turn_in_a_live_process);
	tcase_add_test(tc, a_live_turn_that_was_cut_off);
	tcase_add_loop_test(tc, the_mark_of_the_turn_behind_stays, 0, 2);
	tcase_add_test(tc, and_goes_with_its_own_answer);
	tcase_add_loop_test(tc, a_live_process_of_no_use, 0, 2);
	tcase_add_test(tc, nothing_to_save_is_handed_over);
	tcase_add_test(tc, a_live_process_without_a_session);
	tcase_add_loop_test(tc, an_answer_of_calls, 0, 3);
	return tc;
}

START_TEST(nothing_stays_open)
{
	int before;
	struct session s;

	first_turn();
	before = aid_open_fds();
	s = come(TALK("hello", "good day", "on"));
	answer(&s, S1, U2, "yes");
	s = come(TALK("hello", "good day", "back"));
	answer(&s, S2, U3, "no");
	ck_assert_int_eq(aid_open_fds(), before);
}
END_TEST

Suite *
suite_session(void)
{
	Suite *s = suite_create("session");
	TCase *tc = tcase_create("core");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_follow_up_goes_on);
	tcase_add_test(tc, an_earlier_answer_is_a_fork);
	tcase_add_test(tc, of_two_at_once_one_forks);
	tcase_add_test(tc, a_turn_that_was_cut_off_leads_to_a_copy);
	tcase_add_test(tc, a_turn_that_came_to_nothing_does_no_harm);
	tcase_add_test(tc, a_session_that_cannot_be_marked_is_copied);
	tcase_add_test(tc, what_is_not_known_is_told);
	tcase_add_test(tc, two_messages_behind_the_answer);
	tcase_add_loop_test(tc, system_texts, 0, 9);
	tcase_add_loop_test(tc, the_system_text_of_a_later_turn, 0, 2);
	tcase_add_test(tc, a_lost_session_is_told);
	tcase_add_test(tc, an_answer_that_is_being_saved_is_waited_for);
	tcase_add_test(tc, an_answer_that_was_never_saved_is_none);
	tcase_add_test(tc, nor_is_one_of_a_session_that_is_known);
	tcase_add_test(tc, waiting_has_an_end);
	tcase_add_test(tc, no_id_but_a_uuid_is_remembered);
	tcase_add_test(tc, without_a_store_nothing_is_remembered);
	tcase_add_test(tc, a_store_that_cannot_be_used);
	tcase_add_test(tc, the_time_to_live_is_kept);
	tcase_add_test(tc, nothing_stays_open);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, warm());
	return s;
}
