/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "openai_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/limits.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define PNG          "iVBORw0KGgo="
#define PDF          "JVBERi0xLjQ="
#define TEXT         "aGVsbG8="
#define IMAGE_URL(url)                                                         \
	"{\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}}"
#define INPUT_IMAGE(url)    "{\"type\":\"input_image\",\"image_url\":\"" url "\"}"
#define FILE_PART(members)  "{\"type\":\"file\",\"file\":{" members "}}"
#define FILE_DATA(data)     FILE_PART("\"file_data\":\"" data "\"")
#define INPUT_FILE(members) "{\"type\":\"input_file\"," members "}"

static cJSON *json;
static struct chat_part part;
static struct member_fault fault;
static const char *text;

static int
read_part(const char *source, enum part_sender sender)
{
	cJSON_Delete(json);
	json = cJSON_Parse(source);
	ck_assert_msg(json != NULL, "%s", source);
	memset(&fault, 0, sizeof fault);
	return openai_part_read(json, sender, &text, &part, &fault);
}

static void
forget(void)
{
	free(part.text);
	free(part.media);
	free(part.name);
}

static void
tear_down(void)
{
	cJSON_Delete(json);
	json = NULL;
}

static const struct {
	const char *source;
	enum chat_part_kind kind;
	const char *text, *media, *name;
} media[] = {
    {IMAGE_URL("data:image/png;base64," PNG), CHAT_IMAGE, PNG, "image/png",
	NULL},
    {"{\"image_url\":{\"detail\":\"high\",\"url\":\"data:image/png;base64," PNG
     "\"},\"type\":\"image_url\"}",
	CHAT_IMAGE, PNG, "image/png", NULL},
    {"{\"type\":\"image_url\",\"image_url\":\"data:image/png;base64," PNG "\"}",
	CHAT_IMAGE, PNG, "image/png", NULL},
    {INPUT_IMAGE("data:image/png;base64," PNG), CHAT_IMAGE, PNG, "image/png",
	NULL},
    {"{\"type\":\"input_image\",\"file_id\":null,\"detail\":\"auto\","
     "\"image_url\":\"data:image/gif;base64,R0lGODlh\"}",
	CHAT_IMAGE, "R0lGODlh", "image/gif", NULL},
    {IMAGE_URL("DATA:IMAGE/WEBP;BASE64,UklGRgAAAABXRUJQ"), CHAT_IMAGE,
	"UklGRgAAAABXRUJQ", "image/webp", NULL},
    /* white space and missing padding */
    {IMAGE_URL("data:image/png;base64,\\niVBO\\r\\n Rw0KGgo"), CHAT_IMAGE, PNG,
	"image/png", NULL},
    /* the bytes are right, whatever they are called */
    {IMAGE_URL("data:image/png;base64,/9j/"), CHAT_IMAGE, "/9j/", "image/jpeg",
	NULL},
    {IMAGE_URL("data:;base64,/9j/"), CHAT_IMAGE, "/9j/", "image/jpeg", NULL},
    {IMAGE_URL("https://a.test/x.png?y"), CHAT_IMAGE, "https://a.test/x.png?y",
	NULL, NULL},
    {INPUT_IMAGE("HTTPS://a.test"), CHAT_IMAGE, "HTTPS://a.test", NULL, NULL},
    {FILE_PART("\"filename\":\"a.pdf\",\"file_data\":"
	       "\"data:application/pdf;base64," PDF "\""),
	CHAT_DOCUMENT, PDF, "application/pdf", "a.pdf"},
    {FILE_DATA(PDF), CHAT_DOCUMENT, PDF, "application/pdf", NULL},
    {FILE_DATA("data:text/plain;base64," PDF), CHAT_DOCUMENT, PDF,
	"application/pdf", NULL},
    {FILE_PART("\"filename\":\" \",\"file_id\":null,\"file_data\":\"" PDF "\""),
	CHAT_DOCUMENT, PDF, "application/pdf", NULL},
    {INPUT_FILE("\"filename\":\"\\u00fc\",\"file_data\":\"" PDF "\""),
	CHAT_DOCUMENT, PDF, "application/pdf", "\xC3\xBC"},
    {FILE_DATA(TEXT), CHAT_DOCUMENT, "hello", "text/plain", NULL},
    {FILE_DATA("data:text/markdown;charset=utf-8;base64," TEXT), CHAT_DOCUMENT,
	"hello", "text/plain", NULL},
    {FILE_DATA("data:Application/JSON;base64," TEXT), CHAT_DOCUMENT, "hello",
	"text/plain", NULL},
    {INPUT_FILE("\"filename\":\"n.txt\",\"file_data\":"
		"\"data:;base64,aMO8IAo=\""),
	CHAT_DOCUMENT, "h\xC3\xBC \n", "text/plain", "n.txt"},
};

static void
assert_string(const char *got, const char *want, const char *source)
{
	ck_assert_msg((got == NULL) == (want == NULL) &&
			  (got == NULL || strcmp(got, want) == 0),
	    "%s: %s, not %s", source, got == NULL ? "NULL" : got,
	    want == NULL ? "NULL" : want);
}

START_TEST(images_and_files_are_read)
{
	const char *source = media[_i].source;

	ck_assert_msg(read_part(source, PART_USER) == 0, "%s: %s %s", source,
	    fault.member, fault.problem);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(part.kind, media[_i].kind);
	assert_string(part.text, media[_i].text, source);
	assert_string(part.media, media[_i].media, source);
	assert_string(part.name, media[_i].name, source);
	forget();
}
END_TEST

START_TEST(only_the_user_may_send_them)
{
	const enum part_sender others[] = {PART_SYSTEM, PART_ASSISTANT};
	size_t i;

	for (i = 0; i < COUNT(others); i++) {
		ck_assert_int_eq(read_part(media[_i].source, others[i]), -1);
		ck_assert_str_eq(fault.member, ".type");
		ck_assert_str_eq(fault.code, "unsupported_content");
	}
}
END_TEST

static const struct {
	const char *source;
	unsigned senders;
} texts[] = {
    {"{\"type\":\"text\",\"text\":\"hello\"}",
	1 << PART_SYSTEM | 1 << PART_USER | 1 << PART_ASSISTANT},
    {"{\"type\":\"input_text\",\"text\":\"hello\"}",
	1 << PART_SYSTEM | 1 << PART_USER},
    {"{\"type\":\"output_text\",\"text\":\"hello\"}", 1 << PART_ASSISTANT},
    {"{\"type\":\"refusal\",\"refusal\":\"hello\"}", 1 << PART_ASSISTANT},
};

START_TEST(texts_are_read)
{
	enum part_sender sender;

	for (sender = PART_SYSTEM; sender <= PART_ASSISTANT; sender++) {
		if ((texts[_i].senders & 1u << sender) == 0) {
			ck_assert_int_eq(
			    read_part(texts[_i].source, sender), -1);
			ck_assert_str_eq(fault.member, ".type");
			continue;
		}
		ck_assert_int_eq(read_part(texts[_i].source, sender), 0);
		ck_assert_str_eq(text, "hello");
		ck_assert_ptr_null(part.text);
	}
}
END_TEST

static const struct {
	const char *source, *member, *code;
} bad[] = {
    {"1", "", "invalid_type"},
    {"{}", ".type", "missing_required_parameter"},
    {"{\"type\":1}", ".type", "invalid_type"},
    {"{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"\"}}", ".type",
	"unsupported_content"},
    {"{\"type\":\"video\"}", ".type", "unsupported_content"},
    {"{\"type\":\"text\",\"text\":null}", ".text",
	"missing_required_parameter"},
    /* images */
    {"{\"type\":\"image_url\"}", ".image_url", "missing_required_parameter"},
    {"{\"type\":\"image_url\",\"image_url\":[]}", ".image_url", "invalid_type"},
    {"{\"type\":\"image_url\",\"image_url\":{}}", ".image_url.url",
	"missing_required_parameter"},
    {"{\"type\":\"image_url\",\"image_url\":{\"url\":1}}", ".image_url.url",
	"invalid_type"},
    {"{\"type\":\"input_image\",\"file_id\":\"file-1\"}", ".file_id",
	"unsupported_content"},
    {IMAGE_URL(""), ".image_url.url", "invalid_image_url"},
    {IMAGE_URL("http://a.test/x.png"), ".image_url.url", "invalid_image_url"},
    {IMAGE_URL("file:///etc/hostname"), ".image_url.url", "invalid_image_url"},
    {INPUT_IMAGE("/etc/hostname"), ".image_url", "invalid_image_url"},
    {IMAGE_URL(PNG), ".image_url.url", "invalid_image_url"},
    {IMAGE_URL("data:image/png," PNG), ".image_url.url", "invalid_value"},
    {IMAGE_URL("data:image/png;base64,iVBORw0KGg*="), ".image_url.url",
	"invalid_base64"},
    {IMAGE_URL("data:image/png;base64,"), ".image_url.url",
	"invalid_image_format"},
    {IMAGE_URL("data:image/svg+xml;base64,PHN2Zy8+"), ".image_url.url",
	"invalid_image_format"},
    {IMAGE_URL("data:image/png;base64," TEXT), ".image_url.url",
	"invalid_image_format"},
    {IMAGE_URL("data:application/pdf;base64," PDF), ".image_url.url",
	"invalid_image_format"},
    /* files */
    {"{\"type\":\"file\"}", ".file", "missing_required_parameter"},
    {"{\"type\":\"file\",\"file\":\"x\"}", ".file", "invalid_type"},
    {FILE_PART(""), ".file.file_data", "missing_required_parameter"},
    {FILE_PART("\"file_data\":1"), ".file.file_data", "invalid_type"},
    {FILE_PART("\"file_id\":\"file-1\""), ".file.file_id",
	"unsupported_content"},
    {FILE_PART("\"file_id\":\"file-1\",\"file_data\":\"" PDF "\""),
	".file.file_id", "unsupported_content"},
    {FILE_PART("\"filename\":1,\"file_data\":\"" PDF "\""), ".file.filename",
	"invalid_type"},
    {INPUT_FILE("\"file_id\":\"file-1\""), ".file_id", "unsupported_content"},
    {INPUT_FILE("\"file_url\":\"https://a.test/x.pdf\""), ".file_url",
	"unsupported_content"},
    {INPUT_FILE("\"filename\":\"x\""), ".file_data",
	"missing_required_parameter"},
    {FILE_DATA("*"), ".file.file_data", "invalid_base64"},
    {FILE_DATA("data:text/plain,hello"), ".file.file_data", "invalid_value"},
    {FILE_DATA(""), ".file.file_data", "invalid_value"},
    {FILE_DATA("IAkK"), ".file.file_data", "invalid_value"},
    {FILE_DATA("/////w=="), ".file.file_data", "unsupported_content"},
    {FILE_DATA("AAAA"), ".file.file_data", "unsupported_content"},
    {FILE_DATA("data:image/png;base64," PNG), ".file.file_data",
	"unsupported_content"},
    {FILE_DATA("data:text/plain;base64," PNG), ".file.file_data",
	"unsupported_content"},
    {FILE_DATA("data:text/plain;base64,R0lGODlh"), ".file.file_data",
	"unsupported_content"},
    {FILE_DATA("data:application/pdf;base64," TEXT), ".file.file_data",
	"unsupported_content"},
    {FILE_DATA("data:application/zip;base64," TEXT), ".file.file_data",
	"unsupported_content"},
};

START_TEST(faults_are_told)
{
	const char *source = bad[_i].source;

	ck_assert_msg(read_part(source, PART_USER) == -1, "%s", source);
	assert_string(fault.member, bad[_i].member, source);
	assert_string(fault.code, bad[_i].code, source);
	ck_assert_uint_gt(strlen(fault.problem), 0);
}
END_TEST

/* An image of that many bytes, a signature and zeros. */
static int
read_image_of(size_t bytes)
{
	static const char head[] =
	    "{\"type\":\"input_image\",\"image_url\":\"data:;base64,";
	size_t digits = (bytes * 4 + 2) / 3, n = strlen(head);
	char *source = malloc(n + digits + 4);
	int result;

	ck_assert_ptr_nonnull(source);
	memcpy(source, head, n);
	memset(source + n, 'A', digits);
	memcpy(source + n, "iVBORw0KGgoA", 12);
	memcpy(source + n + digits, "\"}", 3);
	result = read_part(source, PART_USER);
	free(source);
	return result;
}

START_TEST(an_image_has_a_greatest_size)
{
	ck_assert_int_eq(read_image_of(LIMIT_MEDIA_BYTES), 0);
	forget();
	ck_assert_int_eq(read_image_of(LIMIT_MEDIA_BYTES + 1), -1);
	ck_assert_str_eq(fault.code, "content_too_large");
}
END_TEST

START_TEST(a_name_has_a_greatest_length)
{
	char name[LIMIT_FILE_NAME_BYTES + 2], source[600];
	size_t n;

	for (n = LIMIT_FILE_NAME_BYTES; n <= LIMIT_FILE_NAME_BYTES + 1; n++) {
		memset(name, 'x', n);
		name[n] = '\0';
		(void)snprintf(source, sizeof source,
		    "{\"type\":\"input_file\",\"filename\":\"%s\","
		    "\"file_data\":\"" PDF "\"}",
		    name);
		if (n == LIMIT_FILE_NAME_BYTES) {
			ck_assert_int_eq(read_part(source, PART_USER), 0);
			ck_assert_str_eq(part.name, name);
			forget();
		} else {
			ck_assert_int_eq(read_part(source, PART_USER), -1);
			ck_assert_str_eq(fault.member, ".filename");
		}
	}
}
END_TEST

START_TEST(a_url_has_a_greatest_length)
{
	static char source[LIMIT_URL_BYTES + 200];
	size_t n, at;

	for (n = LIMIT_URL_BYTES; n <= LIMIT_URL_BYTES + 1; n++) {
		at = (size_t)snprintf(source, sizeof source,
		    "{\"type\":\"input_image\",\"image_url\":\"https://");
		memset(source + at, 'x', n - 8);
		memcpy(source + at + n - 8, "\"}", 3);
		ck_assert_int_eq(read_part(source, PART_USER),
		    n == LIMIT_URL_BYTES ? 0 : -1);
		if (n == LIMIT_URL_BYTES)
			forget();
	}
}
END_TEST

Suite *
suite_openai_parts(void)
{
	Suite *s = suite_create("openai_parts");
	TCase *t = tcase_create("openai_parts");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_loop_test(t, images_and_files_are_read, 0, COUNT(media));
	tcase_add_loop_test(t, only_the_user_may_send_them, 0, COUNT(media));
	tcase_add_loop_test(t, texts_are_read, 0, COUNT(texts));
	tcase_add_loop_test(t, faults_are_told, 0, COUNT(bad));
	tcase_add_test(t, an_image_has_a_greatest_size);
	tcase_add_test(t, a_name_has_a_greatest_length);
	tcase_add_test(t, a_url_has_a_greatest_length);
	suite_add_tcase(s, t);
	return s;
}
