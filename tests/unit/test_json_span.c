/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json_span.h"

#include <string.h>

#include "json_text.h"
#include "suites.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct json_span
span(const char *text)
{
	struct json_text_error e;

	ck_assert(json_text_check(text, strlen(text), &e));
	return (struct json_span){.text = text, .len = strlen(text)};
}

static const struct {
	const char *text, *values; /* a '~' behind each */
} containers[] = {
    {"[]", ""},
    {"{}", ""},
    {" [ ] ", ""},
    {"[1]", "1~"},
    {"[1,-2.50E+1,true,null,\"x\"]", "1~-2.50E+1~true~null~\"x\"~"},
    {"\n[ 1 ,\t\"a,]\\\"}\" , [ 2 ] ]", "1~\"a,]\\\"}\"~[ 2 ]~"},
    {"{\"a\":1,\"b\":{\"c\":[{}]},\"d\":[]}", "1~{\"c\":[{}]}~[]~"},
    {" { \"a\\\"b:,\" : 9007199254740993 , \"\" : \"\" } ",
	"9007199254740993~\"\"~"},
    {"[[],{},[[\"]\"]],\"\\\\\"]", "[]~{}~[[\"]\"]]~\"\\\\\"~"},
    {"{\"x\":\"\\\\\\\"\",\"y\":false\n}", "\"\\\\\\\"\"~false~"},
};

START_TEST(values_of_a_container)
{
	struct buf b = BUF_INIT(1000);
	struct json_walk w;
	struct json_span s;

	json_walk_begin(&w, span(containers[_i].text));
	while (json_walk_next(&w, &s)) {
		buf_add(&b, s.text, s.len);
		buf_addch(&b, '~');
	}
	ck_assert(!json_walk_next(&w, &s));
	ck_assert_str_eq(buf_str(&b), containers[_i].values);
	buf_free(&b);
}
END_TEST

/* Also where a key comes twice, or is written with an escape. */
START_TEST(a_node_finds_its_text)
{
	static const char text[] =
	    "{\"a\":1e5,\"a\":100000.0,\"\\u0062\":[1,{\"c\":0.10}]}";
	cJSON *root = cJSON_Parse(text), *b;
	struct json_span s;

	ck_assert_ptr_nonnull(root);
	s = json_span_of(span(text), root, root->child);
	ck_assert(s.len == 3 && strncmp(s.text, "1e5", 3) == 0);
	s = json_span_of(span(text), root, root->child->next);
	ck_assert(s.len == 8 && strncmp(s.text, "100000.0", 8) == 0);
	b = cJSON_GetObjectItemCaseSensitive(root, "b");
	s = json_span_of(span(text), root, b);
	s = json_span_of(s, b, b->child->next);
	s = json_span_of(s, b->child->next, b->child->next->child);
	ck_assert(s.len == 4 && strncmp(s.text, "0.10", 4) == 0);
	cJSON_Delete(root);
}
END_TEST

static const struct {
	const char *text, *line;
} lines[] = {
    {"1", "1"},
    {" [ 1 ,\r\n\t2 ] ", "[1,2]"},
    {"{\"a b\" :\n\" \\\" \" }", "{\"a b\":\" \\\" \"}"},
    {"\"\\\\\" ", "\"\\\\\""},
    {"[9007199254740993, 1.0, 1E+2]", "[9007199254740993,1.0,1E+2]"},
};

START_TEST(it_becomes_one_line)
{
	struct buf b = BUF_INIT(1000);

	ck_assert(json_span_add(&b, span(lines[_i].text)));
	ck_assert_str_eq(buf_str(&b), lines[_i].line);
	buf_free(&b);
}
END_TEST

START_TEST(a_full_buffer_is_told)
{
	struct buf b = BUF_INIT(3);

	ck_assert(!json_span_add(&b, span("[1,2]")));
	buf_free(&b);
}
END_TEST

Suite *
suite_json_span(void)
{
	Suite *s = suite_create("json_span");
	TCase *t = tcase_create("json_span");

	tcase_add_loop_test(t, values_of_a_container, 0, COUNT(containers));
	tcase_add_test(t, a_node_finds_its_text);
	tcase_add_loop_test(t, it_becomes_one_line, 0, COUNT(lines));
	tcase_add_test(t, a_full_buffer_is_told);
	suite_add_tcase(s, t);
	return s;
}
