/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The suites of the unit tests, one per module, in the order of the alphabet.
 */
#ifndef CCP_TESTS_SUITES_H
#define CCP_TESTS_SUITES_H

#include <check.h>

Suite *suite_access(void);
Suite *suite_address(void);
Suite *suite_answer_form(void);
Suite *suite_api_error(void);
Suite *suite_api_keys(void);
Suite *suite_buf(void);
Suite *suite_chat_directory(void);
Suite *suite_chat_mode(void);
Suite *suite_chat_model(void);
Suite *suite_chat_opening(void);
Suite *suite_chat_reply(void);
Suite *suite_chat_turn(void);
Suite *suite_child(void);
Suite *suite_claude(void);
Suite *suite_claude_args(void);
Suite *suite_claude_body(void);
Suite *suite_claude_error(void);
Suite *suite_claude_event(void);
Suite *suite_claude_find(void);
Suite *suite_claude_guard(void);
Suite *suite_claude_lines(void);
Suite *suite_claude_mcp(void);
Suite *suite_claude_transcript(void);
Suite *suite_claude_transport(void);
Suite *suite_claude_version(void);
Suite *suite_directory_talk(void);
Suite *suite_exchange(void);
Suite *suite_histogram(void);
Suite *suite_http_body(void);
Suite *suite_http_char(void);
Suite *suite_http_conn(void);
Suite *suite_http_conn_ends(void);
Suite *suite_http_conn_time(void);
Suite *suite_http_framing(void);
Suite *suite_http_parse(void);
Suite *suite_http_response(void);
Suite *suite_io(void);
Suite *suite_json_span(void);
Suite *suite_json_text(void);
Suite *suite_json_unwrap(void);
Suite *suite_ledger(void);
Suite *suite_ledger_line(void);
Suite *suite_listener(void);
Suite *suite_local_socket(void);
Suite *suite_log(void);
Suite *suite_media(void);
Suite *suite_model_names(void);
Suite *suite_openai_calls(void);
Suite *suite_openai_parts(void);
Suite *suite_openai_request(void);
Suite *suite_openai_response(void);
Suite *suite_openai_tools(void);
Suite *suite_pollset(void);
Suite *suite_proc_tree(void);
Suite *suite_random(void);
Suite *suite_refused(void);
Suite *suite_route(void);
Suite *suite_serve(void);
Suite *suite_session(void);
Suite *suite_session_claim(void);
Suite *suite_session_key(void);
Suite *suite_session_legacy(void);
Suite *suite_session_place(void);
Suite *suite_session_record(void);
Suite *suite_session_store(void);
Suite *suite_session_store_damage(void);
Suite *suite_settings(void);
Suite *suite_settings_models(void);
Suite *suite_signals(void);
Suite *suite_slots(void);
Suite *suite_state_dir(void);
Suite *suite_store_value(void);
Suite *suite_stop_filter(void);
Suite *suite_tool_names(void);
Suite *suite_usage_sum(void);
Suite *suite_work_dir(void);

#endif
