/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line about a request.
 */
#ifndef CCP_REQUEST_LOG_H
#define CCP_REQUEST_LOG_H

#include "log_text.h"
#include "request_record.h"

/* "ID METHOD PATH STATUS 123ms SESSION model=... client=...": what is not known
 * is left out. */
void request_log_text(struct log_text *t, const struct request_record *r);

/* The members of a JSON object, all of them; null for what is not known. */
void request_log_json(struct log_text *t, const struct request_record *r);

/* Logs it. */
void request_log(const struct request_record *r);

#endif
