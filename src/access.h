/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may use the proxy: which Host and Origin, which key, which address.
 */
#ifndef CCP_ACCESS_H
#define CCP_ACCESS_H

#include <stdbool.h>

#include "exchange.h"

/*
 * A page of another origin cannot drive the proxy.  Host must be a loopback
 * name, an IP literal (no name, so no DNS rebinding), HOST or one of
 * ALLOWED_HOSTS.  An Origin must be allowed: with the default key only a
 * loopback one, else by CORS_ORIGIN; the response then gets its CORS fields.
 * False sets *e (403), and no CORS field is there.
 */
bool access_from(
    struct exchange *x, const struct http_head *head, struct api_error *e);

/* Answers a CORS preflight; false if the request is none. */
bool access_preflight(struct exchange *x, const struct http_head *head);

/*
 * The bearer key, API_KEY or one of API_KEYS, compared in constant time
 * (RFC 6750; 401 with WWW-Authenticate); the exchange gets its name and its
 * directory.  A key that is none of them sets wrong_key.  The default key, which
 * everybody knows, counts only on a connection to a loopback address, under a
 * name of one or of HOST (403), and not at all beside API_KEYS.
 */
bool access_key(
    struct exchange *x, const struct http_head *head, struct api_error *e);

#endif
