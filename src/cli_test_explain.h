/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why "ccp test" got no answer, and what mends it.
 */
#ifndef CCP_CLI_TEST_EXPLAIN_H
#define CCP_CLI_TEST_EXPLAIN_H

#include <cjson/cJSON.h>

#include <stdbool.h>

#include "cli_client.h"

struct test_failure {
	char why[512], fix[512]; /* sentences for a person; why "": none */
	char code[64];           /* the server's word for it; "" */
};

/* Takes the server's own words, where its JSON has an error; else false. */
bool test_failure_told(struct test_failure *f, const cJSON *root);

/* Fills in what is not there yet.  name: the server's address. */
void
test_explain(struct test_failure *f, const struct client *c, const char *name);

#endif
