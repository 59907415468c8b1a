/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * See stand_ins.c.
 */
#ifndef CCP_TESTS_FUZZ_STAND_INS_H
#define CCP_TESTS_FUZZ_STAND_INS_H

/* Random numbers begin again. */
void stand_ins_reset(void);

#endif
