/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the stand-in answers.
 */
#ifndef CCP_DEMO_ANSWER_H
#define CCP_DEMO_ANSWER_H

#include "demo.h"

/* A turn: the usual answer, or the mode's, and what an interrupt leaves. */
void demo_answer(struct demo *d);

#endif
