/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp doctor: claude, its version and login.
 */
#include <string.h>

#include "cli_doctor.h"

#include "banned.h"

void
doctor_claude(struct doctor *d)
{
	struct claude_facts facts;

	claude_facts_find(&facts, &d->settings, d->env);
	judge_claude(
	    &d->report, &facts, strcmp(d->settings.claude_path, "demo") == 0);
	claude_facts_clear(&facts);
}
