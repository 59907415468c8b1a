/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The suites of the unit tests, one per module, in the order of the alphabet.
 */
#ifndef CCP_TESTS_SUITES_H
#define CCP_TESTS_SUITES_H

#include <check.h>

Suite *suite_api_error(void);
Suite *suite_buf(void);
Suite *suite_http_body(void);
Suite *suite_http_char(void);
Suite *suite_http_conn(void);
Suite *suite_http_conn_ends(void);
Suite *suite_http_conn_time(void);
Suite *suite_http_framing(void);
Suite *suite_http_parse(void);
Suite *suite_http_response(void);
Suite *suite_json_text(void);
Suite *suite_log(void);
Suite *suite_model_names(void);
Suite *suite_openai_request(void);
Suite *suite_openai_response(void);
Suite *suite_settings(void);

#endif
