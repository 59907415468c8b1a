/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What NAME.lock says of the tickets of a queue (tickets.h): two numbers, with
 * which hardly anybody has to read the directory of them, which takes the longer
 * the more there wait.  Each is written twice, so that who reads it while it is
 * being written knows that.
 */
#ifndef CCP_TICKET_NUMBERS_H
#define CCP_TICKET_NUMBERS_H

struct ticket_numbers {
	unsigned long last; /* the highest that there ever was; 0: not known */
	unsigned long done; /* up to it nobody waits any more, and maybe beyond;
	                     * 0: not known */
};

/* file: NAME.lock, open for reading; nobody has to hold it. */
void ticket_numbers_read(int file, struct ticket_numbers *ret);

/* For who holds it and gives out that number.  Where it cannot be written none is
 * known any more, and the tickets are counted. */
void ticket_numbers_given(int file, unsigned long last);

/* For whoever knows it, and has not given back a ticket of that number yet or
 * holds the file: so the last to write it says nothing older by more than a
 * moment, and never too much.  Who gives out the first number of all holds the
 * file and says it first: what stands there is of others. */
void ticket_numbers_done(int file, unsigned long done);

#endif
