/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All unit tests in one program.  TAP goes to stdout; the exit status is 1 if
 * a test failed.  CK_RUN_SUITE=log runs one suite.
 */
#include <stdlib.h>

#include "suites.h"

/* AddressSanitizer asks for it.  libcheck reads a message for each assertion,
 * and what it has freed would stay, 256 MB of it, to be copied by the fork of
 * each test: five times as long. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=4";
}

static Suite *(*const suites[])(void) = {
    suite_access,
    suite_address,
    suite_answer_form,
    suite_api_error,
    suite_api_keys,
    suite_append_line,
    suite_buf,
    suite_chat_directory,
    suite_chat_mode,
    suite_chat_model,
    suite_chat_opening,
    suite_chat_reply,
    suite_chat_turn,
    suite_child,
    suite_claude,
    suite_claude_args,
    suite_claude_body,
    suite_claude_calls,
    suite_claude_error,
    suite_claude_event,
    suite_claude_find,
    suite_claude_guard,
    suite_claude_lines,
    suite_claude_mcp,
    suite_claude_place,
    suite_claude_transcript,
    suite_claude_transport,
    suite_claude_version,
    suite_config_change,
    suite_config_file,
    suite_directory_talk,
    suite_doctor_judge,
    suite_exchange,
    suite_histogram,
    suite_home_path,
    suite_http_body,
    suite_http_char,
    suite_http_conn,
    suite_http_conn_ends,
    suite_http_conn_time,
    suite_http_framing,
    suite_http_parse,
    suite_http_response,
    suite_io,
    suite_json_plain,
    suite_json_span,
    suite_json_text,
    suite_json_twice,
    suite_json_unwrap,
    suite_keeper,
    suite_ledger,
    suite_ledger_line,
    suite_listener,
    suite_local_socket,
    suite_lock_wait,
    suite_log,
    suite_log_file,
    suite_log_text,
    suite_media,
    suite_memory,
    suite_model_names,
    suite_nearest,
    suite_openai_calls,
    suite_openai_parts,
    suite_openai_request,
    suite_openai_response,
    suite_openai_tools,
    suite_pollset,
    suite_proc_tree,
    suite_program_run,
    suite_random,
    suite_refused,
    suite_request_log,
    suite_route,
    suite_screen_text,
    suite_serve,
    suite_service_log,
    suite_session,
    suite_session_claim,
    suite_session_key,
    suite_session_legacy,
    suite_session_place,
    suite_session_record,
    suite_session_store,
    suite_session_store_damage,
    suite_settings,
    suite_settings_check,
    suite_settings_models,
    suite_settings_remarks,
    suite_settings_words,
    suite_signals,
    suite_slots,
    suite_state_dir,
    suite_store_value,
    suite_stop_filter,
    suite_ticket_numbers,
    suite_tool_names,
    suite_usage_sum,
    suite_utc,
    suite_warm_key,
    suite_warm_record,
    suite_warm_wire,
    suite_work_dir,
};

int
main(void)
{
	SRunner *runner = srunner_create(suites[0]());
	size_t i;
	int failed;

	for (i = 1; i < sizeof suites / sizeof suites[0]; i++)
		srunner_add_suite(runner, suites[i]());
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
