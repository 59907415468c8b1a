/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "claude_lines.h"

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "tool_names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Everything that could end a line, a string or the program early. */
static const char nasty[] =
    "quote \" backslash \\ lf \n cr \r tab \t "
    "del \x7f esc \x1b "
    "\xE2\x80\xA8 \xE2\x80\xA9 \xC2\x85 \xF0\x9F\x98\x80"
    "\\u0022 </script> @/etc/hostname /compact";

static struct buf out;

static void
set_up(void)
{
	buf_init(&out, 1u << 20);
}

static void
tear_down(void)
{
	buf_free(&out);
}

static char *
text_of(const char *text)
{
	char *copy = strdup(text);

	ck_assert_ptr_nonnull(copy);
	return copy;
}

/* A message of the parts, ended by NULL. */
static struct chat_message
message(enum chat_role role, const char *const *texts)
{
	struct chat_message m = {.role = role};
	size_t i;

	for (i = 0; texts[i] != NULL; i++)
		continue;
	m.parts = calloc(i, sizeof(*m.parts));
	ck_assert_ptr_nonnull(m.parts);
	m.nparts = i;
	for (i = 0; i < m.nparts; i++)
		m.parts[i].text = text_of(texts[i]);
	return m;
}

static void
forget(struct chat_message *m)
{
	size_t i;

	for (i = 0; i < m->nparts; i++)
		free(m->parts[i].text);
	free(m->parts);
}

/* What was appended is one line with its end, and JSON. */
static cJSON *
line(void)
{
	cJSON *json;

	ck_assert(buf_ok(&out));
	ck_assert_uint_gt(out.len, 0);
	ck_assert_ptr_eq(
	    strchr(buf_str(&out), '\n'), buf_str(&out) + out.len - 1);
	ck_assert_ptr_null(strchr(buf_str(&out), '\r'));
	json = cJSON_ParseWithOpts(buf_str(&out), NULL, 1);
	ck_assert_msg(json != NULL, "no JSON: %s", buf_str(&out));
	return json;
}

static const char *
string_at(const cJSON *json, const char *name)
{
	const char *text =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	ck_assert_msg(text != NULL, "no %s", name);
	return text;
}

static const cJSON *
member(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	ck_assert_msg(item != NULL, "no %s", name);
	return item;
}

static void
assert_uuid(const char *uuid)
{
	size_t i;

	ck_assert_uint_eq(strlen(uuid), 36);
	for (i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			ck_assert_int_eq(uuid[i], '-');
		else
			ck_assert_ptr_nonnull(
			    memchr("0123456789abcdef", uuid[i], 16));
	}
}

static void
assert_blocks(const cJSON *content, const char *const *texts)
{
	const cJSON *block;
	size_t i = 0;

	ck_assert(cJSON_IsArray(content));
	cJSON_ArrayForEach(block, content)
	{
		ck_assert_ptr_nonnull(texts[i]);
		ck_assert_int_eq(cJSON_GetArraySize(block), 2);
		ck_assert_str_eq(string_at(block, "type"), "text");
		ck_assert_str_eq(string_at(block, "text"), texts[i++]);
	}
	ck_assert_ptr_null(texts[i]);
}

/* The CLI looks for commands and files in the last block only: a blank one,
 * which it drops again, is always the last. */
START_TEST(a_user_line_ends_in_a_blank_block)
{
	const char *const texts[] = {"/compact", nasty, NULL};
	const char *const blocks[] = {"/compact", nasty, " ", NULL};
	struct chat_message m = message(CHAT_USER, texts);
	const cJSON *inner;
	cJSON *json;
	int query;

	for (query = 0; query < 2; query++) {
		buf_clear(&out);
		claude_line_user(&out, &m, query != 0);
		json = line();
		ck_assert_str_eq(string_at(json, "type"), "user");
		assert_uuid(string_at(json, "uuid"));
		ck_assert(cJSON_IsNull(member(json, "parent_tool_use_id")));
		inner = member(json, "message");
		ck_assert_str_eq(string_at(inner, "role"), "user");
		assert_blocks(member(inner, "content"), blocks);
		cJSON_Delete(json);
	}
	forget(&m);
}
END_TEST

START_TEST(only_history_says_should_not_query)
{
	const char *const texts[] = {"hello", NULL};
	struct chat_message m = message(CHAT_USER, texts);
	cJSON *json;

	claude_line_user(&out, &m, true);
	json = line();
	ck_assert_ptr_null(
	    cJSON_GetObjectItemCaseSensitive(json, "shouldQuery"));
	cJSON_Delete(json);
	buf_clear(&out);
	claude_line_user(&out, &m, false);
	json = line();
	ck_assert(cJSON_IsFalse(member(json, "shouldQuery")));
	cJSON_Delete(json);
	forget(&m);
}
END_TEST

START_TEST(an_assistant_line_has_an_array_and_its_own_ids)
{
	const char *const texts[] = {nasty, "second", NULL};
	struct chat_message m = message(CHAT_ASSISTANT, texts);
	const cJSON *inner;
	cJSON *json;

	claude_line_assistant(&out, &m, "model\"x");
	json = line();
	ck_assert_str_eq(string_at(json, "type"), "assistant");
	assert_uuid(string_at(json, "uuid"));
	ck_assert(cJSON_IsNull(member(json, "parent_tool_use_id")));
	inner = member(json, "message");
	ck_assert_str_eq(string_at(inner, "role"), "assistant");
	ck_assert_str_eq(string_at(inner, "type"), "message");
	ck_assert_str_eq(string_at(inner, "model"), "model\"x");
	ck_assert_int_eq(strncmp(string_at(inner, "id"), "msg_", 4), 0);
	ck_assert_uint_gt(strlen(string_at(inner, "id")), 20);
	/* Nothing interprets it, so there is no blank block. */
	assert_blocks(member(inner, "content"), texts);
	cJSON_Delete(json);
	forget(&m);
}
END_TEST

/* The block at a place, as JSON text. */
static void
assert_block(const cJSON *content, int i, const char *want)
{
	char *got = cJSON_PrintUnformatted(cJSON_GetArrayItem(content, i));

	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(got, want);
	free(got);
}

/* The blank block is last then, too: texts are inert beside images. */
START_TEST(images_and_files_are_blocks)
{
	struct chat_part parts[] = {
	    {.kind = CHAT_IMAGE,
		.text = text_of("AAEC"),
		.media = text_of("image/png")},
	    {.kind = CHAT_IMAGE, .text = text_of("https://a.test/\"x")},
	    {.kind = CHAT_TEXT, .text = text_of("/compact")},
	    {.kind = CHAT_DOCUMENT,
		.text = text_of("AAEC"),
		.media = text_of("application/pdf"),
		.name = text_of("a\"b")},
	    {.kind = CHAT_DOCUMENT,
		.text = text_of("AA\"EC\n"),
		.media = text_of("text/plain")},
	};
	const struct chat_message m = {
	    .role = CHAT_USER, .parts = parts, .nparts = COUNT(parts)};
	const cJSON *content;
	cJSON *json;
	size_t i;

	claude_line_user(&out, &m, true);
	json = line();
	content = member(member(json, "message"), "content");
	ck_assert_int_eq(cJSON_GetArraySize(content), 6);
	assert_block(content, 0,
	    "{\"type\":\"image\",\"source\":{\"type\":\"base64\","
	    "\"media_type\":\"image/png\",\"data\":\"AAEC\"}}");
	assert_block(content, 1,
	    "{\"type\":\"image\",\"source\":{\"type\":\"url\","
	    "\"url\":\"https://a.test/\\\"x\"}}");
	assert_block(content, 2, "{\"type\":\"text\",\"text\":\"/compact\"}");
	assert_block(content, 3,
	    "{\"type\":\"document\",\"title\":\"a\\\"b\",\"source\":{"
	    "\"type\":\"base64\",\"media_type\":\"application/pdf\","
	    "\"data\":\"AAEC\"}}");
	assert_block(content, 4,
	    "{\"type\":\"document\",\"source\":{\"type\":\"text\","
	    "\"media_type\":\"text/plain\",\"data\":\"AA\\\"EC\\n\"}}");
	assert_block(content, 5, "{\"type\":\"text\",\"text\":\" \"}");
	cJSON_Delete(json);
	for (i = 0; i < COUNT(parts); i++) {
		free(parts[i].text);
		free(parts[i].media);
		free(parts[i].name);
	}
}
END_TEST

/* The CLI drops a line whose uuid it knows, and takes neighbours with equal
 * message ids for one message. */
START_TEST(ids_never_repeat)
{
	enum { LINES = 300 };
	const char *const texts[] = {"same", NULL};
	struct chat_message m = message(CHAT_USER, texts);
	char *seen[2 * LINES];
	size_t n = 0, i, k;
	cJSON *json;

	for (i = 0; i < LINES; i++) {
		buf_clear(&out);
		if (i % 2 == 0)
			claude_line_user(&out, &m, i % 4 == 0);
		else
			claude_line_assistant(&out, &m, "m");
		json = line();
		seen[n++] = text_of(string_at(json, "uuid"));
		if (i % 2 != 0)
			seen[n++] =
			    text_of(string_at(member(json, "message"), "id"));
		cJSON_Delete(json);
	}
	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			ck_assert_str_ne(seen[i], seen[k]);
	}
	for (i = 0; i < n; i++)
		free(seen[i]);
	forget(&m);
}
END_TEST

START_TEST(initialize_replaces_or_appends)
{
	static const char *const keys[] = {
	    "systemPrompt", "appendSystemPrompt"};
	struct claude_initialize with = {.system = nasty};
	const cJSON *request;
	cJSON *json;
	int append;

	for (append = 0; append < 2; append++) {
		buf_clear(&out);
		with.append = append != 0;
		claude_line_initialize(&out, "id\"1", &with);
		json = line();
		ck_assert_str_eq(string_at(json, "type"), "control_request");
		ck_assert_str_eq(string_at(json, "request_id"), "id\"1");
		request = member(json, "request");
		ck_assert_int_eq(cJSON_GetArraySize(request), 2);
		ck_assert_str_eq(string_at(request, "subtype"), "initialize");
		ck_assert_str_eq(string_at(request, keys[append]), nasty);
		cJSON_Delete(json);
	}
}
END_TEST

START_TEST(initialize_declares_tools_and_a_schema)
{
	struct claude_initialize with = {
	    .tools = true, .schema = "{\"a\":\n12345678901234567890.10}"};
	const cJSON *request;
	cJSON *json;

	claude_line_initialize(&out, "i", &with);
	json = line();
	request = member(json, "request");
	ck_assert_int_eq(cJSON_GetArraySize(request), 3);
	ck_assert_int_eq(
	    cJSON_GetArraySize(member(request, "sdkMcpServers")), 1);
	ck_assert_str_eq(
	    member(request, "sdkMcpServers")->child->valuestring, "client");
	ck_assert(cJSON_IsObject(member(request, "jsonSchema")));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "{\"a\": 12345678901234567890.10}"));
	cJSON_Delete(json);
	buf_clear(&out);
	with = (struct claude_initialize){.system = ""};
	claude_line_initialize(&out, "i", &with);
	json = line();
	request = member(json, "request");
	ck_assert_int_eq(cJSON_GetArraySize(request), 2);
	ck_assert_str_eq(string_at(request, "systemPrompt"), "");
	cJSON_Delete(json);
}
END_TEST

/* The content of the one line that was said. */
static const cJSON *
content_of(cJSON *json)
{
	return member(member(json, "message"), "content");
}

START_TEST(a_call_of_a_tool_is_a_block)
{
	struct chat_part parts[] = {{.kind = CHAT_TEXT, .text = text_of("t")},
	    {.kind = CHAT_TOOL_USE,
		.id = text_of("toolu_1"),
		.name = text_of("fs.read"),
		.text = text_of("{\"a\":\n12345678901234567890.10}")}};
	struct chat_message m = {
	    .role = CHAT_ASSISTANT, .parts = parts, .nparts = 2};
	char name[TOOL_NAME_BYTES];
	const cJSON *block;
	cJSON *json;

	tool_name_make(name, "fs.read");
	claude_line_assistant(&out, &m, "m");
	json = line();
	ck_assert_int_eq(cJSON_GetArraySize(content_of(json)), 2);
	block = cJSON_GetArrayItem(content_of(json), 1);
	ck_assert_str_eq(string_at(block, "type"), "tool_use");
	ck_assert_str_eq(string_at(block, "id"), "toolu_1");
	ck_assert_mem_eq(
	    string_at(block, "name"), TOOL_PREFIX, strlen(TOOL_PREFIX));
	ck_assert_str_eq(string_at(block, "name") + strlen(TOOL_PREFIX), name);
	ck_assert(cJSON_IsObject(member(block, "input")));
	ck_assert_ptr_nonnull(
	    strstr(buf_str(&out), "{\"a\": 12345678901234567890.10}"));
	cJSON_Delete(json);
	free(parts[0].text);
	free(parts[1].id);
	free(parts[1].name);
	free(parts[1].text);
}
END_TEST

START_TEST(results_of_tools_are_blocks)
{
	char type[] = "image/png", id[] = "toolu_1", data[] = "AAAA";
	char said[] = "@/etc/hostname", other[] = "toolu_2";
	struct chat_part content[] = {{.kind = CHAT_TEXT, .text = said},
	    {.kind = CHAT_IMAGE, .media = type, .text = data}};
	struct chat_part parts[] = {
	    {.kind = CHAT_TOOL_RESULT, .id = id, .parts = content, .nparts = 2},
	    {.kind = CHAT_TOOL_RESULT, .id = other}};
	struct chat_message m = {
	    .role = CHAT_USER, .parts = parts, .nparts = 2};
	const cJSON *block, *inner;
	cJSON *json;

	claude_line_user(&out, &m, true);
	json = line();
	ck_assert_int_eq(cJSON_GetArraySize(content_of(json)), 3);
	block = cJSON_GetArrayItem(content_of(json), 0);
	ck_assert_str_eq(string_at(block, "type"), "tool_result");
	ck_assert_str_eq(string_at(block, "tool_use_id"), "toolu_1");
	inner = member(block, "content");
	ck_assert_int_eq(cJSON_GetArraySize(inner), 2);
	ck_assert_str_eq(string_at(cJSON_GetArrayItem(inner, 0), "text"), said);
	ck_assert_str_eq(
	    string_at(cJSON_GetArrayItem(inner, 1), "type"), "image");
	block = cJSON_GetArrayItem(content_of(json), 1);
	ck_assert_str_eq(string_at(block, "tool_use_id"), "toolu_2");
	ck_assert_int_eq(cJSON_GetArraySize(member(block, "content")), 0);
	block = cJSON_GetArrayItem(content_of(json), 2);
	ck_assert_str_eq(string_at(block, "text"), " ");
	cJSON_Delete(json);
}
END_TEST

START_TEST(interrupt_is_a_request)
{
	cJSON *json;

	claude_line_interrupt(&out, "stop-1");
	json = line();
	ck_assert_str_eq(string_at(json, "type"), "control_request");
	ck_assert_str_eq(string_at(json, "request_id"), "stop-1");
	ck_assert_str_eq(
	    string_at(member(json, "request"), "subtype"), "interrupt");
	cJSON_Delete(json);
}
END_TEST

START_TEST(a_refusal_names_its_request)
{
	cJSON *json;
	const cJSON *response;

	claude_line_refusal(&out, "id\"1");
	json = line();
	ck_assert_str_eq(string_at(json, "type"), "control_response");
	response = member(json, "response");
	ck_assert_str_eq(string_at(response, "subtype"), "error");
	ck_assert_str_eq(string_at(response, "request_id"), "id\"1");
	ck_assert_str_ne(string_at(response, "error"), "");
	cJSON_Delete(json);
}
END_TEST

START_TEST(lines_are_appended)
{
	const char *const texts[] = {"x", NULL};
	struct chat_message m = message(CHAT_USER, texts);
	const char *p;
	int lines = 0;

	claude_line_initialize(&out, "a",
	    &(struct claude_initialize){
		.system = "system", .schema = "{\n}\r\n", .tools = true});
	claude_line_user(&out, &m, false);
	claude_line_assistant(&out, &m, "m");
	claude_line_user(&out, &m, true);
	claude_line_interrupt(&out, "b");
	claude_line_refusal(&out, "c");
	for (p = buf_str(&out); (p = strchr(p, '\n')) != NULL; p++) {
		ck_assert(p[1] == '{' || p[1] == '\0');
		lines++;
	}
	ck_assert_int_eq(lines, 6);
	forget(&m);
}
END_TEST

START_TEST(every_character_passes)
{
	char text[5] = "";
	const char *const texts[] = {text, NULL};
	const char *const blocks[] = {text, " ", NULL};
	struct chat_message m;
	cJSON *json;
	int c;

	for (c = 1; c < 0x80; c++) {
		text[0] = (char)c;
		m = message(CHAT_USER, texts);
		buf_clear(&out);
		claude_line_user(&out, &m, true);
		json = line();
		assert_blocks(
		    member(member(json, "message"), "content"), blocks);
		cJSON_Delete(json);
		forget(&m);
	}
}
END_TEST

START_TEST(a_full_buffer_turns_bad)
{
	const char *const texts[] = {nasty, NULL};
	struct chat_message m = message(CHAT_USER, texts);
	struct buf small = BUF_INIT(100);

	claude_line_user(&small, &m, true);
	ck_assert(!buf_ok(&small));
	buf_free(&small);
	forget(&m);
}
END_TEST

Suite *
suite_claude_lines(void)
{
	Suite *s = suite_create("claude_lines");
	TCase *t = tcase_create("claude_lines");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_user_line_ends_in_a_blank_block);
	tcase_add_test(t, only_history_says_should_not_query);
	tcase_add_test(t, images_and_files_are_blocks);
	tcase_add_test(t, an_assistant_line_has_an_array_and_its_own_ids);
	tcase_add_test(t, ids_never_repeat);
	tcase_add_test(t, initialize_replaces_or_appends);
	tcase_add_test(t, initialize_declares_tools_and_a_schema);
	tcase_add_test(t, a_call_of_a_tool_is_a_block);
	tcase_add_test(t, results_of_tools_are_blocks);
	tcase_add_test(t, interrupt_is_a_request);
	tcase_add_test(t, a_refusal_names_its_request);
	tcase_add_test(t, lines_are_appended);
	tcase_add_test(t, every_character_passes);
	tcase_add_test(t, a_full_buffer_turns_bad);
	suite_add_tcase(s, t);
	return s;
}
