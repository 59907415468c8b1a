/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suites.h"
Suite *
suite_chat_directory(void)
{
	return suite_create("chat_directory");
}
