/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the journal of systemd says of ccp.
 */
#ifndef CCP_SERVICE_JOURNAL_H
#define CCP_SERVICE_JOURNAL_H

#include "service.h"

/* The last request and the last errors; nothing where there is no journal. */
void journal_log(struct service *s, struct service_log *ret);

#endif
